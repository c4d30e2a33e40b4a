"""What a carrier reports back about messages that it accepted: JSON, posted and signed.

POST callback   {"id": "bravo-0000001", "reference": ATTEMPT, "status": "delivered", "at": SECOND}
                X-Sandbox-Timestamp: 1795413600
                X-Sandbox-Signature: sha256=HEX, over "TIMESTAMP.BODY"
"""

import asyncio
import hashlib
import hmac
import json
from types import TracebackType
from typing import Self

import httpx

from rollcall.clock import SystemClock
from rollcall.routes.transport import AiohttpTransport
from rollcall.sandbox.desk import Parcel
from rollcall.sandbox.plan import ReceiptPlan
from rollcall.sandbox.schedule import ReceiptFate, ReceiptFault

SIGNING_KEY = "sandbox-signing-key"
SIGNATURE_HEADER = "X-Sandbox-Signature"
SIGNATURE_PREFIX = "sha256="
TIMESTAMP_HEADER = "X-Sandbox-Timestamp"

WORDS = {"accepted": "sent", "delivered": "delivered", "failed": "undelivered", "permanent": "gone"}
"""What the carrier says for each state."""

MOST_CONNECTIONS = 50
ANSWER_TIMEOUT_S = 5.0
TRIES = 6
FIRST_WAIT_S = 0.1
"""A report that is not taken is tried again, after waits that double: for some three seconds."""


class Reporter:
    """Calls back about one carrier's messages; use it as a context, within an event loop.

    Args:
        plan: How the carrier reports.
    """

    def __init__(self, plan: ReceiptPlan) -> None:
        self._plan = plan
        self._clock = SystemClock()
        self._pending: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(
            transport=AiohttpTransport(MOST_CONNECTIONS),
            timeout=httpx.Timeout(ANSWER_TIMEOUT_S),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop the reports that are still to come."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        await self._client.aclose()

    async def report(self, parcel: Parcel, provider_id: str, receipt: ReceiptFate) -> None:
        """Report on an accepted message as was drawn: an early report is made when this returns."""
        if parcel.callback_url is None or receipt.fault is ReceiptFault.NEVER:
            return
        if receipt.fault is ReceiptFault.EARLY:
            await self._call(parcel.callback_url, self._describe(parcel, provider_id, receipt))
            return
        task = asyncio.create_task(self._report_later(parcel, provider_id, receipt))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _report_later(self, parcel: Parcel, provider_id: str, receipt: ReceiptFate) -> None:
        await asyncio.sleep(receipt.delay_share * self._plan.longest_delay_s)
        url, body = parcel.callback_url or "", self._describe(parcel, provider_id, receipt)
        await self._call(url, body, is_forged=receipt.fault is ReceiptFault.FORGED)
        if receipt.fault is ReceiptFault.DUPLICATE:
            await self._call(url, body)
        elif receipt.fault is ReceiptFault.SHUFFLED:
            await self._call(url, self._describe(parcel, provider_id, receipt, WORDS["accepted"]))

    def _describe(
        self, parcel: Parcel, provider_id: str, receipt: ReceiptFate, word: str | None = None
    ) -> bytes:
        report = {
            "id": provider_id,
            "reference": parcel.attempt_id,
            "status": word or _choose_word(receipt.fault),
            "at": int(self._clock.now().timestamp()),
        }
        return json.dumps(report).encode()

    async def _call(self, url: str, body: bytes, *, is_forged: bool = False) -> None:
        """Post a report until it is taken, within limits; a forger tries once."""
        for number in range(1 if is_forged else TRIES):
            if number:
                await asyncio.sleep(FIRST_WAIT_S * 2 ** (number - 1))
            headers = self._sign(body, "another-key" if is_forged else SIGNING_KEY)
            try:
                answer = await self._client.post(url, content=body, headers=headers)
            except httpx.HTTPError:
                continue
            if answer.is_success:
                return

    def _sign(self, body: bytes, key: str) -> dict[str, str]:
        timestamp = str(int(self._clock.now().timestamp()))
        signed = hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
        return {
            "Content-Type": "application/json",
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: SIGNATURE_PREFIX + signed.hexdigest(),
        }


def _choose_word(fault: ReceiptFault) -> str:
    match fault:
        case ReceiptFault.FAILED:
            return WORDS["failed"]
        case ReceiptFault.PERMANENT:
            return WORDS["permanent"]
        case _:
            return WORDS["delivered"]
