from datetime import UTC, datetime

from rollcall.domain.failure_notice import ScheduleFailure, write_failure
from rollcall.domain.templates import compile_template

FAILURE = ScheduleFailure(
    occurrence="o",
    name="morning {{ x }}",
    planned_at=datetime(2026, 12, 1, 6, tzinfo=UTC),
    reason="no template {{ name }} {% nor %} this one",
    template="Morn{{ing",
)


def test_what_failed_and_why_is_printed_as_it_is_whatever_is_in_it() -> None:
    content = write_failure(FAILURE)
    text = compile_template(content.text, frozenset()).render({})
    assert "schedule morning {{ x }} planned for 2026-12-01T06:00:00Z has failed" in text
    assert "Reason: no template {{ name }} {% nor %} this one" in text
    assert "Template: Morn{{ing" in text
    assert compile_template(content.subject, frozenset()).render({}) == (
        "Schedule failed: morning (( x ))"
    )


def test_a_run_that_names_no_template_says_none() -> None:
    failure = ScheduleFailure("o", "n", FAILURE.planned_at, "it failed")
    assert "Template:" not in write_failure(failure).text


def test_of_upkeep_nobody_is_told_that_something_was_not_sent() -> None:
    told = write_failure(ScheduleFailure("o", "n", FAILURE.planned_at, "stale", is_upkeep=True))
    assert "was not sent" not in told.text
    assert "Messages, reminders and questions may fail for the same reason" in told.text
