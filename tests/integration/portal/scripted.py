"""A provider that reports: it signs what it sends as providers do, over address, time and body."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import (
    REFERENCE,
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
    require_recent,
)

PUBLIC_URL = "https://safe.example.org/rollcall"
SECRET = "portal-secret-0123456789"
KEY = b"what the provider signs with"
TIME, SIGNATURE = "x-provider-time", "x-provider-signature"


def sign(url: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers by which the provider proves that a callback is its own."""
    time = at.isoformat()
    signed = hmac.new(KEY, url.encode() + time.encode() + body, hashlib.sha256).hexdigest()
    return {TIME: time, SIGNATURE: signed}


@dataclass
class ScriptedRoute:
    """A way out whose provider reports in JSON; what it is asked to send it accepts."""

    route_id: str = "alpha"
    channel: Channel = "sms"
    repeats_for_s: float = 0.0

    async def submit(self, submission: Submission) -> Acceptance:
        return Acceptance(f"provider-{submission.attempt_id}")

    async def check(self) -> str:
        return "answers"

    async def aclose(self) -> None:
        """There is nothing to close."""

    def verify(self, callback: Callback, now: datetime) -> None:
        expected = sign(callback.url, callback.body, _read_time(callback))
        given = callback.headers.get(SIGNATURE, "")
        if not hmac.compare_digest(expected[SIGNATURE], given):
            raise ForgedCallbackError("not signed by the provider")
        require_recent(_read_time(callback).timestamp(), now, self.repeats_for_s)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        return [
            Receipt(
                state=report["state"],
                reference=report.get("reference") or callback.query().get(REFERENCE),
                code=report.get("code"),
                occurred_at=_read_moment(report.get("at")),
            )
            for report in _read_list(callback, "reports")
        ]

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        return [
            InboundText(**text | {"sent_at": _read_moment(text.get("sent_at"))})
            for text in _read_list(callback, "texts")
        ]


def report_body(references: Sequence[str], **more: str) -> bytes:
    """Return the body of a callback that reports deliveries."""
    reports = [{"state": "delivered", "reference": one} | more for one in references]
    return json.dumps({"reports": reports}).encode()


def inbound_body(*texts: InboundText) -> bytes:
    """Return the body of a callback that hands texts over."""
    return json.dumps({"texts": [asdict(text) for text in texts]}, default=str).encode()


def _read_time(callback: Callback) -> datetime:
    try:
        return datetime.fromisoformat(callback.headers[TIME])
    except (KeyError, ValueError):
        return datetime.min.replace(tzinfo=UTC)


def _read_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _read_list(callback: Callback, name: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(callback.body)
    except ValueError as error:
        raise MalformedCallbackError("the body is no JSON") from error
    listed = document.get(name) if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise MalformedCallbackError(f"there are no {name}")
    return listed
