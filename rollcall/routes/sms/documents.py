"""JSON that providers answer or call us with, read without trusting its form."""

import re
from datetime import UTC, datetime
from typing import Any

from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import MalformedCallbackError
from rollcall.routes.sms.json_answers import read_json

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,48}")
_OPEN_TO_SURE = ("missing", "accepted", "failed", "delivered")


def read_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that a body is, None where it is none."""
    document = read_json(body)
    return document if isinstance(document, dict) else None


def read_callback_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a callback.

    Raises:
        MalformedCallbackError: The body is none.
    """
    document = read_object(body)
    if document is None:
        raise MalformedCallbackError("the body is no JSON object")
    return document


def read_part(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object within an object; an empty one where there is none."""
    part = document.get(name)
    return part if isinstance(part, dict) else {}


def read_parts(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects of a list within an object; none where there is no list."""
    parts = document.get(name)
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def read_text(document: dict[str, Any], name: str) -> str | None:
    """Return a text or a whole number as text, None where it is neither or empty."""
    found = document.get(name)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found if isinstance(found, str) and found else None


def read_code(document: dict[str, Any], name: str) -> str | None:
    """Return a code; None for what is more than a word, since a sentence may quote the message."""
    found = read_text(document, name)
    return found if found and _CODE.fullmatch(found) else None


def read_moment(document: dict[str, Any], name: str) -> datetime | None:
    """Return an ISO 8601 moment as aware UTC, which it is meant in where it has no offset."""
    found = document.get(name)
    try:
        moment = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        return None
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def read_number(document: dict[str, Any], name: str) -> str | None:
    """Return a telephone number as E.164 where it is digits alone, else as it stands."""
    found = read_text(document, name)
    return f"+{found}" if found and re.fullmatch(r"[1-9][0-9]{6,14}", found) else found


def surest(receipts: list[Receipt]) -> Receipt | None:
    """Return the receipt that settles most, None where there is none."""
    return max(receipts, key=lambda each: _OPEN_TO_SURE.index(each.state), default=None)
