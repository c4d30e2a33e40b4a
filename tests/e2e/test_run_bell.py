"""What the dispatcher hears from Prefect's event stream, of a real server."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled

from rollcall.dispatcher.run_bell import AFTER_S, RunBell
from tests.ports import find_free_port

PATIENCE_S = 30


async def test_a_run_that_is_made_rings(prefect_server: str) -> None:
    with temporary_settings({PREFECT_API_URL: prefect_server}):
        async with get_client() as client, RunBell() as bell:
            await until(lambda: bell.is_heard)
            assert await bell.wait(PATIENCE_S)  # for what was made before
            while await bell.wait(1):
                pass  # what others have made in the last minute
            await make_run(client)
            assert await bell.wait(PATIENCE_S)


async def test_a_ring_is_heard_while_waiting_and_one_before_it_too() -> None:
    bell = RunBell()
    waiting = asyncio.create_task(bell.wait(PATIENCE_S))
    await asyncio.sleep(0)
    bell.ring()
    assert await waiting
    bell.ring()
    assert await bell.wait(0)
    assert not await bell.wait(0)


async def test_whoever_was_rung_for_looks_again_soon() -> None:
    bell = RunBell()
    bell.ring()
    assert await bell.wait(PATIENCE_S)
    began = time.monotonic()
    assert [await bell.wait(PATIENCE_S) for _ in AFTER_S] == [False] * len(AFTER_S)
    assert time.monotonic() - began < PATIENCE_S
    waiting = asyncio.create_task(bell.wait(PATIENCE_S))
    await asyncio.sleep(2 * max(AFTER_S))
    assert not waiting.done()
    bell.ring()
    assert await waiting


async def test_a_server_that_comes_late_or_goes_for_a_while_is_heard_again(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollcall.dispatcher.run_bell.AGAIN_S", 0.05)
    port = find_free_port()
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
        async with RunBell() as bell:
            assert not await bell.wait(0.5)
            assert not bell.is_heard
            for _ in range(2):
                async with relay(port, urlsplit(prefect_server).port):
                    await until(lambda: bell.is_heard)
                    assert await bell.wait(PATIENCE_S)  # for what was made meanwhile
                await until(lambda: not bell.is_heard)


async def until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at, "it never was so"
        await asyncio.sleep(0.05)


async def make_run(client: PrefectClient) -> None:
    @flow(name="nobody-takes-it")
    async def nobody_takes_it() -> None: ...

    await client.create_flow_run(nobody_takes_it, state=Scheduled())


@asynccontextmanager
async def relay(port: int, to_port: int | None) -> AsyncIterator[None]:
    """Be a server on another port for a while; at the end its connections break."""
    writers: list[asyncio.StreamWriter] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", to_port)
        writers.extend((writer, there_writer))
        both = copy(reader, there_writer), copy(there_reader, writer)
        await asyncio.gather(*both, return_exceptions=True)

    server = await asyncio.start_server(take, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*(one.wait_closed() for one in writers), return_exceptions=True)
