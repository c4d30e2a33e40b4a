"""SMS by Twilio: Programmable Messaging, `POST …/Accounts/SID/Messages.json`, one form a message.

Twilio knows no idempotency keys and no reference of ours; the reference travels in the address of
the status callback. After a lost answer the list of messages is searched instead.
"""

from datetime import datetime, timedelta
from typing import Literal, Self
from urllib.parse import quote, urlencode

import httpx
from pydantic import Field, HttpUrl, JsonValue, SecretStr, model_validator

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback, InboundText, callback_url
from rollcall.routes.http import HttpRoute, check_with, exchange, open_client
from rollcall.routes.settings import BaseRouteSettings
from rollcall.routes.sms.json_answers import judge_answer, pick_text, read_json
from rollcall.routes.sms.twilio_callbacks import (
    find_message,
    read_message,
    read_status_callback,
    read_text_callback,
    verify_signature,
)
from rollcall.routes.sms.twilio_codes import SUBMIT_CODES
from rollcall.routes.verdicts import (
    conclude,
    judge_status,
    read_retry_after,
    require_acceptance,
)
from rollcall.routes.whole import FORM, WholeRequest

LIST_LAG_S = 60.0
"""A message may be missing from the list for a while after it was taken; an empty list proves
nothing before. Twilio promises no figure; a minute is ours."""

LARGEST_PAGE = 1000
"""Most messages in one page of the list (Twilio's limit of PageSize)."""


class TwilioSettings(BaseRouteSettings):
    """An account with Twilio."""

    kind: Literal["twilio"]

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return "sms"

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$", description="The account: AC…")
    auth_token: SecretStr | None = Field(
        default=None, description="The account's token; callbacks are signed with it."
    )
    api_key_sid: str | None = Field(
        default=None,
        pattern=r"^SK[0-9a-fA-F]{32}$",
        description="An API key, SK…, to sign in with instead of the token.",
    )
    api_key_secret: SecretStr | None = Field(default=None, description="The API key's secret.")
    sender: str | None = Field(
        default=None, min_length=1, description="A number of yours (E.164), short code or name."
    )
    messaging_service_sid: str | None = Field(
        default=None,
        pattern=r"^MG[0-9a-fA-F]{32}$",
        description="A messaging service, MG…, that chooses the sender.",
    )
    validity_s: int | None = Field(
        default=None, ge=1, le=36_000, description="Seconds after which Twilio gives a message up."
    )
    base_url: HttpUrl = Field(
        default=HttpUrl("https://api.twilio.com"), description="Where Twilio's API is."
    )
    answers_lookups: bool = Field(
        default=True, description="The provider can be asked what became of a message."
    )

    @model_validator(mode="after")
    def _check_sign_in(self) -> Self:
        if (self.api_key_sid is None) != (self.api_key_secret is None):
            raise ValueError("api_key_sid and api_key_secret go together")
        if self.api_key_sid is None and self.auth_token is None:
            raise ValueError("needs an auth_token, or an API key")
        if self.receipt_secret is not None and self.auth_token is None:
            raise ValueError("receipts need the auth_token: Twilio signs them with it")
        return self

    @model_validator(mode="after")
    def _check_sender(self) -> Self:
        if (self.sender is None) == (self.messaging_service_sid is None):
            raise ValueError("needs either a sender or a messaging_service_sid")
        return self


class TwilioRoute(HttpRoute):
    """One account with Twilio.

    Args:
        settings: The account and the sender.
        clock: For the dates in Retry-After, and the age of a message that is looked up.
        callback: Where Twilio reports, without the reference; None where it does not.
    """

    channel: Channel = "sms"

    def __init__(
        self, settings: TwilioSettings, clock: Clock | None = None, callback: str | None = None
    ) -> None:
        self.route_id = settings.id
        self._settings = settings
        self._clock = clock or SystemClock()
        self._callback = callback
        account = f"{str(settings.base_url).rstrip('/')}/2010-04-01/Accounts/{settings.account_sid}"
        self._messages = f"{account}/Messages"
        self._submit_url = httpx.URL(f"{self._messages}.json")
        self._client = open_client(settings, _sign_in(settings))

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one text message to Twilio.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: Twilio says that the number cannot be reached.
            OutcomeUnknownError: The request left, and no answer told what became of it.
        """
        response = await exchange(self._client, self._build_request(submission), self.route_id)
        document, status = read_json(response.content), response.status_code
        code = pick_text(document, "code") or pick_text(document, "error_code")
        provider_id = pick_text(document, "sid")
        return require_acceptance(
            conclude(
                judge_answer(SUBMIT_CODES, status, code, provider_id),
                self.route_id,
                code or str(status),
                provider_id=provider_id,
                retry_after_s=self._read_wait(response),
            )
        )

    async def check(self) -> str:
        """Ask for one message of the list, which sends nothing; it is not looked at.

        Raises:
            RouteError: Twilio cannot be reached or refuses our credentials.
        """
        url = self._submit_url.copy_merge_params({"PageSize": "1"})
        return await check_with(self._client, httpx.Request("GET", url), self.route_id)

    async def look_up(
        self, submission: Submission, provider_id: str | None, submitted_at: datetime
    ) -> Receipt | None:
        """Ask what became of an attempt: by Twilio's id, else by number, text and time.

        The list is asked by number only and its dates are compared here: a message that still
        waits at Twilio has no `DateSent`, so that a filter by it would hide what was taken.

        Returns:
            `missing` only where the list answered, is whole, and holds no message to this number
            since shortly before the attempt; None where something is there that may be ours.

        Raises:
            SendError: It could not be asked.
        """
        if provider_id is not None:
            message = await self._get(httpx.URL(f"{self._messages}/{quote(provider_id)}.json"))
            return read_message(message, submission.attempt_id)
        asked = {"To": submission.address, "PageSize": str(LARGEST_PAGE)}
        page = await self._get(self._submit_url.copy_merge_params(asked))
        longest = timedelta(seconds=self._settings.longest_try_s)
        found = find_message(page, submission, submitted_at, longest)
        is_too_early = self._clock.now() < submitted_at + timedelta(seconds=LIST_LAG_S)
        return None if found and found.state == "missing" and is_too_early else found

    def verify(self, callback: Callback, now: datetime) -> None:  # noqa: ARG002 - Twilio's signatures hold no time
        """Make sure that Twilio signed a callback with the account's token.

        Raises:
            ForgedCallbackError: Its signature is missing or wrong.
        """
        verify_signature(callback, self._settings.auth_token)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """Return what a status callback reports; empty for a text of a recipient.

        Raises:
            MalformedCallbackError: It is none that Twilio documents.
        """
        return read_status_callback(callback)

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        """Return the text that a callback hands over; empty for a status callback.

        Raises:
            MalformedCallbackError: It is none that Twilio documents.
        """
        return read_text_callback(callback)

    def _build_request(self, submission: Submission) -> httpx.Request:
        fields = {
            "To": submission.address,
            "From": self._settings.sender,
            "MessagingServiceSid": self._settings.messaging_service_sid,
            "Body": submission.text,
            "StatusCallback": callback_url(self._callback, submission.attempt_id),
            "ValidityPeriod": self._settings.validity_s,
        }
        form = urlencode({name: field for name, field in fields.items() if field is not None})
        return WholeRequest("POST", self._submit_url, FORM, form.encode())

    async def _get(self, url: httpx.URL) -> JsonValue:
        """Ask Twilio for a document; None where it has none of that name."""
        response = await exchange(self._client, httpx.Request("GET", url), self.route_id)
        status = response.status_code
        if status == httpx.codes.NOT_FOUND:
            return None
        document = read_json(response.content)
        code = pick_text(document, "code") or str(status)
        wait_s = self._read_wait(response)
        require_acceptance(
            conclude(judge_status(status), self.route_id, code, retry_after_s=wait_s)
        )
        return document

    def _read_wait(self, response: httpx.Response) -> float | None:
        return read_retry_after(response.headers.get("Retry-After"), self._clock.now())


def _sign_in(settings: TwilioSettings) -> httpx.BasicAuth:
    name, secret = settings.account_sid, settings.auth_token
    if settings.api_key_sid is not None:
        name, secret = settings.api_key_sid, settings.api_key_secret
    return httpx.BasicAuth(name, secret.get_secret_value() if secret else "")
