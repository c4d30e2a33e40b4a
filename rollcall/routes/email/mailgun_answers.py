"""What Mailgun's answers mean, as its documentation and others' experience have it.

    200 with an id   the whole request was taken over; the id is one for all of it
    400              nothing of it was; a bad address is not named, only that there is one
    413              nothing of it was: it is too much
    429              nothing of it was; Retry-After may say until when
    5xx              does not say: people report messages that were sent all the same

What may be for one message's sake is None for all of them: the request goes again in halves.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx
from pydantic import JsonValue

from rollcall.errors import RouteError, RouteFault
from rollcall.routes.email.batches import Outcome
from rollcall.routes.verdicts import Verdict, conclude, judge_status, read_retry_after

STATUS_MEANINGS: Mapping[int, Verdict] = {
    200: "accepted",
    400: "rejected",
    401: "rejected",
    402: "rejected",
    403: "rejected",
    404: "rejected",
    413: "rejected",
    429: "throttled",
    500: "unknown",
    502: "unknown",
    503: "unknown",
    504: "unknown",
}
"""What the HTTP status means for the whole request; one that is missing goes by its class."""

FAULTS_OF_SEARCHES: Mapping[int, RouteFault] = {
    401: "rejected",
    403: "rejected",
    404: "rejected",
    429: "throttled",
}
"""Why Mailgun cannot be asked about messages, by HTTP status; `temporary` where it is missing."""

REFUSED_ADDRESS = "'to' parameter"
"""How the message of a 400 begins that is about one of the addresses, whichever it is."""

NO_ENDPOINT = b"Mailgun Magnificent API"
"""The body of the 200 that Mailgun gives where nothing of its API is: nothing was sent."""


def read_answer(
    response: httpx.Response, letter_count: int, route_id: str, now: datetime
) -> Sequence[Outcome | None]:
    """Return what an answer means for each message of its request, None where another is at fault.

    Args:
        response: The answer.
        letter_count: How many messages the request held.
        route_id: Whose answer it is.
        now: For the date in Retry-After.
    """
    document = _read_document(response.content)
    is_for_an_address = _is_for_an_address(response.status_code, document)
    is_too_much = response.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    if letter_count > 1 and (is_for_an_address or is_too_much):
        return [None] * letter_count
    if is_for_an_address:
        return [conclude("rejected", route_id, "400 to")]
    provider_id = document.get("id")
    return [_conclude(response, provider_id, route_id, now)] * letter_count


def _conclude(
    response: httpx.Response, provider_id: JsonValue, route_id: str, now: datetime
) -> Outcome:
    status = response.status_code
    verdict = STATUS_MEANINGS.get(status) or judge_status(status)
    known_id = provider_id if isinstance(provider_id, str) and provider_id else None
    if verdict == "accepted" and NO_ENDPOINT in response.content:
        verdict = "rejected"
    elif verdict == "accepted" and known_id is None:
        verdict = "unknown"  # somebody else's answer
    wait_s = read_retry_after(response.headers.get("Retry-After"), now)
    return conclude(verdict, route_id, str(status), provider_id=known_id, retry_after_s=wait_s)


def read_found(
    response: httpx.Response, route_id: str, now: datetime
) -> list[Mapping[str, JsonValue]]:
    """Return the events that a search found.

    Raises:
        RouteError: The search was refused, or answered by somebody else.
    """
    status = response.status_code
    items = _read_document(response.content).get("items")
    if status != httpx.codes.OK or not isinstance(items, list):
        fault: RouteFault = FAULTS_OF_SEARCHES.get(status, "temporary")
        wait_s = read_retry_after(response.headers.get("Retry-After"), now)
        raise RouteError("cannot be asked", route_id, str(status), fault, wait_s)
    return [item for item in items if isinstance(item, dict)]


def _is_for_an_address(status: int, document: Mapping[str, JsonValue]) -> bool:
    message = document.get("message")
    return (
        status == httpx.codes.BAD_REQUEST
        and isinstance(message, str)
        and message.startswith(REFUSED_ADDRESS)
    )


def _read_document(body: bytes) -> Mapping[str, JsonValue]:
    """Read an answer's object; an empty one where it is none."""
    try:
        document: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
