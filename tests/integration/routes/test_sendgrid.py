"""The SendGrid route against a scripted SendGrid: what arrives there, and what each answer is."""

import asyncio
import base64
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance, BulkRoute, Route
from rollcall.routes.callbacks import Callback, CallbackReader, ForgedCallbackError
from rollcall.routes.email.sendgrid import SendGridRoute, SendGridSettings
from rollcall.routes.email.sendgrid_requests import HTML_MARKER, TEXT_MARKER
from rollcall.routes.registry import build_route, read_route_settings
from tests.integration.routes.mail_provider import (
    LOST,
    NOW,
    SENDER,
    Answer,
    FixedClock,
    Provider,
    Reply,
    Request,
    serve_provider,
    submission,
)
from tests.integration.routes.scripted import Script, ScriptedServer, serve_script

TAKEN = Reply(202, headers={"X-Message-Id": "sg-1"})
PUBLIC_KEY = base64.b64encode(
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


def settings(base_url: str = "https://sendgrid.example", **changes: Any) -> SendGridSettings:
    plain: dict[str, Any] = {
        "id": "sg",
        "kind": "sendgrid",
        "base_url": base_url,
        "api_key": "SG.key",
    }
    plain |= {"sender": SENDER, "answer_timeout_s": 5.0}
    return SendGridSettings.model_validate(plain | changes)


@asynccontextmanager
async def open_route(
    answer: Answer, **changes: Any
) -> AsyncIterator[tuple[SendGridRoute, Provider]]:
    async with serve_provider(answer) as (provider, url):
        route = SendGridRoute(settings(url, **changes), FixedClock())
        yield route, provider
        await route.aclose()


def read_messages(requests: list[Request]) -> dict[str, tuple[str, str, str | None]]:
    """Work out what every recipient gets to read, as SendGrid would; fail if one gets it twice."""
    received: dict[str, tuple[str, str, str | None]] = {}
    for request in requests:
        document = request.json()
        parts = {part["type"]: part["value"] for part in document["content"]}
        for each in document["personalizations"]:
            values = each.get("substitutions", {})
            text = values.get(TEXT_MARKER) if parts["text/plain"] == TEXT_MARKER else None
            html = parts.get("text/html")
            html = values.get(HTML_MARKER) if html == HTML_MARKER else html
            address = each["to"][0]["email"]
            assert address not in received
            subject = each.get("subject", document["subject"])
            received[address] = (subject, text or parts["text/plain"], html)
    return received


async def test_message_is_handed_over_with_our_key() -> None:
    async with open_route(lambda _: TAKEN) as (route, sendgrid):
        assert await route.submit(submission()) == Acceptance("sg-1", "202")
    (request,) = sendgrid.requests
    assert (request.method, request.target) == ("POST", "/v3/mail/send")
    assert request.headers["authorization"] == "Bearer SG.key"
    assert request.headers["content-type"] == "application/json"
    assert read_messages([request]) == {"p1@example.org": ("Flood", "Flood: go up.\n", None)}


async def test_thousand_own_texts_arrive_once_each_with_one_request() -> None:
    several = [
        submission(n, text=f"Text {n}", html=f"<p>{n}</p>", subject=f"S {n}") for n in range(1000)
    ]
    async with open_route(lambda _: TAKEN) as (route, sendgrid):
        outcomes = await route.submit_bulk(several)
    assert outcomes == [Acceptance("sg-1", "202")] * 1000
    assert len(sendgrid.requests) == 1
    assert read_messages(sendgrid.requests) == {
        f"p{n}@example.org": (f"S {n}", f"Text {n}", f"<p>{n}</p>") for n in range(1000)
    }


async def test_thousand_of_few_contents_arrive_once_each_with_few_requests() -> None:
    several = [submission(n, text=f"Text {n % 7}") for n in range(1000)]
    async with open_route(lambda _: TAKEN) as (route, sendgrid):
        await route.submit_bulk(several)
    assert len(sendgrid.requests) == 7
    assert read_messages(sendgrid.requests) == {
        f"p{n}@example.org": ("Flood", f"Text {n % 7}", None) for n in range(1000)
    }


async def test_text_that_holds_a_marker_arrives_as_it_is() -> None:
    text = f"see {TEXT_MARKER} and {HTML_MARKER}"
    several = [submission(1, text=text), submission(2, text="two"), submission(3, text="three")]
    async with open_route(lambda _: TAKEN) as (route, sendgrid):
        await route.submit_bulk(several)
    assert {who: said[1] for who, said in read_messages(sendgrid.requests).items()} == {
        "p1@example.org": text,
        "p2@example.org": "two",
        "p3@example.org": "three",
    }


async def test_two_messages_to_one_address_go_with_two_requests() -> None:
    several = [submission(n, address="p@example.org", text=f"{n}") for n in range(2)]
    async with open_route(lambda _: TAKEN) as (route, sendgrid):
        outcomes = await route.submit_bulk(several)
    assert outcomes == [Acceptance("sg-1", "202")] * 2
    assert len(sendgrid.requests) == 2


def refuse_some(*refused: str) -> Answer:
    def answer(request: Request) -> Reply:
        people = request.json()["personalizations"]
        errors = [
            {"message": "no valid address", "field": f"personalizations.{n}.to.0.email"}
            for n, each in enumerate(people)
            if each["to"][0]["email"] in refused
        ]
        return Reply(400, {"errors": errors}) if errors else TAKEN

    return answer


async def test_one_refused_of_many_is_refused_alone() -> None:
    several = [submission(n, text=f"Text {n}") for n in range(100)]
    async with open_route(refuse_some("p7@example.org", "p42@example.org")) as (route, sendgrid):
        outcomes = await route.submit_bulk(several)
    refused = [n for n, each in enumerate(outcomes) if isinstance(each, RouteError)]
    assert refused == [7, 42]
    assert sum(isinstance(each, Acceptance) for each in outcomes) == 98
    assert [len(each.json()["personalizations"]) for each in sendgrid.requests] == [100, 98]


@pytest.mark.parametrize(
    ("reply", "error", "fault"),
    [
        (Reply(400, {"errors": [{"field": "from"}]}), RouteError, "rejected"),
        (Reply(401, {"errors": []}), RouteError, "rejected"),
        (Reply(403), RouteError, "rejected"),
        (Reply(302, headers={"Location": "https://x.example/"}), RouteError, "rejected"),
        (Reply(429, headers={"X-RateLimit-Reset": "1"}), RouteError, "throttled"),
        (Reply(500), OutcomeUnknownError, None),
        (Reply(503, "<html>"), OutcomeUnknownError, None),
        (Reply(200, "<html>hotel</html>"), OutcomeUnknownError, None),
        (Reply(202, "<html>hotel</html>"), OutcomeUnknownError, None),
        (LOST, OutcomeUnknownError, None),
    ],
)
async def test_answer_is_the_outcome_of_one_and_of_all(
    reply: Reply, error: type[SendError], fault: str | None
) -> None:
    async with open_route(lambda _: reply) as (route, sendgrid):
        with pytest.raises(error) as caught:
            await route.submit(submission())
        outcomes = await route.submit_bulk([submission(n) for n in range(3)])
    assert getattr(caught.value, "fault", None) == fault
    assert [type(outcome) for outcome in outcomes] == [error] * 3
    assert len(sendgrid.requests) == 2


async def test_lost_answer_leaves_the_other_requests_of_a_bulk_alone() -> None:
    def answer(request: Request) -> Reply:
        return LOST if b"text/html" in request.body else TAKEN

    several = [submission(1), submission(2, html="<p>"), submission(3, address="nobody")]
    async with open_route(answer) as (route, _):
        outcomes = await route.submit_bulk(several)
    assert [type(each) for each in outcomes] == [Acceptance, OutcomeUnknownError, RecipientError]


async def test_silence_ends_and_is_unknown() -> None:
    async with serve_script(stay_silent) as server:
        route = SendGridRoute(settings(f"http://127.0.0.1:{server.port}", answer_timeout_s=0.2))
        with pytest.raises(OutcomeUnknownError):
            await route.submit(submission())
        await route.aclose()
    assert len(server.seen) == 1


def stay_silent(server: ScriptedServer) -> Script:
    async def play(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        await asyncio.Event().wait()

    return play


async def test_request_that_is_too_much_goes_in_parts() -> None:
    def answer(request: Request) -> Reply:
        return TAKEN if len(request.body) < 20_000 else Reply(413)

    several = [submission(n, text=f"Text {n} " + "x" * 1000) for n in range(100)]
    async with open_route(answer) as (route, provider):
        outcomes = await route.submit_bulk(several)
    assert {type(outcome) for outcome in outcomes} == {Acceptance}
    taken = [each for each in provider.requests if len(each.body) < 20_000]
    assert len(read_messages(taken)) == 100


async def test_errors_quote_neither_address_nor_text_nor_key() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        route = SendGridRoute(settings(f"http://127.0.0.1:{taken.getsockname()[1]}"))
        with pytest.raises(RouteError) as caught:
            await route.submit(submission())
        await route.aclose()
    assert caught.value.fault == "unavailable"
    told = "".join(traceback.format_exception(caught.value))
    assert not any(secret in told for secret in ("p1@", "go up", "SG.key"))


async def test_check_asks_what_the_key_may_do() -> None:
    async with open_route(lambda _: Reply(200, {"scopes": ["mail.send"]})) as (route, sendgrid):
        assert await route.check() == "127.0.0.1 answers (200)"
    (request,) = sendgrid.requests
    assert (request.method, request.target) == ("GET", "/v3/scopes")
    assert request.headers["authorization"] == "Bearer SG.key"


@pytest.mark.parametrize("status", [401, 403])
async def test_check_tells_a_refused_key(status: int) -> None:
    async with open_route(lambda _: Reply(status)) as (route, _):
        with pytest.raises(RouteError, match="refuses our credentials"):
            await route.check()


async def test_unsigned_events_are_refused_and_signed_ones_read() -> None:
    secret = {"receipt_secret": "s" * 16, "receipts": "carrier", "webhook_public_key": PUBLIC_KEY}
    route = SendGridRoute(settings(**secret))
    body = b'[{"event": "delivered", "rollcall_attempt": "a-1"}]'
    callback = Callback("POST", "https://x.example/", {}, body)
    with pytest.raises(ForgedCallbackError):
        route.verify(callback, NOW)
    assert [receipt.reference for receipt in route.read_receipts(callback)] == ["a-1"]
    assert route.read_inbound(callback) == []
    await route.aclose()


async def test_registry_makes_the_route_that_its_entry_describes() -> None:
    entry = settings().model_dump(exclude={"api_key"}) | {"api_key": "SG.key"}
    route: Route = build_route(read_route_settings(entry), FixedClock(), "https://x.example")
    assert isinstance(route, SendGridRoute)
    assert isinstance(route, BulkRoute)
    assert isinstance(route, CallbackReader)
    assert (route.channel, route.bulk_size) == ("email", 1000)
    await route.aclose()
    await route.aclose()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"receipt_secret": "s" * 16}, "webhook_public_key"),
        ({"webhook_public_key": "x"}, "webhook_public_key"),
        ({"answers_lookups": True}, "answers_lookups"),
        (
            {
                "receipts": "handset",
                "receipt_secret": "s" * 16,
                "webhook_public_key": PUBLIC_KEY,
            },
            "receipts",
        ),
        ({"api_key": "with blank"}, "api_key"),
        ({"api_key": ""}, "api_key"),
        ({"sender": "nobody"}, "sender"),
        ({"new": 1}, "new"),
    ],
)
def test_mistake_in_the_settings_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**changes)
