"""What administrators are told when a scheduled run has failed.

Names and reasons are data: they are put in so that nothing in them is taken for template syntax.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rollcall.clock import format_instant
from rollcall.domain.content import MessageContent
from rollcall.domain.literal_text import quote_literally, strip_braces

_NAME_CHARS: Final = 100
_REASON_CHARS: Final = 1000

_AFTER_SEND: Final = (
    "What was meant to be sent was not sent, or not to everybody.",
    "`rollcall schedule list` shows what is wrong, `rollcall log` what was sent.",
)
_AFTER_UPKEEP: Final = (
    "Messages, reminders and questions may fail for the same reason.",
    "Of the same problem you are told once a day; Prefect's pages show every run.",
)


@dataclass(frozen=True, slots=True)
class ScheduleFailure:
    """A run of a schedule that has failed.

    Attributes:
        occurrence: Names schedule and moment: the same whenever the same run fails again.
        name: Of the schedule, as far as it is known.
        planned_at: When it was to run, aware.
        reason: Why it failed, in a sentence.
        template: The template that it sends, where it names one.
        is_upkeep: It sends nothing: it looks after data.
    """

    occurrence: str
    name: str
    planned_at: datetime
    reason: str
    template: str | None = None
    is_upkeep: bool = False


def write_failure(failure: ScheduleFailure) -> MessageContent:
    """Return the email that tells of a failure: what, when, why, and where to look."""
    name = quote_literally(failure.name, _NAME_CHARS)
    template = failure.template and quote_literally(failure.template, _NAME_CHARS)
    planned = format_instant(failure.planned_at.replace(microsecond=0))
    lines = [
        f"The run of schedule {name} planned for {planned} has failed.",
        *([f"Template: {template}"] if template else []),
        f"Reason: {quote_literally(failure.reason, _REASON_CHARS)}",
        "",
        *(_AFTER_UPKEEP if failure.is_upkeep else _AFTER_SEND),
    ]
    return MessageContent(
        subject=f"Schedule failed: {strip_braces(failure.name, _NAME_CHARS)}",
        text="\n".join(lines),
        language="en",
    )
