"""What a carrier's HTTP answer means: the one place that turns answers into acceptances and errors.

In this order, the first that speaks decides:

1. the provider's own code (`code_path`), where `codes` lists it;
2. the HTTP status, where `codes` lists it;
3. the status by its class: 2xx accepted, 429 throttled, other 4xx and 3xx rejected, 5xx unknown
   (a server may fail after it has handed the message on).

An accepting 2xx is doubted, so unknown, in two cases: it carries a code of the provider's that
nobody listed (an error inside a 200), or it lacks the id that `id_path` promises (a proxy's page, a
broken answer). To call those accepted would lose the person silently; to call them refused would
send twice.
"""

from datetime import datetime
from typing import NamedTuple

from rollcall.routes.base import Acceptance
from rollcall.routes.sms.http_settings import HttpSmsSettings
from rollcall.routes.sms.json_answers import read_json
from rollcall.routes.sms.paths import follow_path
from rollcall.routes.verdicts import (
    MAX_CODE_CHARACTERS,
    Verdict,
    conclude,
    judge_status,
    read_retry_after,
    require_acceptance,
)


class Answer(NamedTuple):
    """What came back: HTTP status, body, and the Retry-After header as it stood."""

    status: int
    body: bytes
    retry_after: str | None = None


class _Reading(NamedTuple):
    """An answer with the provider's own code and id picked out of it."""

    status: int
    code: str | None
    provider_id: str | None


def read_answer(settings: HttpSmsSettings, answer: Answer, now: datetime) -> Acceptance:
    """Turn an answer into an acceptance.

    Raises:
        RouteError: It says that this route did not take the message.
        RecipientError: It says that this number cannot be reached.
        OutcomeUnknownError: It does not say whether the message was taken.
    """
    reading = _pick_out(settings, answer.body, answer.status)
    return require_acceptance(
        conclude(
            _judge(settings, reading),
            settings.id,
            reading.code or str(reading.status),
            provider_id=reading.provider_id,
            retry_after_s=read_retry_after(answer.retry_after, now),
        )
    )


def _judge(settings: HttpSmsSettings, reading: _Reading) -> Verdict:
    by_code = settings.codes.look_up(reading.code) if reading.code is not None else None
    if by_code is not None:
        return by_code
    by_status = settings.codes.look_up(reading.status) or judge_status(reading.status)
    if by_status != "accepted" or reading.status // 100 != 2:  # noqa: PLR2004 - HTTP's 2xx
        return by_status
    lacks_id = settings.id_path is not None and reading.provider_id is None
    return "unknown" if lacks_id or reading.code is not None else "accepted"


def _pick_out(settings: HttpSmsSettings, body: bytes, status: int) -> _Reading:
    if settings.code_path is None and settings.id_path is None:
        return _Reading(status, None, None)
    document = read_json(body)
    code = follow_path(document, settings.code_path)
    return _Reading(
        status,
        code[:MAX_CODE_CHARACTERS] if code else None,
        follow_path(document, settings.id_path),
    )
