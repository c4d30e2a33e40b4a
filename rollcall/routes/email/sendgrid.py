"""Email through SendGrid's v3 API: up to 1,000 people with one request, each with their own text.

What its answers mean stands in `sendgrid_answers.py`, what a request looks like in
`sendgrid_requests.py`. What has become of a message is told by the event webhook only
(`sendgrid_events.py`): SendGrid can be asked through interfaces of their own (Email Activity, which
is an add-on, and Email Logs), and this route does not.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

import httpx
from pydantic import AfterValidator, Field, HttpUrl, SecretStr, model_validator

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.errors import SendError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback, InboundText
from rollcall.routes.email.batches import MOST_RECIPIENTS, Batch, BatchPlan, Outcome, hand_over
from rollcall.routes.email.sendgrid_answers import read_answer
from rollcall.routes.email.sendgrid_events import load_public_key, read_events, verify_signature
from rollcall.routes.email.sendgrid_requests import RequestBuilder, fits_substitutions
from rollcall.routes.http import HttpRoute, check_with, exchange, open_client
from rollcall.routes.settings import EmailRouteSettings, MailSender
from rollcall.routes.verdicts import require_acceptance
from rollcall.routes.whole import WholeRequest


def _check_key(key: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\x21-\x7e]+", key.get_secret_value()):
        raise ValueError("should be printable ASCII without blanks")
    return key


class SendGridSettings(EmailRouteSettings):
    """An account with SendGrid."""

    kind: Literal["sendgrid"]

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return "email"

    base_url: HttpUrl = Field(
        default=HttpUrl("https://api.sendgrid.com"),
        description="Where the API is; https://api.eu.sendgrid.com for accounts in the EU.",
    )
    api_key: Annotated[SecretStr, AfterValidator(_check_key)] = Field(
        description='An API key with the permission "Mail Send".'
    )
    sender: MailSender = Field(
        description='Whom recipients see, e.g. "Crisis Team <crisis@example.org>"; verified there.'
    )
    webhook_public_key: str | None = Field(
        default=None,
        description="The verification key of the signed event webhook, as SendGrid shows it.",
    )

    @model_validator(mode="after")
    def _check_webhook(self) -> Self:
        if self.receipt_secret is not None and self.webhook_public_key is None:
            raise ValueError("receipt_secret needs webhook_public_key: unsigned events are refused")
        if self.webhook_public_key is not None:
            load_public_key(self.webhook_public_key)
        if self.answers_lookups:
            raise ValueError("answers_lookups: SendGrid cannot be asked")
        if self.receipts == "handset":
            raise ValueError('receipts: of email no more than "carrier" is known')
        return self


class SendGridRoute(HttpRoute):
    """One account with SendGrid.

    Args:
        settings: Which account, and as whom we write.
        clock: For X-RateLimit-Reset.
        callback: Not used: SendGrid has one address for all events, configured there.
    """

    channel: Channel = "email"
    bulk_size = MOST_RECIPIENTS

    def __init__(
        self,
        settings: SendGridSettings,
        clock: Clock | None = None,
        callback: str | None = None,
    ) -> None:
        del callback
        self.route_id = settings.id
        self._settings = settings
        self._clock = clock or SystemClock()
        base = str(settings.base_url).rstrip("/")
        self._url = httpx.URL(f"{base}/v3/mail/send")
        self._scopes_url = httpx.URL(f"{base}/v3/scopes")
        self._headers = httpx.Headers(
            {
                "Authorization": f"Bearer {settings.api_key.get_secret_value()}",
                "Content-Type": "application/json",
            }
        )
        self._builder = RequestBuilder(settings.sender, settings.reply_to)
        self._client = open_client(settings)
        key = settings.webhook_public_key
        self._public_key = load_public_key(key) if key else None

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one message over.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: The address is none.
            OutcomeUnknownError: The request left, and no answer told what became of it.
        """
        return require_acceptance((await self.submit_bulk([submission]))[0])

    async def submit_bulk(self, submissions: Sequence[Submission]) -> list[Acceptance | SendError]:
        """Hand messages over together, with one request for each thousand or little more.

        Returns:
            What came of each, in the same order; the provider's id is one for a whole request.
        """
        return await hand_over(
            submissions,
            self._post,
            BatchPlan(fits_substitutions),
            self.route_id,
            self._settings.answer_timeout_s,
        )

    async def check(self) -> str:
        """Ask what our key may do, which sends nothing.

        Raises:
            RouteError: SendGrid cannot be reached or refuses our key.
        """
        request = httpx.Request("GET", self._scopes_url, headers=self._headers)
        return await check_with(self._client, request, self.route_id)

    def verify(self, callback: Callback, now: datetime) -> None:
        """Make sure that events are signed by SendGrid.

        Raises:
            ForgedCallbackError: The signature is missing, wrong or too old.
        """
        verify_signature(self._public_key, callback, now)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """Return what events report about attempts of ours.

        Raises:
            MalformedCallbackError: They are no events of SendGrid.
        """
        return read_events(callback.body)

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        """Return nothing: people answer to the sender's mailbox."""
        del callback
        return []

    async def _post(self, batch: Batch) -> Sequence[Outcome | None]:
        content = self._builder.build(batch)
        request = WholeRequest("POST", self._url, self._headers, content)
        response = await exchange(self._client, request, self.route_id)
        return read_answer(response, len(batch.letters), self.route_id, self._clock.now())
