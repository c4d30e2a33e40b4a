"""The portal as a real process: killed in the middle, told to end, and what its log tells."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from rollcall.clock import SystemClock
from rollcall.ledger.engine import Ledger
from rollcall.routes.callbacks import InboundText
from tests.integration.portal.conftest import count_receipts, read_references
from tests.integration.portal.processes import PortalProcess
from tests.integration.portal.scripted import (
    KEY,
    PUBLIC_URL,
    SECRET,
    SIGNATURE,
    inbound_body,
    report_body,
    sign,
)
from tests.people import phone_of

RECEIPTS = 5_000
KILLS = 3
CALLERS = 30
PATIENCE_S = 400
PATH = f"/receipts/alpha/{SECRET}"
JSON = {"content-type": "application/json"}


@asynccontextmanager
async def calling(portal: PortalProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=portal.base_url, timeout=30, trust_env=False) as client:
        yield client


def signed(body: bytes, path: str = PATH) -> dict[str, str]:
    return JSON | sign(PUBLIC_URL + path, body, SystemClock().now())


async def report_all(port: int, waiting: list[str], answered: set[str]) -> None:
    """Report over one connection, again and again until everything was answered with 200."""
    while waiting:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)  # the portal is away: knock again
            continue
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while waiting:
                reference = waiting.pop()
                body = report_body([reference])
                try:
                    writer.write(_raw_request(body, len(body)) + body)
                    head = await reader.readuntil(b"\r\n\r\n")
                    assert head.startswith(b"HTTP/1.1 200 ")
                    answered.add(reference)
                finally:
                    if reference not in answered:
                        waiting.append(reference)
        writer.close()


async def test_killed_again_and_again_it_has_everything_it_ever_said_200_to(
    portal: PortalProcess, ledger: Ledger
) -> None:
    answered: set[str] = set()
    waiting = [f"a-{number}" for number in range(RECEIPTS)]

    async with asyncio.timeout(PATIENCE_S):
        calls = [
            asyncio.create_task(report_all(portal.port, waiting, answered)) for _ in range(CALLERS)
        ]
        for kill in range(1, KILLS + 1):
            while len(answered) < kill * RECEIPTS // (KILLS + 1):
                await asyncio.wait(calls, timeout=0.01)
            portal.kill()
            promised = set(answered)
            assert promised <= read_references(ledger)
            portal.start_again()
        await asyncio.gather(*calls)

    assert read_references(ledger) == answered == {f"a-{number}" for number in range(RECEIPTS)}
    assert count_receipts(ledger) == RECEIPTS


async def test_what_is_being_handed_over_at_sigterm_is_answered_and_kept(
    portal: PortalProcess, ledger: Ledger
) -> None:
    body = report_body(["a-1"])
    head, tail = _raw_request(body, len(body)), body
    reader, writer = await asyncio.open_connection("127.0.0.1", portal.port)
    writer.write(head + tail[:5])
    await writer.drain()
    await _wait_until_refused_elsewhere(portal)
    writer.write(tail[5:])
    await writer.drain()
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert portal.process.wait(timeout=20) == 0
    assert read_references(ledger) == {"a-1"}


async def test_a_body_that_is_too_large_is_refused_before_it_comes(portal: PortalProcess) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", portal.port)
    writer.write(_raw_request(b"", 10_000_000_000))
    await writer.drain()
    async with asyncio.timeout(20):
        answer = await reader.read()  # to the end: the connection is closed
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"\r\n\r\n")


async def test_nothing_secret_or_personal_is_ever_logged(
    talkative_portal: PortalProcess, ledger: Ledger
) -> None:
    portal = talkative_portal
    report, number = report_body(["reference-a-1"]), phone_of(7)
    stop = inbound_body(InboundText(number, phone_of(8), "STOP", "text-1"))
    inbound = f"/inbound/alpha/{SECRET}"
    query = f"{PATH}?ref=query-a-2"
    bad = report_body(["reference-bad"], at="2026-11-23T06:00:00")
    calls = (
        (PATH, report, signed(report), 200),
        (query, report, signed(report, query), 200),
        (inbound, stop, signed(stop, inbound), 200),
        (PATH, report, JSON | {SIGNATURE: "f" * 64}, 403),
        (PATH, b"{canary-body", signed(b"{canary-body"), 400),
        (PATH, bad, signed(bad), 503),
        (PATH + "x", report, signed(report), 404),
        (PATH, b"canary-body" * 9_999, JSON, 413),
    )
    async with calling(portal) as http:
        for path, body, headers, status in calls:
            answered = await http.post(path, content=body, headers=headers)
            assert answered.status_code == status
    await _say_nonsense(portal)
    portal.terminate()
    assert portal.process.wait(timeout=20) == 0
    assert "callback is forged" in portal.logged
    assert "DEBUG" in portal.logged
    assert count_receipts(ledger) == 1
    canaries = (
        SECRET, KEY.decode(), "canary-body", "reference-", "query-a-2", "STOP", "text-1",
        number, number.removeprefix("+1"), "2026-11-23T06",
    )  # fmt: skip
    assert [one for one in canaries if one in portal.logged] == []


def _raw_request(body: bytes, length: int) -> bytes:
    fields = {"host": "portal", "content-length": str(length)} | signed(body)
    lines = [f"POST {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def _say_nonsense(portal: PortalProcess) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", portal.port)
    writer.write(f"POST {PATH} canary-body\r\n\r\n".encode())
    async with asyncio.timeout(20):
        assert b" 400 " in await reader.read()
    writer.close()


async def _wait_until_refused_elsewhere(portal: PortalProcess) -> None:
    """Ask the portal to end, and return when it takes no new connection."""
    portal.terminate()
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", portal.port)
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.02)
