"""SMS by Sinch (SMS API v1): batches of many recipients, each with its own text as parameters."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Self

import httpx
from pydantic import Field, HttpUrl, SecretStr, model_validator

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.errors import OutcomeUnknownError, SendError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback, InboundText, callback_url
from rollcall.routes.http import HttpRoute, check_with, exchange, open_client
from rollcall.routes.sms.bulk import (
    BulkSmsSettings,
    Result,
    explain_failure,
    is_refused_for_its_form,
    submit_apart,
)
from rollcall.routes.sms.documents import read_code, read_object, read_text
from rollcall.routes.sms.sinch_batches import (
    Batch,
    RecipientKey,
    cut_batches,
    describe_texts,
    write_reference,
)
from rollcall.routes.sms.sinch_callbacks import (
    BULK,
    read_inbound,
    read_receipts,
    verify_signature,
)
from rollcall.routes.sms.sinch_look_up import SinchLookUp
from rollcall.routes.verdicts import require_acceptance
from rollcall.routes.whole import WholeRequest


class SinchSettings(BulkSmsSettings):
    """A service plan with Sinch."""

    kind: Literal["sinch"]
    base_url: HttpUrl = Field(
        default=HttpUrl("https://us.sms.api.sinch.com"), description="Of the plan's region."
    )
    service_plan_id: str = Field(pattern=r"^[A-Za-z0-9_-]+$", description="The plan's id.")
    api_token: SecretStr = Field(description="The plan's token.")
    webhook_secret: SecretStr | None = Field(
        default=None, description="The key with which Sinch signs what it calls us with."
    )

    @model_validator(mode="after")
    def _check_webhook(self) -> Self:
        if self.receipt_secret is not None and self.webhook_secret is None:
            raise ValueError("receipt_secret needs webhook_secret")
        return self


class SinchRoute(HttpRoute):
    """One service plan with Sinch.

    Args:
        settings: Which plan, and how it is used.
        clock: For the dates in Retry-After, and for the age of what is looked up.
        callback: Where Sinch reports, without the reference; None where it does not.
    """

    channel: Channel = "sms"

    def __init__(
        self, settings: SinchSettings, clock: Clock | None = None, callback: str | None = None
    ) -> None:
        self.route_id = settings.id
        self.bulk_size = settings.bulk_size
        self._sender = settings.sender
        self._clock = clock or SystemClock()
        self._callback = callback
        self._webhook_secret = settings.webhook_secret
        self._key = RecipientKey((settings.receipt_secret or settings.api_token).get_secret_value())
        base = str(settings.base_url).rstrip("/")
        self._batches_url = httpx.URL(f"{base}/xms/v1/{settings.service_plan_id}/batches")
        self._headers = httpx.Headers(
            {
                "Authorization": f"Bearer {settings.api_token.get_secret_value()}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            }
        )
        self._client = open_client(settings)
        asking = httpx.Request("GET", self._batches_url, headers=self._headers)
        self._looker = SinchLookUp(self._client, asking, self._key, self.route_id, self._clock)

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one text message over.

        Raises:
            RouteError: Not taken, and certainly not sent.
            OutcomeUnknownError: The request left, and no answer told what became of it.
        """
        (batch,) = cut_batches([submission], self._key, self._callback)
        (result,) = await self._submit_batch(batch)
        return require_acceptance(result)

    async def submit_bulk(self, submissions: Sequence[Submission]) -> list[Result]:
        """Hand messages over in few requests, each message with its own text.

        A request that is refused for its form is made again for each message alone: nothing of it
        was sent, and one message's fault must not cost the others theirs.

        Raises:
            SendError: All went in one request, and it failed: it is the answer for each of them.
        """
        batches = cut_batches(submissions, self._key, self._callback)
        if len(batches) == 1:
            return await self._submit_batch(batches[0])
        results: dict[int, Result] = {}
        answers = await asyncio.gather(*map(self._try_batch, batches))
        for batch, answer in zip(batches, answers, strict=True):
            results.update(zip(batch.places, answer, strict=True))
        return [results[place] for place in range(len(submissions))]

    async def look_up(
        self, submission: Submission, provider_id: str | None, submitted_at: datetime
    ) -> Receipt | None:
        """Ask Sinch by the batch's id, else find the batch by our reference.

        Raises:
            SendError: It could not be asked.
        """
        return await self._looker.look_up(submission, provider_id, submitted_at)

    async def check(self) -> str:
        """Ask for the last batch, which sends nothing.

        Raises:
            RouteError: Sinch cannot be reached or refuses our token.
        """
        url = self._batches_url.copy_merge_params({"page_size": "1"})
        request = httpx.Request("GET", url, headers=self._headers)
        return await check_with(self._client, request, self.route_id)

    def verify(self, callback: Callback, now: datetime) -> None:
        """Make sure that a callback comes from Sinch.

        Raises:
            ForgedCallbackError: Its signature is missing, wrong or too old.
        """
        secret = self._webhook_secret
        verify_signature(callback, secret.get_secret_value() if secret else None, now)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """Return what a callback reports.

        Raises:
            MalformedCallbackError: It is no callback that Sinch documents.
        """
        return read_receipts(callback, self._key)

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        """Return the text that a callback hands over.

        Raises:
            MalformedCallbackError: It is no callback that Sinch documents.
        """
        return read_inbound(callback)

    async def _try_batch(self, batch: Batch) -> list[Result]:
        """Hand one of several batches over; what it fails with is the answer for each of it."""
        try:
            return await self._submit_batch(batch)
        except SendError as error:
            return [error] * len(batch.submissions)

    async def _submit_batch(self, batch: Batch) -> list[Result]:
        submissions = batch.submissions
        is_alone = len(submissions) == 1
        reference = submissions[0].attempt_id if is_alone else f"{BULK}{uuid.uuid4().hex}"
        try:
            response = await exchange(self._client, self._post(batch, reference), self.route_id)
            if is_refused_for_its_form(response, len(submissions)):
                return await submit_apart(self.submit, submissions)
            return self._read_answer(response, batch)
        except OutcomeUnknownError:
            self._looker.remember((each.attempt_id for each in submissions), reference)
            raise

    def _post(self, batch: Batch, reference: str) -> httpx.Request:
        submissions = batch.submissions
        described: dict[str, Any] = {
            "from": self._sender,
            "to": [each.address.removeprefix("+") for each in submissions],
            **describe_texts(submissions),
            "client_reference": reference,
            "delivery_report": "none",
        }
        if self._callback is not None:
            url = callback_url(self._callback, write_reference(batch))
            described |= {"delivery_report": "per_recipient", "callback_url": url}
        content = json.dumps(described).encode()
        return WholeRequest("POST", self._batches_url, self._headers, content)

    def _read_answer(self, response: httpx.Response, batch: Batch) -> list[Result]:
        document = read_object(response.content) or {}
        batch_id = read_text(document, "id")
        if not response.is_success or batch_id is None:
            code = read_code(document, "code")
            raise explain_failure(response, code, self.route_id, self._clock.now())
        code = str(response.status_code)
        return [Acceptance(each, code) for each in batch.provider_ids(batch_id)]
