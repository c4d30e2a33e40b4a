"""What SendGrid's answers mean, as its documentation has it (docs/routes/sendgrid.md).

    202 with X-Message-Id   the whole request was taken over; the id is one for all of it
    400                     nothing of it was; `errors[].field` may name whose fault it is
    413                     nothing of it was: it is too much
    429                     nothing of it was; X-RateLimit-Reset says until when
    5xx                     does not say

What may be for one message's sake is None for the others: they go again without it.
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

About another field it holds for all of them, and if it names none each half goes again by itself:
one message that SendGrid does not like must not hold up a thousand.

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
    fields = _list_fields(response)
    at_fault = _find_faults(fields, letter_count)
    if letter_count > 1 and _may_be_one(response.status_code, fields) and not at_fault:
        return [None] * letter_count
    if not at_fault:
        return [_conclude(response, route_id, now)] * letter_count
    outcomes: list[Outcome | None] = [None] * letter_count
    for place, field in at_fault.items():
        verdict = FIELD_MEANINGS.get(field, "rejected")
        outcomes[place] = conclude(verdict, route_id, f"400 {field}")
    return outcomes


def _conclude(response: httpx.Response, route_id: str, now: datetime) -> Outcome:
    status = response.status_code
    verdict = STATUS_MEANINGS.get(status) or judge_status(status)
    provider_id = response.headers.get("X-Message-Id")
    if verdict == "accepted" and not provider_id:
        verdict = "unknown"  # somebody else's answer
    wait_s = _read_reset(response, now)
    return conclude(verdict, route_id, str(status), provider_id=provider_id, retry_after_s=wait_s)


def _may_be_one(status: int, fields: Sequence[str]) -> bool:
    """Tell whether a refusal may be for one message: it is too much, or says not what is wrong."""
    if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return True
    return status == httpx.codes.BAD_REQUEST and not any(map(_is_for_all, fields))


def _is_for_all(field: str) -> bool:
    return bool(field) and not field.startswith("personalizations")


def _find_faults(fields: Sequence[str], letter_count: int) -> dict[int, str]:
    """Find the messages that are at fault; none where something else is."""
    named = [match for match in map(_PERSONALIZATION.match, fields) if match]
    if any(map(_is_for_all, fields)):
        return {}
    return {int(each[1]): each[2] for each in named if int(each[1]) < letter_count}


def _list_fields(response: httpx.Response) -> list[str]:
    """List the fields that the errors of a 400 name; an empty text for one that names none.

    Their messages are not looked at: they may quote the address.
    """
    if response.status_code != httpx.codes.BAD_REQUEST:
        return []
    try:
        document: JsonValue = json.loads(response.content)
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
