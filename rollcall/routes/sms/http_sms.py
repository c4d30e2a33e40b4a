"""SMS by any carrier that takes a message with one HTTP request; the rest is configuration."""

from datetime import datetime

import httpx

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import EvidenceLevel, Receipt
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback, InboundText, callback_url
from rollcall.routes.http import HttpRoute, check_with, exchange, open_client
from rollcall.routes.sms.answers import Answer, read_answer
from rollcall.routes.sms.http_callbacks import (
    CallbackContent,
    read_callback,
    verify_signature,
)
from rollcall.routes.sms.http_request import RequestBuilder
from rollcall.routes.sms.http_settings import HttpSmsSettings


class HttpSmsRoute(HttpRoute):
    """One account with a carrier.

    Args:
        settings: How the carrier is addressed and understood.
        clock: For the dates in Retry-After.
        callback: Where the carrier reports, without the reference; None where it does not.
    """

    channel: Channel = "sms"

    def __init__(
        self,
        settings: HttpSmsSettings,
        clock: Clock | None = None,
        callback: str | None = None,
    ) -> None:
        self.route_id = settings.id
        self._settings = settings
        self._clock = clock or SystemClock()
        self._callback = callback
        self._requests = RequestBuilder(settings)
        self._client = open_client(settings, _sign_in(settings))

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one text message to the carrier.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: The carrier says that the number cannot be reached.
            OutcomeUnknownError: The request left, and no answer told what became of it.
        """
        request = self._requests.build(self._name_values(submission))
        response = await exchange(self._client, request, self.route_id)
        answer = Answer(response.status_code, response.content, response.headers.get("Retry-After"))
        return read_answer(self._settings, answer, self._clock.now())

    async def check(self) -> str:
        """Ask for the headers of the carrier's address, which sends nothing.

        Any HTTP answer will do, since few carriers know HEAD, but not one that refuses us.

        Raises:
            RouteError: The carrier cannot be reached or refuses our credentials.
        """
        return await check_with(self._client, self._requests.build_check(), self.route_id)

    def verify(self, callback: Callback, now: datetime) -> None:
        """Make sure that a callback is signed by the carrier.

        Raises:
            ForgedCallbackError: Its signature is missing, wrong or too old, or none is configured.
        """
        verify_signature(self._settings.callback_signature, callback, now)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """Return what a callback reports; empty for a text of a recipient.

        Raises:
            MalformedCallbackError: It is not what the settings describe.
        """
        return self._read(callback).receipts

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        """Return the texts of recipients that a callback hands over; empty for receipts.

        Raises:
            MalformedCallbackError: It is not what the settings describe.
        """
        return self._read(callback).texts

    def _read(self, callback: Callback) -> CallbackContent:
        settings = self._settings
        level: EvidenceLevel = "handset" if settings.receipts == "handset" else "carrier"
        return read_callback(settings.receipt_fields, settings.inbound_fields, callback, level)

    def _name_values(self, submission: Submission) -> dict[str, str]:
        return {
            "to": submission.address,
            "text": submission.text,
            "sender": self._settings.sender or "",
            "reference": submission.delivery_id,
            "idempotency_key": submission.idempotency_key,
            "attempt": submission.attempt_id,
            "callback_url": callback_url(self._callback, submission.attempt_id) or "",
        }


def _sign_in(settings: HttpSmsSettings) -> httpx.BasicAuth | None:
    if settings.username is None or settings.password is None:
        return None
    return httpx.BasicAuth(settings.username, settings.password.get_secret_value())
