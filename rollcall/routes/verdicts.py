"""What an answer of a provider means: the one place that turns verdicts into results and errors.

Each provider keeps its table of codes; a code that no table lists is judged by the HTTP status:
2xx accepted, 429 throttled, other 3xx and 4xx rejected, 5xx unknown (a server may fail after it has
handed the message on).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal, assert_never

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance
from rollcall.routes.settings import Meaning

Verdict = Meaning | Literal["unknown"]

CodeMeanings = Mapping[str, Verdict]
"""A provider's table: its own code, as text → what it means for a message that was submitted.

"This reference was submitted before" means accepted: it proves that the first submit was taken.
"""

MAX_CODE_CHARACTERS = 64
"""Codes are stored and shown; a longer "code" is a sentence that may quote the message."""

REASONS: Mapping[Verdict, str] = {
    "throttled": "the carrier asks to slow down",
    "temporary": "the carrier refuses for now",
    "rejected": "the carrier refuses",
    "permanent": "the recipient cannot be reached",
    "unknown": "the carrier's answer does not say whether it took the message",
}


def judge_status(status: int) -> Verdict:
    """Judge an HTTP status by its class alone."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "throttled"
    match status // 100:
        case 2:
            return "accepted"
        case 3 | 4:
            return "rejected"
        case _:
            return "unknown"


def conclude(
    verdict: Verdict,
    route_id: str,
    code: str | None,
    *,
    provider_id: str | None = None,
    retry_after_s: float | None = None,
) -> Acceptance | SendError:
    """Return what a verdict comes to; an error is returned, not raised, for use in bulk answers.

    Args:
        verdict: What the answer means.
        route_id: Whose answer it is.
        code: The provider's own code, or the HTTP status.
        provider_id: The provider's id for the message.
        retry_after_s: How long it asked us to wait.
    """
    short = code[:MAX_CODE_CHARACTERS] if code else None
    match verdict:
        case "accepted":
            return Acceptance(provider_id, short)
        case "throttled" | "temporary" | "rejected":
            return RouteError(REASONS[verdict], route_id, short, verdict, retry_after_s)
        case "permanent":
            return RecipientError(REASONS[verdict], route_id, short)
        case "unknown":
            return OutcomeUnknownError(REASONS[verdict], route_id, short)
        case _:
            assert_never(verdict)


def require_acceptance(result: Acceptance | SendError) -> Acceptance:
    """Return an acceptance, raise anything else.

    Raises:
        SendError: That was the result.
    """
    if isinstance(result, SendError):
        raise result
    return result


def read_retry_after(field: str | None, now: datetime) -> float | None:
    """Read a Retry-After header (RFC 9110 §10.2.3: seconds or a date) as seconds from now."""
    if field is None:
        return None
    if field.strip().isdecimal():
        return float(field)
    try:
        moment = parsedate_to_datetime(field)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
