"""Each row of the truth table: what happened on the wire, and what the transport says of it."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import trustme

from rollcall.routes.transport import MAX_ANSWER_BYTES, NOT_SENT, AiohttpTransport
from tests.integration.routes.scripted import (
    Script,
    ScriptedServer,
    reset_connection,
    serve_script,
)

SHORT = httpx.Timeout(connect=2.0, read=0.2, write=2.0, pool=2.0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=AiohttpTransport(max_connections=1), timeout=SHORT, trust_env=False
    ) as opened:
        yield opened


async def post(client: httpx.AsyncClient, server: ScriptedServer) -> httpx.Response:
    return await client.post(f"http://127.0.0.1:{server.port}/sms", content=b"hello")


def answer_with(answer: bytes) -> Callable[[ScriptedServer], Script]:
    """Read one request, answer with these bytes, end the connection."""

    def script(server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.read_request(reader)
            writer.write(answer)
            await writer.drain()

        return play

    return script


def hold_for_ever(server: ScriptedServer) -> Script:
    async def play(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        await reader.read()

    return play


def reset_after_request(server: ScriptedServer) -> Script:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        reset_connection(writer)

    return play


async def test_refused_connection_is_not_sent(client: httpx.AsyncClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(httpx.ConnectError) as caught:
            await client.post(f"http://127.0.0.1:{taken.getsockname()[1]}/", content=b"x")
    assert isinstance(caught.value, NOT_SENT)


async def test_unknown_host_is_not_sent(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.ConnectError):
        await client.post("http://carrier.invalid/", content=b"x")


async def test_handshake_that_never_ends_is_not_sent() -> None:
    def never_greet(_: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read()  # a ClientHello comes; nothing is ever answered

        return play

    patience = httpx.Timeout(connect=0.2, read=5.0, write=5.0, pool=5.0)
    async with (
        serve_script(never_greet) as server,
        httpx.AsyncClient(transport=AiohttpTransport(), timeout=patience) as client,
    ):
        with pytest.raises(httpx.ConnectTimeout):
            await client.post(f"https://127.0.0.1:{server.port}/", content=b"x")


async def test_untrusted_certificate_is_not_sent() -> None:
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(served)
    requests: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0, ssl=served)
    async with server, httpx.AsyncClient(transport=AiohttpTransport(), timeout=SHORT) as client:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(httpx.ConnectError):
            await client.post(f"https://127.0.0.1:{port}/", content=b"x")
    assert requests == []


async def test_trusted_certificate_is_answered() -> None:
    authority = trustme.CA()
    served, trusted = (
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
        ssl.create_default_context(),
    )
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusted)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\nx")
        writer.write(OK)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=served)
    transport = AiohttpTransport(tls=trusted)
    async with server, httpx.AsyncClient(transport=transport, timeout=SHORT) as client:
        port = server.sockets[0].getsockname()[1]
        assert (await client.post(f"https://127.0.0.1:{port}/", content=b"x")).text == "ok"


async def test_full_pool_is_not_sent() -> None:
    patience = httpx.Timeout(connect=0.1, read=5.0, write=5.0, pool=0.1)
    async with (
        serve_script(hold_for_ever) as server,
        httpx.AsyncClient(
            transport=AiohttpTransport(max_connections=1), timeout=patience
        ) as client,
    ):
        first = asyncio.create_task(post(client, server))
        await server.wait_until_seen(1)
        with pytest.raises(NOT_SENT):
            await post(client, server)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    assert len(server.seen) == 1


async def test_no_answer_in_time_may_have_been_sent(client: httpx.AsyncClient) -> None:
    async with serve_script(hold_for_ever) as server:
        with pytest.raises(httpx.ReadTimeout) as caught:
            await post(client, server)
    assert not isinstance(caught.value, NOT_SENT)
    assert len(server.seen) == 1


async def test_answer_that_trickles_in_ends_in_time() -> None:
    def trickle(server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                writer.write(b".")
                await asyncio.sleep(0.02)

        return play

    patience = httpx.Timeout(connect=0.1, read=0.1, write=0.1, pool=0.1)
    async with (
        serve_script(trickle) as server,
        httpx.AsyncClient(transport=AiohttpTransport(), timeout=patience) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await post(client, server)


async def test_answer_that_comes_in_parts_is_read_whole(client: httpx.AsyncClient) -> None:
    def answer_in_parts(server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.read_request(reader)
            for part in (OK[:9], OK[9:-2], OK[-2:-1], OK[-1:]):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.01)

        return play

    async with serve_script(answer_in_parts) as server:
        assert (await post(client, server)).content == b"ok"


async def test_body_that_never_comes_may_have_been_sent(client: httpx.AsyncClient) -> None:
    def answer_head(server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.read_request(reader)
            writer.write(OK[:-2])
            await reader.read()

        return play

    async with serve_script(answer_head) as server:
        with pytest.raises(httpx.ReadTimeout):
            await post(client, server)


async def test_reset_after_the_request_may_have_been_sent(client: httpx.AsyncClient) -> None:
    async with serve_script(reset_after_request) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await post(client, server)
    assert len(server.seen) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_broken_request_is_never_repeated_by_the_engine(
    client: httpx.AsyncClient, method: str
) -> None:
    def answer_then_reset(server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.read_request(reader)
            writer.write(OK)
            await server.read_request(reader)
            reset_connection(writer)

        return play

    async with serve_script(answer_then_reset) as server:
        url = f"http://127.0.0.1:{server.port}/sms"
        await client.request(method, url)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.request(method, url)
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{", httpx.ReadError),
        (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", httpx.HTTPError),
        (b"\x00\x01 garbage\r\n\r\n", httpx.RemoteProtocolError),
        (b"", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_ANSWER_BYTES + 1), httpx.ReadError),
    ],
    ids=["truncated body", "broken chunk", "garbage status line", "closed unanswered", "endless"],
)
async def test_broken_answer_may_have_been_sent(
    client: httpx.AsyncClient, answer: bytes, error: type[httpx.HTTPError]
) -> None:
    async with serve_script(answer_with(answer)) as server:
        with pytest.raises(error) as caught:
            await post(client, server)
    assert not isinstance(caught.value, NOT_SENT)
    assert len(server.seen) == 1


async def test_connection_closed_between_requests_costs_nothing(client: httpx.AsyncClient) -> None:
    async with serve_script(answer_with(OK)) as server:  # promises keep-alive, then closes
        for _ in range(3):
            assert (await post(client, server)).text == "ok"
            await server.wait_until_closed()
    assert len(server.seen) == 3


async def test_connection_is_reused(client: httpx.AsyncClient) -> None:
    def keep_answering(server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await server.read_request(reader)
                writer.write(OK)

        return play

    async with serve_script(keep_answering) as server:
        for _ in range(5):
            await post(client, server)
    assert server.connection_count == 1


async def test_redirect_is_an_answer_and_not_followed(client: httpx.AsyncClient) -> None:
    redirect = b"HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with serve_script(answer_with(redirect)) as server:
        assert (await post(client, server)).status_code == 307
    assert len(server.seen) == 1


async def test_request_arrives_as_it_was_built(client: httpx.AsyncClient) -> None:
    async with serve_script(answer_with(OK)) as server:
        await client.post(
            f"http://127.0.0.1:{server.port}/a%2Fb?q=%C3%A9+1",
            content="höhe".encode(),
            headers={"Idempotency-Key": "k1"},
        )
    request = server.seen[0]
    assert request.startswith(b"POST /a%2Fb?q=%C3%A9+1 HTTP/1.1\r\n")
    assert b"idempotency-key: k1\r\n" in request.lower()
    assert request.lower().count(b"content-length: 5") == 1
    assert request.endswith("höhe".encode())


@pytest.mark.parametrize("field", [b"k\r\nX-Evil: 1", b"k\n", b"k\r"])
async def test_line_break_in_a_header_is_refused_before_anything_is_sent(
    client: httpx.AsyncClient, field: bytes
) -> None:
    async with serve_script(answer_with(OK)) as server:
        url = f"http://127.0.0.1:{server.port}/sms"
        with pytest.raises(httpx.LocalProtocolError):
            await client.post(url, content=b"x", headers=[(b"Idempotency-Key", field)])
    assert server.seen == []


async def test_interim_answer_is_passed_over(client: httpx.AsyncClient) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with serve_script(answer_with(interim + OK)) as server:
        answer = await post(client, server)
    assert (answer.status_code, answer.text) == (200, "ok")


async def test_answer_to_head_ends_with_its_head(client: httpx.AsyncClient) -> None:
    async with serve_script(answer_with(OK[:-2])) as server:
        answer = await client.head(f"http://127.0.0.1:{server.port}/sms")
    assert (answer.status_code, answer.content) == (200, b"")
    assert b"content-length" not in server.seen[0].lower()


async def test_a_large_request_arrives_whole(client: httpx.AsyncClient) -> None:
    body = b"0123456789abcdef" * 200_000
    patience = httpx.Timeout(5.0)
    async with serve_script(answer_with(OK)) as server:
        url = f"http://127.0.0.1:{server.port}/sms"
        assert (await client.post(url, content=body, timeout=patience)).text == "ok"
    assert server.seen[0].endswith(b"\r\n\r\n" + body)


async def test_compressed_answer_is_read(client: httpx.AsyncClient) -> None:
    packed = gzip.compress(b'{"id": "m1"}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    async with serve_script(answer_with(head % len(packed) + packed)) as server:
        assert (await post(client, server)).json() == {"id": "m1"}


async def test_close_twice_is_harmless() -> None:
    transport = AiohttpTransport()
    await transport.aclose()
    await transport.aclose()
