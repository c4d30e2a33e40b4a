"""Guards: what must be confirmed, and that two at once cannot both slip through."""

from datetime import timedelta

import pytest

from rollcall.domain.guards import GuardLimits
from rollcall.domain.message import MessageRequest
from rollcall.errors import SelectionError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord, accept_message, load_message
from rollcall.ledger.recording import refuse_message
from rollcall.sending.choosing import freeze_guarded
from tests.integration.ledger.records import NOW, a_message, an_audience, at_once

REQUEST = MessageRequest.model_validate(
    {"content": {"subject": "Drill", "text": "Run."}, "selection": {"everyone": True}}
)
LIMITS = GuardLimits()


def accept(ledger: Ledger, key: str) -> MessageRecord:
    return accept_message(ledger, a_message(key), NOW)[0]


def freeze(ledger: Ledger, message: MessageRecord, after_s: float = 0, people: int = 3) -> bool:
    now = NOW + timedelta(seconds=after_s)
    return freeze_guarded(
        ledger, message, REQUEST, an_audience(people), LIMITS, now, channels=("email",)
    )


def test_the_same_again_is_refused_for_an_hour(ledger: Ledger) -> None:
    first, second = accept(ledger, "a"), accept(ledger, "b")
    freeze(ledger, first)

    with pytest.raises(SelectionError, match=f"{first.message_id} of 2026-11-23T06:00:00Z already"):
        freeze(ledger, second, after_s=3599)

    assert load_message(ledger, second.message_id).audience_digest is None
    assert freeze(ledger, second, after_s=3600)


def test_a_message_is_no_repeat_of_itself(ledger: Ledger) -> None:
    message = accept(ledger, "a")
    assert freeze(ledger, message)
    assert not freeze(ledger, message)


def test_a_message_that_was_refused_told_nobody(ledger: Ledger) -> None:
    first, second = accept(ledger, "a"), accept(ledger, "b")
    freeze(ledger, first)
    refuse_message(ledger, first.message_id, "the texts cannot be rendered", NOW)
    assert freeze(ledger, second)


def test_of_eight_at_once_that_say_the_same_one_is_frozen(ledger: Ledger) -> None:
    messages = [accept(ledger, f"k{number}") for number in range(8)]

    def try_to_freeze(number: int) -> bool:
        try:
            return freeze(ledger, messages[number])
        except SelectionError:
            return False

    assert sum(at_once(8, try_to_freeze)) == 1
