"""Tokens of the app: links that enrol a device, the device's own, and those of its forms.

All are derived from the key of personal links, each for its own use. Of a device's token only the
digest is stored; the others are stored nowhere: they say themselves whose they are and until when.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from rollcall.domain.personal_links import derive_token

ENROL_HOURS: Final = 24
"""How long a link to enrol works, unless it is said otherwise."""

MOST_TOKEN_CHARS: Final = 1_000
"""Of a link to enrol; a longer text is none."""

_FORM_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class EnrolPass:
    """The right to enrol devices as a person.

    Attributes:
        person_id: As whom.
        issued_at: When it was given; a revocation after that ends it.
        expires_at: Until when it works.
    """

    person_id: str
    issued_at: datetime
    expires_at: datetime


def write_enrol_token(key: bytes, given: EnrolPass) -> str:
    """Return what stands in a link to enrol: `person.issued.expires.signature`, in URL characters.

    Args:
        key: As for `derive_token`.
        given: What it grants; moments are cut to milliseconds.
    """
    told = _encode(given)
    return f"{told}.{derive_token(key, told, given.person_id, 'enrol')}"


def read_enrol_token(key: bytes, token: str, now: datetime) -> EnrolPass | None:
    """Return what a link to enrol grants; None if it is none of ours, or has expired."""
    if len(token) > MOST_TOKEN_CHARS or not token.isascii():
        return None
    told, _, signature = token.rpartition(".")
    given = _decode(told)
    person_id = given.person_id if given else ""
    expected = derive_token(key, told, person_id, "enrol")
    is_ours = hmac.compare_digest(signature, expected)
    is_plain = given is not None and _encode(given) == told
    return given if given and is_ours and is_plain and now < given.expires_at else None


def derive_device(key: bytes, person_id: str, nonce: str) -> tuple[str, str]:
    """Return id and token of a device; the same again for the same person and nonce.

    A request to enrol that is made again, since its answer was lost, so gets the same answer.
    """
    told = "\n".join(("device", person_id, nonce)).encode()
    device_id = hashlib.sha256(told).hexdigest()[:32]
    return device_id, derive_token(key, device_id, person_id, "device")


def write_form_token(key: bytes, holder: str) -> str:
    """Return a new token for a form: of use to its holder only.

    Args:
        key: As for `derive_token`.
        holder: Whose form: a device's id, or the token that a device is to be enrolled with.
    """
    drawn = secrets.token_urlsafe(_FORM_BYTES)
    return f"{drawn}.{derive_token(key, drawn, holder, 'form')}"


def is_form_token(key: bytes, holder: str, token: str) -> bool:
    """Tell whether a form came from a page that this holder got."""
    if not token.isascii():
        return False
    drawn, _, signature = token.partition(".")
    expected = derive_token(key, drawn, holder, "form")
    return hmac.compare_digest(signature, expected)


def grant_enrolment(
    person_id: str, now: datetime, valid_for: timedelta = timedelta(hours=ENROL_HOURS)
) -> EnrolPass:
    """Return a new right to enrol, from now on."""
    return EnrolPass(person_id, now, now + valid_for)


def _encode(given: EnrolPass) -> str:
    person = base64.urlsafe_b64encode(given.person_id.encode()).decode().rstrip("=")
    moments = (given.issued_at, given.expires_at)
    return ".".join((person, *(f"{int(one.timestamp() * 1000):x}" for one in moments)))


def _decode(told: str) -> EnrolPass | None:
    try:
        person, issued, expires = told.split(".")
        person_id = base64.urlsafe_b64decode(person + "=" * (-len(person) % 4)).decode()
        issued_at, expires_at = (
            datetime.fromtimestamp(int(one, 16) / 1000, UTC) for one in (issued, expires)
        )
    except (ValueError, OverflowError, OSError, binascii.Error):
        return None
    return EnrolPass(person_id, issued_at, expires_at)
