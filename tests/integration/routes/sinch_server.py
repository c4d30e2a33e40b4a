"""A scripted Sinch, and the route to it."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sinch.domains.sms.models.v1.shared.text_request import (  # type: ignore[import-untyped]  # no type hints
    TextRequest,
)

from rollcall.errors import SendError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.callbacks import Callback
from rollcall.routes.registry import build_route, read_route_settings
from rollcall.routes.sms.sinch import SinchRoute
from tests.integration.routes.providers import (
    Answer,
    Provider,
    Reply,
    Request,
    StoppedClock,
    serve_provider,
)

PUBLIC_URL = "https://alerts.example.org"
PATH = "/xms/v1/plan/batches"
Number = Annotated[str, Field(pattern=r"^[1-9][0-9]{6,14}$")]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,16}$")]
Value = Annotated[str, Field(min_length=1, max_length=160)]


class BatchRequest(BaseModel):
    """A batch as the vendor describes it; what it does not describe is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sender: Annotated[str, Field(alias="from")]
    to: Annotated[list[Number], Field(min_length=1, max_length=1000)]
    body: Annotated[str, Field(max_length=2000)]
    parameters: dict[Key, dict[Number, Value]] = {}
    client_reference: Annotated[str, Field(max_length=128)]
    delivery_report: Literal["none", "per_recipient"]
    callback_url: Annotated[str, Field(pattern=r"^https://", max_length=2048)] | None = None

    def render(self, number: str) -> str:
        """Put a recipient's parameters in, as Sinch does."""
        text = self.body
        for name, values in self.parameters.items():
            text = text.replace(f"${{{name}}}", values[number], 1)
        return text


def read_batch(request: Request) -> BatchRequest:
    assert (request.method, request.target) == ("POST", PATH)
    assert request.headers["authorization"] == "Bearer token"
    assert request.headers["content-type"] == "application/json"
    TextRequest.model_validate_json(request.body)  # the vendor's own model of it
    batch = BatchRequest.model_validate_json(request.body)
    assert len(set(batch.to)) == len(batch.to)
    return batch


class Sinch:
    """Takes batches, and echoes them with an id as Sinch does."""

    def __init__(self) -> None:
        self.batches: list[BatchRequest] = []

    def __call__(self, request: Request) -> Reply:
        self.batches.append(read_batch(request))
        echo = request.json() | {"id": f"01BATCH{len(self.batches)}", "canceled": False}
        return Reply(201, echo)

    def arrived(self) -> list[tuple[str, str]]:
        return [(number, each.render(number)) for each in self.batches for number in each.to]


def answer_with(reply: Reply) -> Answer:
    return lambda _: reply


@asynccontextmanager
async def open_route(answer: Answer, **changes: Any) -> AsyncIterator[tuple[SinchRoute, Provider]]:
    async with serve_provider(answer) as provider:
        plain = {
            "id": "bravo",
            "kind": "sinch",
            "base_url": f"http://127.0.0.1:{provider.port}",
            "service_plan_id": "plan",
            "api_token": "token",
            "sender": "Rollcall",
            "answer_timeout_s": 20,
            "receipt_secret": "s" * 32,
            "webhook_secret": "secret",
            "bulk_size": 1000,
        }
        settings = read_route_settings(plain | changes)
        route = build_route(settings, StoppedClock(), PUBLIC_URL)
        assert isinstance(route, SinchRoute)
        try:
            yield route, provider
        finally:
            await route.aclose()
            await route.aclose()


NO_RECEIPTS: dict[str, Any] = {"receipt_secret": None, "webhook_secret": None}


def expected(messages: Sequence[Submission]) -> list[tuple[str, str]]:
    return [(each.address.removeprefix("+"), each.text) for each in messages]


def accepted(results: Sequence[Acceptance | SendError]) -> list[str]:
    assert [each for each in results if not isinstance(each, Acceptance)] == []
    return [str(each.provider_id) for each in results if isinstance(each, Acceptance)]


def report_to(url: str, number: str, **changes: Any) -> Callback:
    told = {
        "type": "recipient_delivery_report_sms",
        "at": "2026-11-23T06:00:00.000Z",
        "batch_id": "01UNHEARDOF",
        "client_reference": "bulk-x",
        "code": 0,
        "recipient": number,
        "status": "Delivered",
    }
    return Callback("POST", url, {}, json.dumps(told | changes).encode())
