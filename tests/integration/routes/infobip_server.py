"""A scripted Infobip, and the route to it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from rollcall.errors import SendError
from rollcall.routes.base import Acceptance
from rollcall.routes.registry import build_route, read_route_settings
from rollcall.routes.sms.infobip import InfobipRoute
from tests.integration.routes.providers import (
    Answer,
    Provider,
    Reply,
    Request,
    StoppedClock,
    serve_provider,
)

PUBLIC_URL = "https://alerts.example.org"
PENDING = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED"}


class Strict(BaseModel):
    """A part of a request as the vendor describes it; what it does not describe is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Destination(Strict):
    to: Annotated[str, Field(pattern=r"^[1-9][0-9]{6,14}$")]
    messageId: Annotated[str, Field(max_length=200)]  # noqa: N815 - the vendor's name


class Content(Strict):
    text: str


class Delivery(Strict):
    url: Annotated[str, Field(pattern=r"^https://")]


class Webhooks(Strict):
    delivery: Delivery | None = None
    callbackData: Annotated[str, Field(max_length=4000)]  # noqa: N815 - the vendor's name


class Message(Strict):
    sender: str
    destinations: Annotated[list[Destination], Field(min_length=1)]
    content: Content
    webhooks: Webhooks


class Envelope(Strict):
    messages: Annotated[list[Message], Field(min_length=1)]


def read_envelope(request: Request) -> Envelope:
    assert (request.method, request.target) == ("POST", "/sms/3/messages")
    assert request.headers["authorization"] == "App key"
    assert request.headers["content-type"] == "application/json"
    return Envelope.model_validate_json(request.body)


def answer_each(statuses: dict[str, dict[str, Any]] | None = None) -> Answer:
    """Answer for each message, by its id, with a status; with "pending" where none is given."""

    def answer(request: Request) -> Reply:
        told = []
        for message in read_envelope(request).messages:
            key = message.destinations[0].messageId
            told.append({"messageId": key, "status": (statuses or {}).get(key, PENDING)})
        return Reply(200, {"bulkId": "b", "messages": told[::-1]})  # in no order that helps

    return answer


def answer_with(reply: Reply) -> Answer:
    return lambda _: reply


@asynccontextmanager
async def open_route(
    answer: Answer, **changes: Any
) -> AsyncIterator[tuple[InfobipRoute, Provider]]:
    async with serve_provider(answer) as provider:
        plain = {
            "id": "bravo",
            "kind": "infobip",
            "base_url": f"http://127.0.0.1:{provider.port}",
            "api_key": "key",
            "sender": "Rollcall",
            "answer_timeout_s": 20,
            "receipt_secret": "s" * 16,
            "webhook_username": "infobip",
            "webhook_password": "password",
        }
        settings = read_route_settings(plain | changes)
        route = build_route(settings, StoppedClock(), PUBLIC_URL)
        assert isinstance(route, InfobipRoute)
        try:
            yield route, provider
        finally:
            await route.aclose()
            await route.aclose()


def accepted(results: Sequence[Acceptance | SendError]) -> list[Acceptance]:
    assert all(isinstance(each, Acceptance) for each in results)
    return [each for each in results if isinstance(each, Acceptance)]
