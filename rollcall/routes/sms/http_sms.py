"""SMS by any carrier that takes a message with one HTTP request; the rest is configuration."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

import httpx

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.errors import OutcomeUnknownError, RouteError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.settings import HttpSmsSettings
from rollcall.routes.sms.answers import Answer, read_answer
from rollcall.routes.templates import fill_template, fill_text
from rollcall.routes.transport import NOT_SENT, AiohttpTransport
from rollcall.routes.trust import load_trust


class HttpSmsRoute:
    """One account with a carrier.

    Args:
        settings: How the carrier is addressed and understood.
        clock: For the dates in Retry-After.
    """

    channel: Channel = "sms"

    def __init__(self, settings: HttpSmsSettings, clock: Clock | None = None) -> None:
        self.route_id = settings.id
        self._settings = settings
        self._clock = clock or SystemClock()
        self._url = httpx.URL(str(settings.url))
        self._client = _open_client(settings)

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one text message to the carrier.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: The carrier says that the number cannot be reached.
            OutcomeUnknownError: The request left, and no answer told what became of it.
        """
        response = await self._exchange(self._build_request(submission))
        answer = Answer(response.status_code, response.content, response.headers.get("Retry-After"))
        return read_answer(self._settings, answer, self._clock.now())

    async def check(self) -> str:
        """Ask for the headers of the carrier's address, which sends nothing.

        Any HTTP answer will do, since few carriers know HEAD, but not one that refuses us.

        Raises:
            RouteError: The carrier cannot be reached or refuses our credentials.
        """
        headers = self._fill_headers({"reference": "check", "idempotency_key": "check"})
        try:
            response = await self._client.head(self._url, headers=headers)
        except httpx.HTTPError as exc:
            raise RouteError("cannot be reached", self.route_id, None, "unavailable") from exc
        status = response.status_code
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise RouteError("refuses our credentials", self.route_id, str(status), "rejected")
        return f"{self._url.host} answers ({status})"

    async def aclose(self) -> None:
        """Close all connections; safe to call twice."""
        await self._client.aclose()

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._client.send(request)
        # No chain: the engine's errors quote the address, which may hold the number and the text.
        except NOT_SENT as exc:
            raise RouteError(f"not reached, {exc}", self.route_id, None, "unavailable") from None
        except httpx.HTTPError as exc:
            reason = f"the answer was lost ({type(exc).__name__})"
            raise OutcomeUnknownError(reason, self.route_id) from None

    def _build_request(self, submission: Submission) -> httpx.Request:
        """Build the request by hand: a third faster than the client's own way."""
        values = {
            "to": submission.address,
            "text": submission.text,
            "sender": self._settings.sender or "",
            "reference": submission.delivery_id,
            "idempotency_key": submission.idempotency_key,
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


def _open_client(settings: HttpSmsSettings) -> httpx.AsyncClient:
    auth = None
    if settings.username is not None and settings.password is not None:
        auth = httpx.BasicAuth(settings.username, settings.password.get_secret_value())
    return httpx.AsyncClient(
        transport=AiohttpTransport(settings.max_connections, load_trust(settings)),
        auth=auth,
        timeout=httpx.Timeout(settings.answer_timeout_s, connect=settings.connect_timeout_s),
        trust_env=False,  # no proxy and no netrc by accident
    )
