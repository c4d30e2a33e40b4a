"""Where a message to somebody goes over a channel, and what is missing where it cannot go."""

from typing import Final

from rollcall.domain.audience import Recipient, looks_deliverable
from rollcall.domain.message import Channel

MISSING: Final[dict[Channel, str]] = {
    "email": "no email address",
    "sms": "no phone number",
    "push": "no app that takes notifications",
}
"""What somebody lacks whom a channel cannot reach."""

INVALID_EMAIL: Final = "the email address is not valid"

OPTED_OUT: Final = "asked for no more SMS (STOP)"
"""Why a routine SMS does not go to a number that there is."""


def address_of(recipient: Recipient, channel: Channel, *, has_push: bool) -> str | None:
    """Return where a message goes; notifications to whichever devices the person has by then.

    Args:
        recipient: Who gets it.
        channel: Over which channel.
        has_push: Whether the app on a device of theirs takes notifications now.
    """
    if channel == "push":
        return recipient.person_id if has_push else None
    return recipient.email if channel == "email" else recipient.phone


def tell_missing(address: str | None, channel: Channel) -> str | None:
    """Say why there is no address to send to, None if there is one."""
    if not address:
        return MISSING[channel]
    if channel == "email" and not looks_deliverable(address):
        return INVALID_EMAIL
    return None
