"""What must be confirmed before it is sent: the same again, and far more people than last time."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rollcall.clock import format_instant

TYPED_OVER: Final = 100
"""At a desk, the number of more people than this has to be typed before they are sent anything."""

_CONFIRM = "if it is meant, confirm it (--confirm)"


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """From where on something must be confirmed.

    Attributes:
        repeat_within_s: The same content to the same people within so many seconds; 0: never.
        growth_factor: An audience more than so many times that of the template's last message …
        growth_min: … and by at least so many people more.
    """

    repeat_within_s: float = 3600.0
    growth_factor: float = 3.0
    growth_min: int = 100


def digest_recipients(person_ids: Iterable[str], content_digest: str) -> str:
    """Return a SHA-256 that two messages share which tell the same people the same.

    Args:
        person_ids: Who is meant, in any order.
        content_digest: Of `rollcall.domain.message.digest_content`.
    """
    digest = hashlib.sha256(content_digest.encode())
    for person_id in sorted(person_ids):
        digest.update(b"\n" + person_id.encode())
    return digest.hexdigest()


def describe_repeat(message_id: str, accepted_at: datetime, people_count: int) -> str:
    """Say which message the same people have had already, before anything is decided."""
    when = format_instant(accepted_at.replace(microsecond=0))
    return (
        f"message {message_id} of {when} already says exactly this to the same {people_count} "
        "people"
    )


def tell_repeat(message_id: str, accepted_at: datetime, people_count: int) -> str:
    """Say that a message is refused for what the same people have had already."""
    repeat = describe_repeat(message_id, accepted_at, people_count)
    return f"{repeat}; {_CONFIRM}; nothing was sent"


def is_far_larger(then_count: int, now_count: int, limits: GuardLimits) -> bool:
    """Tell whether an audience has outgrown the one before it so far that it may be a mistake."""
    grown_by = now_count - then_count
    return now_count > then_count * limits.growth_factor and grown_by >= limits.growth_min


def describe_growth(message_id: str, then_count: int, now_count: int) -> str:
    """Say how far an audience has outgrown the last one from the same template."""
    return (
        f"the last message from this template, {message_id}, went to {then_count} people, this one "
        f"would go to {now_count}"
    )


def tell_growth(message_id: str, then_count: int, now_count: int) -> str:
    """Say that a message is refused because its audience has outgrown the last one so far."""
    growth = describe_growth(message_id, then_count, now_count)
    return f"{growth}; {_CONFIRM}; nothing was sent"


def is_typed(typed: str, people_count: int) -> bool:
    """Tell whether somebody has typed to how many people they send, where they have to."""
    if people_count <= TYPED_OVER:
        return True
    return re.sub(r"[\s,.'\u2019]", "", typed) == str(people_count)
