"""Parameters that are no order: said which and why, repeated in no log."""

import logging

import pytest
from prefect.exceptions import ParameterTypeError

from flows.send_message import send_message


def test_parameters_that_are_no_order_are_not_written_into_the_log() -> None:
    kept: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: kept.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("prefect.flows")
    log.addHandler(handler)
    wrong = {"order": {"wording": {"subject": ["Zanzibarina"], "text": "Quuxworth"}}}
    try:
        log.error("something else")
        with pytest.raises(ParameterTypeError, match="subject: Input should be") as mistake:
            send_message.validate_parameters(wrong)
    finally:
        log.removeHandler(handler)
    assert kept == ["something else"]
    assert "Zanzibarina" not in str(mistake.value)
