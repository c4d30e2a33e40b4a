"""The Apprise route against a real HTTP server, by way of Apprise's own json:// service."""

import asyncio
import logging
import threading
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import ValidationError

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError
from rollcall.routes.apprise import VERDICTS, AppriseRoute, AppriseSettings
from rollcall.routes.base import Acceptance, AskableRoute, BulkRoute, Route
from rollcall.routes.callbacks import CallbackReader
from rollcall.routes.registry import build_route, read_route_settings
from tests.integration.routes.mail_provider import (
    LOST,
    Answer,
    Provider,
    Reply,
    Request,
    serve_provider,
    submission,
)
from tests.integration.routes.scripted import Script, ScriptedServer, serve_script
from tests.people import phone_of
from tests.ports import find_free_port

pytestmark = pytest.mark.filterwarnings(
    "ignore:'imghdr' is deprecated:DeprecationWarning"  # imported by Apprise's plugin for email
)

TAKEN = Reply(200, headers={"Connection": "close"})


def settings(url: str, **changes: Any) -> AppriseSettings:
    plain: dict[str, Any] = {"id": "app", "kind": "apprise", "url": url, "carries": "email"}
    return AppriseSettings.model_validate(plain | {"answer_timeout_s": 5.0} | changes)


@asynccontextmanager
async def open_route(
    answer: Answer, query: str = "", **changes: Any
) -> AsyncIterator[tuple[AppriseRoute, Provider]]:
    async with serve_provider(answer) as (provider, address):
        url = f"json{address.removeprefix('http')}/to/{{to}}{query}"
        route = AppriseRoute(settings(url, **changes))
        yield route, provider
        await route.aclose()


def target_of(request: Request) -> str:
    return unquote(request.target).removeprefix("/to/").rstrip("/")


async def test_message_goes_to_the_recipient_named_in_the_url() -> None:
    async with open_route(lambda _: TAKEN) as (route, service):
        assert await route.submit(submission()) == Acceptance(None)
    (request,) = service.requests
    assert target_of(request) == "p1@example.org"
    told = request.json()
    assert (told["title"], told["message"]) == ("Flood", "Flood: go up.")
    assert request.headers["user-agent"] == "Rollcall"


@pytest.mark.parametrize(("number_format", "to"), [("e164", "+"), ("digits", "")])
async def test_number_is_written_as_the_service_wants_it(number_format: str, to: str) -> None:
    number = phone_of(7)
    changes = {"carries": "sms", "number_format": number_format}
    async with open_route(lambda _: TAKEN, **changes) as (route, service):
        await route.submit(submission(address=number, subject=None))
    assert target_of(service.requests[0]) == to + number.lstrip("+")
    assert service.requests[0].json()["title"] == ""


async def test_text_is_sent_as_it_is() -> None:
    text = "a\\nb <b>&amp; :smile: {to} 洪水 %20 http://x.example/?a=1&b=2"
    async with open_route(lambda _: TAKEN) as (route, service):
        await route.submit(submission(text=text))
    assert service.requests[0].json()["message"] == text


@pytest.mark.parametrize("reply", [Reply(500), Reply(404), Reply(401), Reply(429), LOST])
async def test_what_did_not_work_is_unknown(reply: Reply) -> None:
    async with open_route(lambda _: reply) as (route, service):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(submission())
    assert len(service.requests) == 1


async def test_nobody_there_is_unknown_as_apprise_does_not_say() -> None:
    route = AppriseRoute(settings(f"json://127.0.0.1:{find_free_port()}/{{to}}"))
    with pytest.raises(OutcomeUnknownError):
        await route.submit(submission())
    await route.aclose()


async def test_url_cannot_make_a_failure_a_success_or_send_twice() -> None:
    query = "?optional=yes&retry=3&wait=0"
    async with open_route(lambda _: Reply(500), query) as (route, service):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(submission())
    assert len(service.requests) == 1


async def test_redirect_is_not_followed() -> None:
    def answer(request: Request) -> Reply:
        return Reply(307, headers={"Location": f"http://{request.headers['host']}/elsewhere"})

    async with open_route(answer) as (route, service):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(submission())
    assert len(service.requests) == 1


async def test_unknown_service_is_a_refusal() -> None:
    route = AppriseRoute(settings("nonsense://x/{to}"))
    for call in (route.submit(submission()), route.check()):
        with pytest.raises(RouteError, match="does not understand") as caught:
            await call
        assert caught.value.fault == "rejected"
    await route.aclose()


@pytest.mark.parametrize(
    ("carries", "address"),
    [("email", "nobody"), ("email", "p@x..example"), ("sms", "12345"), ("sms", "+49 30 1")],
)
async def test_address_that_a_service_would_ignore_is_refused(carries: str, address: str) -> None:
    async with open_route(lambda _: TAKEN, carries=carries) as (route, service):
        with pytest.raises(RecipientError):
            await route.submit(submission(address=address))
    assert service.requests == []


async def test_messages_do_not_wait_for_each_other_beyond_the_threads_there_are() -> None:
    server_sees: list[int] = []
    began_at = time.monotonic()
    async with serve_script(CountingScript(server_sees)) as server:
        url = f"json://127.0.0.1:{server.port}/{{to}}"
        route = AppriseRoute(settings(url, max_connections=3))
        several = (route.submit(submission(n)) for n in range(12))
        assert await asyncio.gather(*several) == [Acceptance(None)] * 12
        await route.aclose()
    assert max(server_sees) == 3
    assert time.monotonic() - began_at < 5.0  # Apprise's own pause would be one of 5.5 s


class CountingScript:
    """A service that takes 50 ms to answer and notes how many requests it has at once."""

    def __init__(self, seen: list[int]) -> None:
        self.at_once = 0
        self.seen = seen

    def __call__(self, server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.read_request(reader)
            self.at_once += 1
            self.seen.append(self.at_once)
            await asyncio.sleep(0.05)
            self.at_once -= 1
            writer.write(TAKEN.render())

        return play


def stay_silent(server: ScriptedServer) -> Script:
    async def play(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        await asyncio.Event().wait()

    return play


def trickle(server: ScriptedServer) -> Script:
    """Answer a byte every 0.1 s, so that no wait for the next one is ever too long."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        for byte in b"HTTP/1.1 200":
            writer.write(bytes([byte]))
            await asyncio.sleep(0.1)

    return play


async def test_silence_ends_and_is_unknown() -> None:
    async with serve_script(stay_silent) as server:
        url = f"json://127.0.0.1:{server.port}/{{to}}"
        route = AppriseRoute(settings(url, answer_timeout_s=0.3))
        with pytest.raises(OutcomeUnknownError):
            await route.submit(submission(1))
        await route.aclose()
    assert len(server.seen) == 1


async def test_endless_answer_is_unknown_and_who_gets_no_thread_was_not_sent() -> None:
    limits = {"answer_timeout_s": 0.3, "connect_timeout_s": 0.1, "max_connections": 1}
    async with serve_script(trickle) as server:
        route = AppriseRoute(settings(f"json://127.0.0.1:{server.port}/{{to}}", **limits))
        tries = [asyncio.create_task(route.submit(submission(n))) for n in range(2)]
        first, second = await asyncio.gather(*tries, return_exceptions=True)
        await route.aclose()
        await server.wait_until_closed()
    assert isinstance(first, OutcomeUnknownError)
    assert isinstance(second, RouteError)
    assert second.fault == "unavailable"
    assert len(server.seen) == 1


async def test_no_log_and_no_error_names_the_recipient(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_route(lambda _: Reply(500)) as (route, _):
        with pytest.raises(OutcomeUnknownError) as caught:
            await route.submit(submission())
    told = caplog.text + "".join(traceback.format_exception(caught.value))
    assert not any(secret in told for secret in ("p1@", "p1%40", "go up"))


async def test_check_sends_nothing() -> None:
    async with open_route(lambda _: TAKEN) as (route, service):
        assert "understands the url (JSON)" in await route.check()
    assert service.requests == []


async def test_registry_makes_the_route_that_its_entry_describes() -> None:
    entry = {"id": "app", "kind": "apprise", "url": "json://x.example/{to}", "carries": "sms"}
    route: Route = build_route(read_route_settings(entry), None, "https://x.example")
    assert isinstance(route, AppriseRoute)
    assert route.channel == "sms"
    for ability in (BulkRoute, AskableRoute, CallbackReader):
        assert not isinstance(route, ability)
    await route.aclose()
    await route.aclose()


async def test_closed_route_leaves_no_thread() -> None:
    async with open_route(lambda _: TAKEN, id="closed") as (route, _):
        await route.submit(submission())
    for thread in threading.enumerate():
        if thread.name.startswith("apprise-closed"):
            thread.join(timeout=5.0)
            assert not thread.is_alive()


def test_everything_that_apprise_returns_has_a_meaning() -> None:
    assert VERDICTS == {True: "accepted", False: "unknown", None: "rejected"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"url": "json://x.example/"}, "{to}"),
        ({"url": "json://x.example/{to}/{text}"}, "{to}"),
        ({"url": "{to}"}, "service"),
        ({"carries": "fax"}, "carries"),
        ({"receipts": "carrier", "receipt_secret": "s" * 16}, "receipt_secret"),
        ({"answers_lookups": True}, "answers_lookups"),
        ({"honours_idempotency_key": True}, "honours_idempotency_key"),
        ({"ca_file": "ca.pem"}, "ca_file"),
    ],
)
def test_mistake_in_the_settings_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told) as caught:
        settings(**({"url": "json://x.example/{to}"} | changes))
    assert "x.example" not in str(caught.value)
