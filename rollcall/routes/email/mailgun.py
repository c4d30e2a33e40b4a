"""Email through Mailgun's v3 API: up to 1,000 people with one request, each with their own text.

What its answers mean stands in `mailgun_answers.py`, what a request looks like in
`mailgun_requests.py`. What has become of a message is told by its webhooks, and by its events when
it is asked (`mailgun_events.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, Self
from urllib.parse import urlencode

import httpx
from pydantic import Field, HttpUrl, JsonValue, SecretStr, model_validator

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.errors import RecipientError, SendError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback, InboundText
from rollcall.routes.email.batches import MOST_RECIPIENTS, Batch, BatchPlan, Outcome, hand_over
from rollcall.routes.email.mailgun_answers import read_answer, read_found
from rollcall.routes.email.mailgun_events import (
    MOST_FOUND,
    OVERLAP_S,
    fold_events,
    read_callback,
    verify_signature,
    would_have_found,
)
from rollcall.routes.email.mailgun_requests import RequestBuilder, fits_variables
from rollcall.routes.email.mime import format_message_id, parse_mailbox
from rollcall.routes.http import HttpRoute, check_by_head, exchange, open_client
from rollcall.routes.settings import EmailRouteSettings, MailSender
from rollcall.routes.verdicts import require_acceptance
from rollcall.routes.whole import WholeRequest


class MailgunSettings(EmailRouteSettings):
    """A domain of an account with Mailgun."""

    kind: Literal["mailgun"]

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return "email"

    base_url: HttpUrl = Field(
        default=HttpUrl("https://api.mailgun.net"),
        description="Where the API is; https://api.eu.mailgun.net for domains in the EU.",
    )
    domain: str = Field(
        pattern=r"^[A-Za-z0-9.-]+$", description="The sending domain, as it is called there."
    )
    api_key: SecretStr = Field(
        description="A sending key of the domain; to be asked about messages, one of the account."
    )
    sender: MailSender = Field(
        description='Whom recipients see, e.g. "Crisis Team <crisis@example.org>".'
    )
    webhook_signing_key: SecretStr | None = Field(
        default=None, description="The key by which webhooks are signed, as Mailgun shows it."
    )

    @model_validator(mode="after")
    def _check_webhook(self) -> Self:
        if self.receipt_secret is not None and self.webhook_signing_key is None:
            raise ValueError(
                "receipt_secret needs webhook_signing_key: unsigned events are refused"
            )
        if self.receipts == "handset":
            raise ValueError('receipts: of email no more than "carrier" is known')
        return self


class MailgunRoute(HttpRoute):
    """One domain of an account with Mailgun.

    Args:
        settings: Which domain, and as whom we write.
        clock: For the dates in Retry-After, and for how long ago a message was submitted.
        callback: Not used: Mailgun has one address for each kind of event, configured there.
    """

    channel: Channel = "email"
    bulk_size = MOST_RECIPIENTS

    def __init__(
        self,
        settings: MailgunSettings,
        clock: Clock | None = None,
        callback: str | None = None,
    ) -> None:
        del callback
        self.route_id = settings.id
        self._settings = settings
        self._clock = clock or SystemClock()
        base = f"{str(settings.base_url).rstrip('/')}/v3/{settings.domain}"
        self._url = httpx.URL(f"{base}/messages")
        self._events_url = f"{base}/events"
        self._builder = RequestBuilder(settings.sender, settings.reply_to)
        self._client = open_client(
            settings, httpx.BasicAuth("api", settings.api_key.get_secret_value())
        )

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
            BatchPlan(fits_variables),
            self.route_id,
            self._settings.answer_timeout_s,
        )

    async def look_up(
        self, submission: Submission, provider_id: str | None, submitted_at: datetime
    ) -> Receipt | None:
        """Ask Mailgun's events what became of an attempt, by our Message-ID, then by the address.

        Either alone could miss it: whether Mailgun keeps the Message-ID of one message out of many,
        and how it writes an address, is its business. So only if neither finds anything, and its
        events are neither too fresh nor too old to tell, the attempt is `missing`.

        Raises:
            SendError: Mailgun could not be asked.
        """
        del provider_id  # one for a whole request
        is_whole = True
        for search in self._list_searches(submission):
            events = await self._find_events(search, submitted_at)
            receipt = fold_events(events, submission.attempt_id)
            if receipt is not None:
                return receipt
            is_whole = is_whole and len(events) < MOST_FOUND
        if is_whole and would_have_found(submitted_at, self._clock.now()):
            return Receipt("missing", reference=submission.attempt_id)
        return None

    async def check(self) -> str:
        """Ask for the headers of Mailgun's address, which sends nothing.

        Raises:
            RouteError: Mailgun cannot be reached or refuses our key.
        """
        return await check_by_head(self._client, self._url, self.route_id)

    def verify(self, callback: Callback, now: datetime) -> None:
        """Make sure that an event is signed by Mailgun.

        Raises:
            ForgedCallbackError: The signature is missing, wrong or too old.
        """
        verify_signature(self._settings.webhook_signing_key, callback.body, now)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """Return what an event reports about an attempt of ours.

        Raises:
            MalformedCallbackError: It is no event of Mailgun.
        """
        return read_callback(callback.body)

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        """Return nothing: people answer to the sender's mailbox."""
        del callback
        return []

    async def _post(self, batch: Batch) -> Sequence[Outcome | None]:
        content_type, content = self._builder.build(batch)
        headers = httpx.Headers({"Content-Type": content_type})
        request = WholeRequest("POST", self._url, headers, content)
        response = await exchange(self._client, request, self.route_id)
        return read_answer(response, len(batch.letters), self.route_id, self._clock.now())

    def _list_searches(self, submission: Submission) -> tuple[dict[str, str], ...]:
        message_id = format_message_id(submission.delivery_id, self._builder.sender_domain)
        try:
            mailbox = parse_mailbox(submission.address)
        except ValueError:  # unchained: the codec quotes the address
            raise RecipientError("the address is malformed", self.route_id) from None
        return {"message-id": message_id.strip("<>")}, {"recipient": mailbox}

    async def _find_events(
        self, search: dict[str, str], submitted_at: datetime
    ) -> list[Mapping[str, JsonValue]]:
        begin = submitted_at - timedelta(seconds=OVERLAP_S)
        query = {"begin": f"{begin.timestamp():.0f}", "ascending": "yes", "limit": str(MOST_FOUND)}
        url = httpx.URL(f"{self._events_url}?{urlencode(query | search)}")
        response = await exchange(self._client, httpx.Request("GET", url), self.route_id)
        return read_found(response, self.route_id, self._clock.now())
