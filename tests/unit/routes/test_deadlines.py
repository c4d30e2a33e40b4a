"""Who was not answered in time is told so, and nobody else."""

import asyncio

import pytest
from aiohttp import SocketTimeoutError
from aiohttp.client_proto import ResponseHandler

from rollcall.routes.deadlines import Deadlines

PATIENCE_S = 0.02
LONG_S = 5.0


async def read(protocol: ResponseHandler) -> None:
    async with asyncio.timeout(LONG_S):
        await protocol.read()


async def test_each_that_waits_is_ended_when_its_time_is_over() -> None:
    deadlines = Deadlines(PATIENCE_S)
    loop = asyncio.get_running_loop()
    for _ in range(3):  # the timer is set again after nobody waited
        protocols = [ResponseHandler(loop) for _ in range(3)]
        due_at = [deadlines.start(protocol) for protocol in protocols]
        for protocol, due in zip(protocols, due_at, strict=True):
            with pytest.raises(SocketTimeoutError):
                await read(protocol)
            assert loop.time() >= due


async def test_whoever_was_answered_is_left_alone_and_later_ones_are_ended() -> None:
    deadlines = Deadlines(PATIENCE_S)
    answered, silent = (ResponseHandler(asyncio.get_running_loop()) for _ in range(2))
    deadlines.start(answered)
    deadlines.stop(answered)
    deadlines.start(silent)
    with pytest.raises(SocketTimeoutError):
        await read(silent)
    assert answered.exception() is None


async def test_a_connection_that_is_used_again_gets_its_whole_time() -> None:
    deadlines = Deadlines(PATIENCE_S)
    loop = asyncio.get_running_loop()
    first, reused = ResponseHandler(loop), ResponseHandler(loop)
    deadlines.start(reused)
    deadlines.start(first)
    deadlines.stop(reused)
    due_at = deadlines.start(reused)
    with pytest.raises(SocketTimeoutError):
        await read(reused)
    assert loop.time() >= due_at
    assert first.exception() is not None


async def test_nobody_is_ended_once_all_is_closed() -> None:
    closed, later = Deadlines(PATIENCE_S), Deadlines(2 * PATIENCE_S)
    forgotten, silent = (ResponseHandler(asyncio.get_running_loop()) for _ in range(2))
    closed.start(forgotten)
    later.start(silent)
    closed.close()
    closed.close()
    with pytest.raises(SocketTimeoutError):
        await read(silent)
    assert forgotten.exception() is None
