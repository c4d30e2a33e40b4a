"""The HTTP route against a scripted carrier: what it sends, and that errors quote nobody."""

import asyncio
import json
import logging
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from rollcall.errors import OutcomeUnknownError, RouteError
from rollcall.routes.base import Submission
from rollcall.routes.sms.http_settings import HttpSmsSettings
from rollcall.routes.sms.http_sms import HttpSmsRoute
from tests.integration.routes.scripted import (
    Script,
    ScriptedServer,
    reset_connection,
    serve_script,
)

NASTY = 'Flood &to=+1 "}]}, {to} \r\nX-Evil: 1 洪水 %00'
NUMBER = "+4912345678901"


def submission(text: str = NASTY) -> Submission:
    return Submission("d-1", "a-1", "d-1/bravo", NUMBER, text)


def settings(port: int, **changes: Any) -> HttpSmsSettings:
    plain = {
        "id": "bravo",
        "kind": "http_sms",
        "url": f"http://127.0.0.1:{port}/sms?v=1",
        "headers": {"Idempotency-Key": "{idempotency_key}", "X-Ref": "{reference}"},
        "body": {"to": "{to}", "text": "{text}", "n": 1},
        "answer_timeout_s": 0.3,
    }
    return HttpSmsSettings.model_validate(plain | changes)


class AnswerScript:
    """Answers every request on a connection the same way; None ends the connection instead."""

    def __init__(self, status: int | None = 202, head: str = "", body: bytes = b"{}") -> None:
        self.status, self.head, self.body = status, head, body

    def __call__(self, server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await server.read_request(reader)
                if self.status is None:
                    reset_connection(writer)
                    return
                head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.body)}\r\n"
                writer.write(f"{head}{self.head}\r\n".encode() + self.body)

        return play


@asynccontextmanager
async def open_route(
    script: AnswerScript, **changes: Any
) -> AsyncIterator[tuple[HttpSmsRoute, ScriptedServer]]:
    async with serve_script(script) as server:
        route = HttpSmsRoute(settings(server.port, **changes))
        yield route, server
        await route.aclose()


def split_request(request: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, dict(line.lower().split(": ", 1) for line in lines), body


async def test_json_carries_the_text_whatever_is_in_it() -> None:
    async with open_route(AnswerScript()) as (route, server):
        await route.submit(submission())
    first, headers, body = split_request(server.seen[0])
    assert first == "POST /sms?v=1 HTTP/1.1"
    assert headers["content-type"] == "application/json"
    assert headers["idempotency-key"] == "d-1/bravo"
    assert headers["x-ref"] == "d-1"
    assert "x-evil" not in headers
    assert json.loads(body) == {"to": NUMBER, "text": NASTY, "n": 1}


async def test_form_carries_the_text_whatever_is_in_it() -> None:
    async with open_route(AnswerScript(), body_format="form") as (route, server):
        await route.submit(submission())
    _, headers, body = split_request(server.seen[0])
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode()) == {"to": [NUMBER], "text": [NASTY], "n": ["1"]}


async def test_query_carries_the_text_whatever_is_in_it() -> None:
    async with open_route(AnswerScript(), body_format="query", method="GET") as (route, server):
        await route.submit(submission())
    first, _, body = split_request(server.seen[0])
    method, target, _ = first.split(" ")
    assert method == "GET"
    assert parse_qs(urlsplit(target).query) == {
        "v": ["1"],
        "to": [NUMBER],
        "text": [NASTY],
        "n": ["1"],
    }
    assert body == b""


async def test_basic_authentication_is_sent() -> None:
    async with open_route(AnswerScript(), username="u", password="p") as (route, server):
        await route.submit(submission())
    assert split_request(server.seen[0])[1]["authorization"] == "basic dtpw"


async def test_own_content_type_is_kept() -> None:
    headers = {"content-type": "application/vnd.carrier+json"}
    async with open_route(AnswerScript(), headers=headers) as (route, server):
        await route.submit(submission())
    assert server.seen[0].lower().count(b"content-type") == 1
    assert b"vnd.carrier" in server.seen[0]


async def test_redirect_is_a_refusal() -> None:
    script = AnswerScript(302, "Location: https://elsewhere.example/\r\n")
    async with open_route(script) as (route, server):
        with pytest.raises(RouteError) as caught:
            await route.submit(submission())
    assert (caught.value.fault, caught.value.provider_code) == ("rejected", "302")
    assert len(server.seen) == 1


async def test_retry_after_date_is_read() -> None:
    script = AnswerScript(429, "Retry-After: Fri, 31 Dec 2999 23:59:59 GMT\r\n")
    async with open_route(script) as (route, _):
        with pytest.raises(RouteError) as caught:
            await route.submit(submission())
    assert caught.value.fault == "throttled"
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 1e9


async def test_server_error_is_unknown() -> None:
    async with open_route(AnswerScript(503)) as (route, _):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(submission())


async def test_no_log_holds_the_number_that_a_query_carries(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with open_route(AnswerScript(), body_format="query", method="GET") as (route, _):
        await route.submit(submission())
    assert NUMBER.lstrip("+") not in caplog.text


@pytest.mark.parametrize("is_down", [True, False])
async def test_errors_quote_neither_number_nor_text(*, is_down: bool) -> None:
    changes: dict[str, Any] = {"body_format": "query", "method": "GET"}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if is_down:
            changes["url"] = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        async with open_route(AnswerScript(None), **changes) as (route, _):
            with pytest.raises((RouteError, OutcomeUnknownError)) as caught:
                await route.submit(submission())
    told = "".join(traceback.format_exception(caught.value))
    assert NUMBER.lstrip("+") not in told
    assert "Flood" not in told
    assert isinstance(caught.value, RouteError) == is_down


@pytest.mark.parametrize("status", [200, 404, 405, 503])
async def test_check_is_content_with_any_answer(status: int) -> None:
    async with open_route(AnswerScript(status, body=b"")) as (route, server):
        assert await route.check() == f"127.0.0.1 answers ({status})"
    assert server.seen[0].startswith(b"HEAD /sms?v=1 HTTP/1.1\r\n")


@pytest.mark.parametrize("status", [401, 403])
async def test_check_tells_refused_credentials(status: int) -> None:
    async with open_route(AnswerScript(status, body=b"")) as (route, _):
        with pytest.raises(RouteError, match="refuses our credentials"):
            await route.check()


async def test_connections_never_exceed_their_limit() -> None:
    async with open_route(AnswerScript(), max_connections=3, answer_timeout_s=5) as (route, server):
        await asyncio.gather(*(route.submit(submission()) for _ in range(50)))
    assert server.connection_count == 3


async def test_close_twice_is_harmless() -> None:
    async with open_route(AnswerScript()) as (route, _):
        await route.submit(submission())
        await route.aclose()
        await route.aclose()
