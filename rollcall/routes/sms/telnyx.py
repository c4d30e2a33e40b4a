"""SMS by Telnyx: the Messaging API, `POST /v2/messages`, one JSON document a message.

Telnyx recognises a repeated `Idempotency-Key` for 24 hours after a success and answers as before,
but only if the body is the same to the byte. So while keys are in use, the reference in the address
of the receipts is that of the delivery, which all its tries share, and not that of the try.
"""

import hashlib
import json
from datetime import datetime
from typing import Literal, Self
from urllib.parse import quote

import httpx
from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback, InboundText, callback_url
from rollcall.routes.http import HttpRoute, check_with, exchange, open_client
from rollcall.routes.settings import BaseRouteSettings
from rollcall.routes.sms.json_answers import judge_answer, pick, pick_text, read_json
from rollcall.routes.sms.telnyx_callbacks import (
    load_public_key,
    read_message,
    read_receipt_event,
    read_text_event,
    verify_signature,
)
from rollcall.routes.sms.telnyx_codes import CONFLICT, SUBMIT_CODES
from rollcall.routes.verdicts import (
    conclude,
    judge_status,
    read_retry_after,
    require_acceptance,
)
from rollcall.routes.whole import WholeRequest


class TelnyxSettings(BaseRouteSettings):
    """An account with Telnyx."""

    kind: Literal["telnyx"]

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return "sms"

    api_key: SecretStr = Field(min_length=1, description="The account's API key.")
    sender: str | None = Field(
        default=None, min_length=1, description="A number of yours (E.164), short code or name."
    )
    messaging_profile_id: str | None = Field(
        default=None, min_length=1, description="A messaging profile; needed for a name or a pool."
    )
    public_key: str | None = Field(
        default=None, description="The account's public key (Base64), of its webhooks."
    )
    base_url: HttpUrl = Field(
        default=HttpUrl("https://api.telnyx.com"), description="Where Telnyx's API is."
    )
    honours_idempotency_key: bool = Field(
        default=True, description="The provider recognises a repeated key and does not send again."
    )
    answers_lookups: bool = Field(
        default=True, description="The provider can be asked what became of a message."
    )

    @field_validator("public_key")
    @classmethod
    def _check_public_key(cls, public_key: str | None) -> str | None:
        if public_key is not None:
            load_public_key(public_key)
        return public_key

    @model_validator(mode="after")
    def _check_sender(self) -> Self:
        if self.sender is None and self.messaging_profile_id is None:
            raise ValueError("needs a sender, or the messaging_profile_id of a pool")
        if self.receipt_secret is not None and self.public_key is None:
            raise ValueError("receipts need the public_key: Telnyx signs them")
        return self


class TelnyxRoute(HttpRoute):
    """One account with Telnyx.

    Args:
        settings: The account and the sender.
        clock: For the dates in Retry-After.
        callback: Where Telnyx reports, without the reference; None where it does not.
    """

    channel: Channel = "sms"

    def __init__(
        self, settings: TelnyxSettings, clock: Clock | None = None, callback: str | None = None
    ) -> None:
        self.route_id = settings.id
        self._settings = settings
        self._clock = clock or SystemClock()
        self._callback = callback
        self._api = f"{str(settings.base_url).rstrip('/')}/v2"
        self._submit_url = httpx.URL(f"{self._api}/messages")
        self._sign_in = {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"}
        self._headers = httpx.Headers(self._sign_in | {"Content-Type": "application/json"})
        self._client = open_client(settings)

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one text message to Telnyx.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: Telnyx says that the number cannot be reached.
            OutcomeUnknownError: The request left, and no answer told what became of it.
        """
        response = await exchange(self._client, self._build_request(submission), self.route_id)
        document, status = read_json(response.content), response.status_code
        code = pick_text(document, "errors", 0, "code")
        provider_id = pick_text(document, "data", "id")
        verdict = judge_answer(SUBMIT_CODES, status, code, provider_id)
        return require_acceptance(
            conclude(
                "unknown" if status == CONFLICT else verdict,
                self.route_id,
                code or str(status),
                provider_id=provider_id,
                retry_after_s=self._read_wait(response),
            )
        )

    async def check(self) -> str:
        """Ask for the account's balance, which sends nothing; it is not looked at.

        Raises:
            RouteError: Telnyx cannot be reached or refuses our credentials.
        """
        request = httpx.Request("GET", f"{self._api}/balance", headers=self._sign_in)
        return await check_with(self._client, request, self.route_id)

    async def look_up(
        self,
        submission: Submission,
        provider_id: str | None,
        submitted_at: datetime,  # noqa: ARG002 - Telnyx knows messages by its own id only
    ) -> Receipt | None:
        """Ask what became of an attempt, by Telnyx's id; None where that is not known.

        Raises:
            SendError: It could not be asked.
        """
        if provider_id is None:
            return None
        url = f"{self._api}/messages/{quote(provider_id, safe='')}"
        request = httpx.Request("GET", url, headers=self._sign_in)
        response = await exchange(self._client, request, self.route_id)
        status, document = response.status_code, read_json(response.content)
        if status == httpx.codes.NOT_FOUND:
            return None
        code, wait_s = pick_text(document, "errors", 0, "code"), self._read_wait(response)
        require_acceptance(
            conclude(judge_status(status), self.route_id, code or str(status), retry_after_s=wait_s)
        )
        return read_message(pick(document, "data"), submission.attempt_id)

    def verify(self, callback: Callback, now: datetime) -> None:
        """Make sure that Telnyx signed a callback.

        Raises:
            ForgedCallbackError: Its signature is missing, wrong or too old.
        """
        verify_signature(callback, self._settings.public_key, now)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """Return what an event reports; empty for an event about something else.

        Raises:
            MalformedCallbackError: It is none that Telnyx documents.
        """
        return read_receipt_event(callback)

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        """Return the text that an event hands over; empty for an event about something else.

        Raises:
            MalformedCallbackError: It is none that Telnyx documents.
        """
        return read_text_event(callback)

    def _build_request(self, submission: Submission) -> httpx.Request:
        is_keyed = self._settings.honours_idempotency_key
        reference = submission.delivery_id if is_keyed else submission.attempt_id
        fields = {
            "to": submission.address,
            "text": submission.text,
            "type": "SMS",
            "from": self._settings.sender,
            "messaging_profile_id": self._settings.messaging_profile_id,
            "webhook_url": callback_url(self._callback, reference),
        }
        body = {name: field for name, field in fields.items() if field is not None}
        request = WholeRequest("POST", self._submit_url, self._headers, json.dumps(body).encode())
        if is_keyed:
            request.headers["Idempotency-Key"] = _write_key(submission.idempotency_key)
        return request

    def _read_wait(self, response: httpx.Response) -> float | None:
        return read_retry_after(response.headers.get("Retry-After"), self._clock.now())


def _write_key(key: str) -> str:
    """Write a key of ours as Telnyx takes it: letters, digits, `-`, `_` and `:` only."""
    return hashlib.sha256(key.encode()).hexdigest()
