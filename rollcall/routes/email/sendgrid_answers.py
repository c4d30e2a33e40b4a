"""What SendGrid's answers mean, as its documentation has it (docs/routes/sendgrid.md).

202 with X-Message-Id   the whole request was taken over; the id is one for all of it
400                     nothing of it was; `errors[].field` names whose fault it is
429                     nothing of it was; X-RateLimit-Reset says until when
5xx                     does not say
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx
from pydantic import JsonValue

from rollcall.routes.email.batches import Outcome
from rollcall.routes.verdicts import Verdict, conclude, judge_status, read_retry_after

STATUS_MEANINGS: Mapping[int, Verdict] = {
    200: "unknown",  # the answer of its sandbox mode, which sends nothing, and of many a proxy
    202: "accepted",
    400: "rejected",
    401: "rejected",
    403: "rejected",
    404: "rejected",
    405: "rejected",
    413: "rejected",
    415: "rejected",
    429: "throttled",
    500: "unknown",
    503: "unknown",
}
"""What the HTTP status means for the whole request; one that is missing goes by its class."""

FIELD_MEANINGS: Mapping[str, Verdict] = {
    "to": "rejected",
    "subject": "rejected",
    "headers": "rejected",
    "substitutions": "rejected",
    "custom_args": "rejected",
}
"""What a 400 about `personalizations.N.FIELD` means for the message at N; the others go again.

A refused `to` is not `permanent`: what is no address at all never gets so far (`parse_mailbox`),
and there are addresses that providers refuse and mail servers deliver to (two dots in a row, long
given out by Japanese mobile carriers).
"""

_PERSONALIZATION = re.compile(r"personalizations\.(\d{1,4})\.([a-z_]{1,30})\b")


def read_answer(
    response: httpx.Response, letter_count: int, route_id: str, now: datetime
) -> Sequence[Outcome | None]:
    """Return what an answer means for each message of its request, None where another is at fault.

    Args:
        response: The answer.
        letter_count: How many messages the request held.
        route_id: Whose answer it is.
        now: For the moment in X-RateLimit-Reset.
    """
    at_fault = _find_faults(response, letter_count)
    if not at_fault:
        return [_conclude(response, route_id, now)] * letter_count
    outcomes: list[Outcome | None] = [None] * letter_count
    for place, field in at_fault.items():
        outcomes[place] = conclude(FIELD_MEANINGS[field], route_id, f"400 {field}")
    return outcomes


def _conclude(response: httpx.Response, route_id: str, now: datetime) -> Outcome:
    status = response.status_code
    verdict = STATUS_MEANINGS.get(status) or judge_status(status)
    provider_id = response.headers.get("X-Message-Id")
    if verdict == "accepted" and not provider_id:
        verdict = "unknown"  # somebody else's answer
    wait_s = _read_reset(response, now)
    return conclude(verdict, route_id, str(status), provider_id=provider_id, retry_after_s=wait_s)


def _find_faults(response: httpx.Response, letter_count: int) -> dict[int, str]:
    """Find the messages that a 400 is about; empty where it is about the request as a whole."""
    if response.status_code != httpx.codes.BAD_REQUEST:
        return {}
    at_fault: dict[int, str] = {}
    for field in _list_fields(response.content):
        named = _PERSONALIZATION.match(field)
        if not named or named[2] not in FIELD_MEANINGS or int(named[1]) >= letter_count:
            return {}
        at_fault.setdefault(int(named[1]), named[2])
    return at_fault


def _list_fields(body: bytes) -> list[str]:
    """List the fields that the errors of an answer name; an empty text for one that names none.

    Their messages are not looked at: they may quote the address.
    """
    try:
        document: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        return []
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return []
    fields = [error.get("field") if isinstance(error, dict) else None for error in errors]
    return [field if isinstance(field, str) else "" for field in fields]


def _read_reset(response: httpx.Response, now: datetime) -> float | None:
    """Return the seconds until requests are welcome again: X-RateLimit-Reset is a Unix time."""
    reset = response.headers.get("X-RateLimit-Reset", "")
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS and re.fullmatch(r"\d{9,11}", reset):
        return max(0.0, int(reset) - now.timestamp())
    return read_retry_after(response.headers.get("Retry-After"), now)
