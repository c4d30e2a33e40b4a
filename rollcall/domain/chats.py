"""Conversations: how one is opened, and what its members can answer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, model_validator

from rollcall.domain.strict_model import StrictModel
from rollcall.errors import InputError

Answer = Literal["none", "ok", "needs_help"]
"""What somebody has answered to "Are you OK?"."""

ANSWERS: Final[tuple[Answer, ...]] = get_args(Answer)

AnswerVia = Literal["page", "sms", "email", "app", "administrator"]
"""How an answer came: over a personal link, by a text from their number (weaker proof: numbers can
be forged), by an email to their reply address, with the app, or told to an administrator."""

ChatKind = Literal["chat", "one_way"]
"""A chat, or the page of a one-way message that asks "Are you OK?" and takes nothing else."""

LINK_DAYS: Final = 14
"""How long personal links work, unless it is said otherwise."""

MOST_LINK_DAYS: Final = 90
"""How long any link may work; what refuses links from before must be known for as long."""

MOST_POST_CHARS: Final = 4_000
"""Of a member's reply; a form of 64 KB holds it in any script, percent-encoded."""


class Place(StrictModel):
    """Where it happened, in WGS 84 degrees."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Reminder(StrictModel):
    """One rung of the ladder by which those are chased who have not answered.

    Attributes:
        after_min: Minutes after the chat was opened.
        channels: By which ways they are reminded.
        notify: Instead of them, tell somebody else: their `manager` (the managers of their
            facility), or these people by id.
    """

    after_min: int = Field(ge=1, le=14 * 24 * 60)
    channels: tuple[Literal["email", "sms", "push"], ...] = Field(default=("email",), min_length=1)
    notify: tuple[Annotated[str, Field(min_length=1)], ...] = ()


class ChatTerms(StrictModel):
    """What makes a message the opening of a chat.

    Attributes:
        members_see_replies: Whether members see what others reply; else only administrators do.
        near: Where it happened: members are listed by their distance to it.
        link_days: For how many days personal links work.
        ladder: Whom to remind when; nobody, unless it is said.
    """

    members_see_replies: bool = False
    near: Place | None = None
    link_days: int = Field(default=LINK_DAYS, ge=1, le=MOST_LINK_DAYS)
    ladder: tuple[Reminder, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _require_rising(self) -> Self:
        minutes = [rung.after_min for rung in self.ladder]
        if minutes != sorted(set(minutes)):
            raise ValueError("ladder: each reminder must come later than the one before")
        return self


def read_place(near: str) -> dict[str, float]:
    """Return a place that was written as `48.8566, 2.3522`; {} where nothing was.

    Raises:
        InputError: It is not two numbers.
    """
    if not near.strip():
        return {}
    latitude, _, longitude = near.partition(",")
    try:
        return {"latitude": float(latitude), "longitude": float(longitude)}
    except ValueError as error:
        raise InputError("near: write latitude and longitude, such as 48.8566, 2.3522") from error


def count_passed(ladder: Sequence[Reminder], opened_at: datetime, now: datetime) -> int:
    """Return how many rungs of a chat's ladder are due by now."""
    return sum(opened_at + timedelta(minutes=rung.after_min) <= now for rung in ladder)


def find_next_rung(
    ladder: Sequence[Reminder], opened_at: datetime, now: datetime
) -> datetime | None:
    """Return when the next rung of a chat's ladder is due; None after the last one."""
    return find_rung_after(ladder, opened_at, count_passed(ladder, opened_at, now))


def find_rung_after(
    ladder: Sequence[Reminder], opened_at: datetime, taken_count: int
) -> datetime | None:
    """Return when the rung after so many is due, or was; None after the last one."""
    if taken_count == len(ladder):
        return None
    return opened_at + timedelta(minutes=ladder[taken_count].after_min)


def chat_id_of(message_id: str) -> str:
    """Return the id of the conversation that a message opens."""
    return f"c{message_id.removeprefix('m')}"
