"""SMS by Vonage: the SMS API, `POST rest.nexmo.com/sms/json`, one form a message.

An answer is HTTP 200 whatever came of the message; what counts is the `status` of each of its
parts. Our reference travels as `client-ref`, which every receipt brings back and signs. Vonage
knows no idempotency keys, and cannot be asked what became of a message by our reference: its
Reports API is a feature of its own that an account must have, so there is no `look_up` here.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self
from urllib.parse import urlencode

import httpx
from pydantic import Field, HttpUrl, JsonValue, SecretStr, model_validator

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.domain.segments import count_segments
from rollcall.errors import ConfigError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback, ForgedCallbackError, InboundText
from rollcall.routes.http import HttpRoute, check_with, exchange, open_client
from rollcall.routes.settings import BaseRouteSettings
from rollcall.routes.sms.json_answers import judge_answer, pick, pick_text, read_json
from rollcall.routes.sms.vonage_callbacks import (
    SignatureMethod,
    read_receipt_callback,
    read_text_callback,
    verify_callback,
)
from rollcall.routes.sms.vonage_codes import SUBMIT_CODES, SUCCESS
from rollcall.routes.verdicts import conclude, read_retry_after, require_acceptance
from rollcall.routes.whole import FORM, WholeRequest

LONGEST_CALLBACK = 100
"""Characters of a callback address (Vonage's own SDK allows no more)."""

_WAIT_MS = re.compile(r"please wait \[ ?(\d{1,6}) ?\]")
"""How a throttled answer says how long to wait: "… - please wait [ 250 ] and retry" """


class VonageSettings(BaseRouteSettings):
    """An account with Vonage."""

    kind: Literal["vonage"]

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return "sms"

    api_key: str = Field(min_length=1, pattern=r"^[A-Za-z0-9]+$", description="The account's key.")
    api_secret: SecretStr = Field(description="The account's secret.")
    sender: str = Field(min_length=1, description="A number of yours, or a name.")
    validity_s: int | None = Field(
        default=None,
        ge=20,
        le=604_800,
        description="Seconds after which Vonage gives a message up.",
    )
    signature_secret: SecretStr | None = Field(
        default=None, min_length=1, description="The account's signature secret, of its callbacks."
    )
    signature_method: SignatureMethod | None = Field(
        default=None,
        description='How callbacks are signed, as the dashboard says; "jwt" for the Messages API.',
    )
    base_url: HttpUrl = Field(
        default=HttpUrl("https://rest.nexmo.com"), description="Where Vonage's SMS API is."
    )

    @model_validator(mode="after")
    def _check_signatures(self) -> Self:
        if (self.signature_secret is None) != (self.signature_method is None):
            raise ValueError("signature_secret and signature_method go together")
        if self.receipt_secret is not None and self.signature_secret is None:
            raise ValueError("receipts need signature_secret and signature_method")
        return self


class VonageRoute(HttpRoute):
    """One account with Vonage.

    Args:
        settings: The account and the sender.
        clock: For the dates in Retry-After.
        callback: Where Vonage reports; None where it does not.

    Raises:
        ConfigError: The callback's address is longer than Vonage takes.
    """

    channel: Channel = "sms"

    def __init__(
        self, settings: VonageSettings, clock: Clock | None = None, callback: str | None = None
    ) -> None:
        if callback is not None and len(callback) > LONGEST_CALLBACK:
            raise ConfigError(
                f"route {settings.id!r}: the address of its receipts has {len(callback)} "
                f"characters, and Vonage takes {LONGEST_CALLBACK}; shorten id or receipt_secret"
            )
        self.route_id = settings.id
        self._settings = settings
        self._clock = clock or SystemClock()
        self._callback = callback
        base_url = str(settings.base_url).rstrip("/")
        self._submit_url = httpx.URL(f"{base_url}/sms/json")
        self._balance_url = httpx.URL(f"{base_url}/account/get-balance")
        secret = settings.api_secret.get_secret_value()
        self._client = open_client(settings, httpx.BasicAuth(settings.api_key, secret))

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one text message to Vonage.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: Vonage says that the number cannot be reached.
            OutcomeUnknownError: The request left, and no answer told what became of it; or some
                parts of a long text were taken and others not.
        """
        response = await exchange(self._client, self._build_request(submission), self.route_id)
        parts, status = _read_parts(read_json(response.content)), response.status_code
        verdict = judge_answer(SUBMIT_CODES, status, parts.refusal, parts.provider_id)
        return require_acceptance(
            conclude(
                "unknown" if parts.is_torn else verdict,
                self.route_id,
                parts.refusal or str(status),
                provider_id=parts.provider_id,
                retry_after_s=parts.wait_s or self._read_wait(response),
            )
        )

    async def check(self) -> str:
        """Ask for the account's balance, which sends nothing; it is not looked at.

        Raises:
            RouteError: Vonage cannot be reached or refuses our credentials.
        """
        return await check_with(
            self._client, httpx.Request("GET", self._balance_url), self.route_id
        )

    def verify(self, callback: Callback, now: datetime) -> None:
        """Make sure that Vonage signed a callback by the configured method.

        Raises:
            ForgedCallbackError: Its signature is missing, wrong or too old.
        """
        secret, method = self._settings.signature_secret, self._settings.signature_method
        if secret is None or method is None:
            raise ForgedCallbackError("no signature_secret is set")
        verify_callback(callback, secret.get_secret_value(), method, now)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """Return what a callback reports; empty for a text of a recipient.

        Raises:
            MalformedCallbackError: It is none that Vonage documents.
        """
        return read_receipt_callback(callback)

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        """Return the text that a callback hands over; empty for a receipt.

        Raises:
            MalformedCallbackError: It is none that Vonage documents.
        """
        return read_text_callback(callback)

    def _build_request(self, submission: Submission) -> httpx.Request:
        """Build the form; a text outside GSM-7 must say so, or arrives full of question marks.

        The callback goes without our reference, which `client-ref` carries already: whether Vonage
        would sign a parameter of the address as its own is not documented.
        """
        is_gsm = count_segments(submission.text).encoding == "GSM-7"
        validity_s = self._settings.validity_s
        fields = {
            "from": self._settings.sender,
            "to": submission.address.removeprefix("+"),
            "text": submission.text,
            "type": "text" if is_gsm else "unicode",
            "client-ref": submission.attempt_id,
            "callback": self._callback,
            "ttl": validity_s * 1000 if validity_s is not None else None,
        }
        form = urlencode({name: field for name, field in fields.items() if field is not None})
        return WholeRequest("POST", self._submit_url, FORM, form.encode())

    def _read_wait(self, response: httpx.Response) -> float | None:
        return read_retry_after(response.headers.get("Retry-After"), self._clock.now())


@dataclass(frozen=True, slots=True)
class _Parts:
    """What became of the parts of one message.

    Attributes:
        provider_id: The id of the first part that was taken.
        refusal: The status of the first part that was not.
        is_torn: Some were taken and others not.
        wait_s: How long the refusal asks us to wait.
    """

    provider_id: str | None
    refusal: str | None
    is_torn: bool
    wait_s: float | None


def _read_parts(document: JsonValue) -> _Parts:
    messages = pick(document, "messages")
    parts = messages if isinstance(messages, list) else []
    taken = [part for part in parts if pick_text(part, "status") == SUCCESS]
    refused = [part for part in parts if pick_text(part, "status") not in (SUCCESS, None)]
    return _Parts(
        provider_id=next(filter(None, (pick_text(part, "message-id") for part in taken)), None),
        refusal=pick_text(refused[0], "status") if refused else None,
        is_torn=0 < len(taken) < len(parts),
        wait_s=_read_wait_s(refused[0]) if refused else None,
    )


def _read_wait_s(part: JsonValue) -> float | None:
    wait = _WAIT_MS.search(pick_text(part, "error-text") or "")
    return int(wait[1]) / 1000 if wait else None
