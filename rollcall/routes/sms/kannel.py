"""SMS by a Kannel gateway of one's own (kannel.org), with its delivery reports and inbound texts.

Kannel takes a message into a queue of its own and answers at once; what became of it is known from
its reports alone. It gives no id with the answer, so reports are matched by our reference, which
stands in the address that they come to.
"""

from datetime import datetime
from urllib.parse import quote, urlencode

import httpx

from rollcall.clock import Clock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.domain.segments import non_gsm_characters
from rollcall.errors import OutcomeUnknownError, RouteError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback, InboundText, callback_url
from rollcall.routes.http import HttpRoute, exchange, open_client
from rollcall.routes.sms.kannel_answers import read_sendsms_answer, read_status
from rollcall.routes.sms.kannel_callbacks import (
    DLR_MASK,
    dlr_url,
    read_report,
    read_text,
    verify_callback,
)
from rollcall.routes.sms.kannel_settings import KannelSettings
from rollcall.routes.whole import WholeRequest

UCS2 = "2"
"""sendsms's `coding` for what the GSM alphabet lacks; without it Kannel sends question marks."""


class KannelRoute(HttpRoute):
    """One sendsms-user of a Kannel gateway.

    Args:
        settings: How the gateway is addressed.
        clock: Not needed: Kannel tells no time to wait.
        callback: Where it reports, without the reference; None where it does not.
    """

    channel: Channel = "sms"

    def __init__(
        self,
        settings: KannelSettings,
        clock: Clock | None = None,  # noqa: ARG002 - routes are all made alike
        callback: str | None = None,
    ) -> None:
        self.route_id = settings.id
        self._settings = settings
        self._callback = callback
        self._url = httpx.URL(str(settings.url))
        self._client = open_client(settings)

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one text message to the gateway.

        Raises:
            RouteError: Not taken, and certainly not sent.
            OutcomeUnknownError: The request left, and no answer told what became of it.
        """
        url = self._url.copy_with(query=self._build_query(submission))
        request = WholeRequest("GET", url)
        response = await exchange(self._client, request, self.route_id)
        return read_sendsms_answer(self._settings, response.status_code, response.content)

    async def check(self) -> str:
        """Ask for the gateway's status page, or else whether its smsbox answers; sends nothing.

        Raises:
            RouteError: It cannot be reached, refuses the password, or no message centre is
                connected.
        """
        if self._settings.status_url is None:
            # Kannel knows no HEAD and answers 403: this proves that it is there, and nothing else
            await self._ask(httpx.Request("HEAD", self._url))
            return f"{self._url.host} answers; without status_url nothing more is known"
        response = await self._ask(httpx.Request("GET", str(self._settings.status_url)))
        return read_status(self._settings, response.status_code, response.content)

    def verify(self, callback: Callback, now: datetime) -> None:
        """Make sure that a callback comes to an address that we gave out.

        Raises:
            ForgedCallbackError: Its code or token is missing or wrong.
        """
        del now  # nothing that Kannel sends is signed with a time
        verify_callback(self._settings, callback)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """Return what a delivery report says; empty for an inbound text.

        Raises:
            MalformedCallbackError: Its state is none of Kannel's.
        """
        receipt = read_report(self._settings, callback)
        return [receipt] if receipt else []

    def read_inbound(self, callback: Callback) -> list[InboundText]:
        """Return the text that a recipient sent; empty for a delivery report."""
        text = read_text(callback)
        return [text] if text else []

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        try:
            return await exchange(self._client, request, self.route_id)
        except OutcomeUnknownError:  # nothing was sent that could have an outcome
            raise RouteError("does not answer", self.route_id, None, "unavailable") from None

    def _build_query(self, submission: Submission) -> bytes:
        settings = self._settings
        fields = {
            "username": settings.username,
            "password": settings.password.get_secret_value(),
            "from": settings.sender,
            "to": submission.address,
            "text": submission.text,
            "charset": "UTF-8",
        }
        if non_gsm_characters(submission.text):
            fields["coding"] = UCS2
        if settings.smsc is not None:
            fields["smsc"] = settings.smsc
        if settings.validity_min is not None:
            fields["validity"] = str(settings.validity_min)
        address = callback_url(self._callback, submission.attempt_id)
        if address is not None:
            fields["dlr-mask"] = str(DLR_MASK)
            fields["dlr-url"] = dlr_url(settings, address, submission.attempt_id)
        return urlencode(fields, quote_via=quote).encode()
