"""SMS by Infobip (SMS API v3): many messages in one request, each with its own text and id.

Our idempotency key is the message's id at Infobip. A repeat is refused as a duplicate, which proves
that the first was taken: a lost answer is settled by asking again.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx
from pydantic import Field, HttpUrl, SecretStr, model_validator

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback, InboundText
from rollcall.routes.http import HttpRoute, check_with, exchange, open_client
from rollcall.routes.sms.bulk import (
    MISSING_AFTER_S,
    BulkSmsSettings,
    Result,
    ask,
    explain_failure,
    is_refused_for_its_form,
    submit_apart,
)
from rollcall.routes.sms.documents import (
    read_code,
    read_object,
    read_part,
    read_parts,
    surest,
)
from rollcall.routes.sms.infobip_callbacks import InfobipCallbacks, read_inbound, read_receipts
from rollcall.routes.sms.infobip_codes import judge_message, read_report
from rollcall.routes.verdicts import conclude, require_acceptance
from rollcall.routes.whole import WholeRequest

LOGS_KEPT_S = 48 * 3600.0
"""How long Infobip's logs tell of a message (vendor documentation)."""


class InfobipSettings(BulkSmsSettings):
    """An account with Infobip."""

    kind: Literal["infobip"]
    base_url: HttpUrl = Field(description="The account's own, https://….api.infobip.com.")
    api_key: SecretStr = Field(description="With the scope sms:manage, or message:send and logs.")
    honours_idempotency_key: bool = Field(
        default=True, description="A repeated message id is refused as a duplicate: not sent again."
    )
    webhook_username: str | None = Field(
        default=None, description="Who signs in when Infobip calls our address (HTTP Basic)."
    )
    webhook_password: SecretStr | None = Field(
        default=None, description="Their password; also the key of the tokens in our addresses."
    )

    @model_validator(mode="after")
    def _check_webhook(self) -> Self:
        has_both = self.webhook_username is not None and self.webhook_password is not None
        if self.receipt_secret is not None and not has_both:
            raise ValueError("receipt_secret needs webhook_username and webhook_password")
        if self.webhook_username and ":" in self.webhook_username:
            raise ValueError("webhook_username can hold no colon")
        return self


class InfobipRoute(HttpRoute):
    """One account with Infobip.

    Args:
        settings: Which account, and how it is used.
        clock: For the dates in Retry-After, and for the age of what is looked up.
        callback: Where Infobip reports, without the reference; None where it does not.
    """

    channel: Channel = "sms"

    def __init__(
        self, settings: InfobipSettings, clock: Clock | None = None, callback: str | None = None
    ) -> None:
        self.route_id = settings.id
        self.bulk_size = settings.bulk_size
        self._sender = settings.sender
        self._clock = clock or SystemClock()
        self._callback = callback
        password = settings.webhook_password
        self._callbacks = InfobipCallbacks(
            settings.webhook_username, password.get_secret_value() if password else None
        )
        self._base = str(settings.base_url).rstrip("/")
        self._messages_url = httpx.URL(f"{self._base}/sms/3/messages")
        self._headers = httpx.Headers(
            {
                "Authorization": f"App {settings.api_key.get_secret_value()}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            }
        )
        self._client = open_client(settings)

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one text message over.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: Infobip says that no operator has such a number.
            OutcomeUnknownError: The request left, and no answer told what became of it.
        """
        (result,) = self._read_answer(await self._post([submission]), [submission])
        return require_acceptance(result)

    async def submit_bulk(self, submissions: Sequence[Submission]) -> list[Result]:
        """Hand messages over with one request, each with its own text.

        A request that is refused for its form is made again for each message alone: nothing of it
        was sent, and one message's fault must not cost the others theirs.

        Raises:
            SendError: The request as a whole failed: it is the answer for each of them.
        """
        response = await self._post(submissions)
        if is_refused_for_its_form(response, len(submissions)):
            return await submit_apart(self.submit, submissions)
        return self._read_answer(response, submissions)

    async def look_up(
        self, submission: Submission, provider_id: str | None, submitted_at: datetime
    ) -> Receipt | None:
        """Ask Infobip's logs, by the message's id, which is ours; reports are told only once.

        Raises:
            SendError: It could not be asked.
        """
        key = provider_id or submission.idempotency_key
        url = httpx.URL(f"{self._base}/sms/3/logs?messageId={quote(key, safe='')}")
        request = httpx.Request("GET", url, headers=self._headers)
        now = self._clock.now()
        answer = await ask(self._client, request, self.route_id, now)
        if not isinstance(answer.get("results"), list):
            return None
        entries = read_parts(answer, "results")
        found = [read_report(each, None) for each in entries if each.get("messageId") == key]
        age_s = (now - submitted_at).total_seconds()
        if not found and MISSING_AFTER_S <= age_s < LOGS_KEPT_S - MISSING_AFTER_S:
            return Receipt("missing", submission.attempt_id)
        return surest(found)

    async def check(self) -> str:
        """Ask for the account's balance, which sends nothing.

        Raises:
            RouteError: Infobip cannot be reached or refuses our key.
        """
        request = httpx.Request("GET", f"{self._base}/account/1/balance", headers=self._headers)
        return await check_with(self._client, request, self.route_id)

    def verify(self, callback: Callback, now: datetime) -> None:  # noqa: ARG002 - signs no time
        """Make sure that a callback comes from Infobip.

        Raises:
            ForgedCallbackError: It proves itself in neither way, or wrongly.
        """
        self._callbacks.verify(callback)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """Return what a callback reports.

        Raises:
            MalformedCallbackError: It is no list of reports or texts.
        """
        return read_receipts(callback)

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        """Return the texts that a callback hands over.

        Raises:
            MalformedCallbackError: It is no list of reports or texts.
        """
        return read_inbound(callback)

    async def _post(self, submissions: Sequence[Submission]) -> httpx.Response:
        body = json.dumps({"messages": [self._describe(each) for each in submissions]}).encode()
        request = WholeRequest("POST", self._messages_url, self._headers, body)
        return await exchange(self._client, request, self.route_id)

    def _describe(self, submission: Submission) -> dict[str, Any]:
        webhooks: dict[str, Any] = {"callbackData": submission.attempt_id}
        address = self._callbacks.address(self._callback, submission.attempt_id)
        if address is not None:
            webhooks["delivery"] = {"url": address}
        number, key = submission.address.removeprefix("+"), submission.idempotency_key
        return {
            "sender": self._sender,
            "destinations": [{"to": number, "messageId": key}],
            "content": {"text": submission.text},
            "webhooks": webhooks,
        }

    def _read_answer(
        self, response: httpx.Response, submissions: Sequence[Submission]
    ) -> list[Result]:
        """Read what came of each message, which the answer names by its id.

        Raises:
            SendError: The request as a whole failed, or its answer cannot be read.
        """
        document = read_object(response.content)
        if not response.is_success or document is None:
            exception = read_part(read_part(document or {}, "requestError"), "serviceException")
            code = read_code(document or {}, "errorCode") or read_code(exception, "messageId")
            raise explain_failure(response, code, self.route_id, self._clock.now())
        told = {str(each.get("messageId")): each for each in read_parts(document, "messages")}
        return [self._read_message(told.get(each.idempotency_key), each) for each in submissions]

    def _read_message(self, told: dict[str, Any] | None, submission: Submission) -> Result:
        if told is None:
            return conclude("unknown", self.route_id, None)
        verdict, code = judge_message(read_part(told, "status"))
        key = submission.idempotency_key
        return conclude(verdict, self.route_id, code, provider_id=key)
