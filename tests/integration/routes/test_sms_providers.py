"""What holds for every provider of SMS, against scripted servers."""

import asyncio
import logging
import socket
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance, AskableRoute
from rollcall.routes.callbacks import CallbackReader
from tests.integration.routes.provider_server import Reply
from tests.integration.routes.sms_providers import (
    NUMBER,
    PROVIDERS,
    FixedClock,
    Provider,
    open_provider,
    submission,
)

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
EACH = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.kind)


async def submit_failing(provider: Provider, reply: Reply | None, **changes: Any) -> SendError:
    clock = FixedClock(NOW)
    async with open_provider(provider.kind, reply, clock=clock, **changes) as (route, server):
        with pytest.raises(SendError) as caught:
            await route.submit(submission())
        assert len(server.seen) <= 1
    return caught.value


@EACH
async def test_taken_message_has_the_providers_id(provider: Provider) -> None:
    async with open_provider(provider.kind, provider.taken) as (route, server):
        acceptance = await route.submit(submission())
    assert acceptance == Acceptance(provider.provider_id, str(provider.taken.status))
    assert len(server.seen) == 1


@EACH
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>hotel</html>",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b'{"messages": [], "data": []}',
        b'{"sid": "", "messages": [{"status": "0", "message-id": ""}], "data": {"id": ""}}',
        b'{"sid": true, "messages": [{"status": 0}], "data": {"id": {}}}',
        b'{"messages": [7, null], "errors": 7, "data": 7}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
async def test_success_without_an_id_is_unknown(provider: Provider, body: bytes) -> None:
    error = await submit_failing(provider, Reply(provider.taken.status, body))
    assert isinstance(error, OutcomeUnknownError)


@EACH
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_failing_server_may_have_sent_it(provider: Provider, status: int) -> None:
    error = await submit_failing(provider, Reply(status, b"<html>"))
    assert isinstance(error, OutcomeUnknownError)
    assert error.provider_code == str(status)


@EACH
async def test_lost_answer_is_unknown(provider: Provider) -> None:
    assert isinstance(await submit_failing(provider, None), OutcomeUnknownError)


@EACH
async def test_answer_that_breaks_off_is_unknown(provider: Provider) -> None:
    cut = Reply(200, b"", {"Transfer-Encoding": "chunked"})
    error = await submit_failing(provider, cut, answer_timeout_s=0.2)
    assert isinstance(error, OutcomeUnknownError)


@EACH
async def test_provider_out_of_reach_was_certainly_not_sent(provider: Provider) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = await submit_failing(provider, provider.taken, base_url=away)
    assert isinstance(error, RouteError)
    assert error.fault == "unavailable"


@EACH
@pytest.mark.parametrize(
    ("wait", "wait_s"), [("7", 7.0), ("Mon, 23 Nov 2026 06:00:30 GMT", 30.0), (None, None)]
)
async def test_throttling_carries_its_wait(
    provider: Provider, wait: str | None, wait_s: float | None
) -> None:
    head = {"Retry-After": wait} if wait else {}
    error = await submit_failing(provider, Reply(429, b"slow down", head))
    assert isinstance(error, RouteError)
    assert (error.fault, error.retry_after_s) == ("throttled", wait_s)


@EACH
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
async def test_plain_refusal_is_of_the_route(provider: Provider, status: int) -> None:
    error = await submit_failing(provider, Reply(status, b"no"))
    assert isinstance(error, RouteError)
    assert (error.fault, error.provider_code) == ("rejected", str(status))


@EACH
async def test_refusal_that_nobody_listed_is_of_the_route_or_unknown(provider: Provider) -> None:
    """Never of the recipient: they would be given up for a code that we cannot read."""
    error = await submit_failing(provider, provider.refuse("98"))
    assert not isinstance(error, RecipientError)
    assert error.provider_code == "98"
    # with HTTP 200 nobody knows whether it was taken all the same
    assert isinstance(error, OutcomeUnknownError) == (provider.kind == "vonage")


@EACH
@pytest.mark.parametrize("is_reached", [True, False])
async def test_errors_and_logs_quote_neither_number_nor_text(
    provider: Provider, caplog: pytest.LogCaptureFixture, *, is_reached: bool
) -> None:
    caplog.set_level(logging.INFO)
    error = await submit_failing(provider, provider.refuse("98") if is_reached else None)
    told = "".join(traceback.format_exception(error)) + caplog.text
    assert NUMBER.lstrip("+") not in told
    assert "Flood" not in told


@EACH
async def test_check_signs_in_and_sends_nothing(provider: Provider) -> None:
    async with open_provider(provider.kind, Reply(200)) as (route, server):
        assert await route.check() == "127.0.0.1 answers (200)"
    assert server.seen[0].startswith(b"GET ")
    assert b"\r\nauthorization: " in server.seen[0].lower()


@EACH
@pytest.mark.parametrize("status", [401, 403])
async def test_check_tells_refused_credentials(provider: Provider, status: int) -> None:
    async with open_provider(provider.kind, Reply(status)) as (route, _):
        with pytest.raises(RouteError, match="refuses our credentials"):
            await route.check()


@EACH
async def test_connections_never_exceed_their_limit(provider: Provider) -> None:
    replies = provider.taken
    async with open_provider(provider.kind, replies, max_connections=3) as (route, server):
        await asyncio.gather(*(route.submit(submission()) for _ in range(30)))
    assert server.connection_count == 3


@EACH
async def test_route_can_what_it_promises(provider: Provider) -> None:
    async with open_provider(provider.kind, provider.taken) as (route, _):
        assert (route.route_id, route.channel) == ("bravo", "sms")
        assert isinstance(route, CallbackReader)
        assert isinstance(route, AskableRoute) == (provider.kind != "vonage")
        await route.aclose()
        await route.aclose()
