"""SMS by any carrier that takes a message with one HTTP request; the rest is configuration."""

import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import httpx

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import EvidenceLevel, Receipt
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback, InboundText, callback_url
from rollcall.routes.http import check_with, exchange, open_client
from rollcall.routes.sms.answers import Answer, read_answer
from rollcall.routes.sms.http_callbacks import (
    CallbackContent,
    read_callback,
    verify_signature,
)
from rollcall.routes.sms.http_settings import HttpSmsSettings
from rollcall.routes.templates import fill_template, fill_text


class HttpSmsRoute:
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
        self._url = httpx.URL(str(settings.url))
        self._client = open_client(settings, _sign_in(settings))

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one text message to the carrier.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: The carrier says that the number cannot be reached.
            OutcomeUnknownError: The request left, and no answer told what became of it.
        """
        response = await exchange(self._client, self._build_request(submission), self.route_id)
        answer = Answer(response.status_code, response.content, response.headers.get("Retry-After"))
        return read_answer(self._settings, answer, self._clock.now())

    async def check(self) -> str:
        """Ask for the headers of the carrier's address, which sends nothing.

        Any HTTP answer will do, since few carriers know HEAD, but not one that refuses us.

        Raises:
            RouteError: The carrier cannot be reached or refuses our credentials.
        """
        headers = self._fill_headers({"reference": "check", "idempotency_key": "check"})
        request = httpx.Request("HEAD", self._url, headers=headers)
        return await check_with(self._client, request, self.route_id)

    async def aclose(self) -> None:
        """Close all connections; safe to call twice."""
        await self._client.aclose()

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

    def _build_request(self, submission: Submission) -> httpx.Request:
        """Build the request by hand: a third faster than the client's own way."""
        values = {
            "to": submission.address,
            "text": submission.text,
            "sender": self._settings.sender or "",
            "reference": submission.delivery_id,
            "idempotency_key": submission.idempotency_key,
            "attempt": submission.attempt_id,
            "callback_url": callback_url(self._callback, submission.attempt_id) or "",
        }
        headers = self._fill_headers(values)
        body = {name: fill_template(part, values) for name, part in self._settings.body.items()}
        method = self._settings.method
        match self._settings.body_format:
            case "json":
                headers.setdefault("Content-Type", "application/json")
                content = json.dumps(body).encode()
                return httpx.Request(method, self._url, headers=headers, content=content)
            case "form":
                headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
                content = urlencode(body).encode()
                return httpx.Request(method, self._url, headers=headers, content=content)
            case "query":
                query = b"&".join(filter(None, (self._url.query, urlencode(body).encode())))
                return httpx.Request(method, self._url.copy_with(query=query), headers=headers)

    def _fill_headers(self, values: Mapping[str, str]) -> httpx.Headers:
        return httpx.Headers(
            {
                name: fill_text(template.get_secret_value(), values)
                for name, template in self._settings.headers.items()
            }
        )


def _sign_in(settings: HttpSmsSettings) -> httpx.BasicAuth | None:
    if settings.username is None or settings.password is None:
        return None
    return httpx.BasicAuth(settings.username, settings.password.get_secret_value())
