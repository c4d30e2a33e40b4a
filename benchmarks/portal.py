"""How many members one portal serves, and that no answer that it acknowledged is ever lost.

    python -m benchmarks.portal [MEMBERS [RUSH_S [TAPS [KILLS]]]]

Starts `rollcall portal` as a process with a ledger in SQLite (an fsync for each commit) and a chat
of MEMBERS (10,000). Three measurements:

* pages and answers a second over kept connections, beside a Starlette application that reads the
  body and answers nothing, as a process too; medians of 5 runs, in turn. The ratio is the claim.
* a rush: all members open their page and answer within RUSH_S (60), at random moments, each over a
  connection of their own; their waiting times.
* TAPS (100,000) while the portal is killed KILLS (8) times. Who gets no answer taps again; at the
  end every tap must be in the ledger, once.

The caller shares the machine. `python -m benchmarks.portal 300 3 1000 2` takes half a minute.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import uvicorn
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.portal_world import (
    Line,
    Portal,
    World,
    open_chat,
    running_portal,
    wait_until_listening,
    write_answer,
    write_get,
)
from rollcall.ledger.chat_tables import ChatAnswer, ChatMember
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.migrate import migrate_ledger

RUNS = 5
REQUESTS = 2_000
CONNECTIONS = 50
BARE_PORT, PORTAL_PORT = 8723, 8724
DEFAULTS = (10_000, 60, 100_000, 8)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:] == ["bare"]:
        uvicorn.run(make_bare_app(), port=BARE_PORT, log_level="critical", access_log=False)
        return
    asked = [int(one) for one in sys.argv[1:]]
    member_count, rush_s, tap_count, kill_count = (*asked, *DEFAULTS[len(asked) :])
    with opened_chat(member_count) as (ledger, world, folder):
        measure_rates(ledger, world, folder)
    with opened_chat(member_count) as (ledger, world, folder):
        measure_rush(ledger, world, folder, rush_s)
    with opened_chat(member_count) as (ledger, world, folder):
        measure_kills(ledger, world, folder, tap_count, kill_count)


@contextmanager
def opened_chat(member_count: int) -> Iterator[tuple[Ledger, World, Path]]:
    """Make a ledger with a chat in it, in a folder that is removed at the end."""
    with tempfile.TemporaryDirectory() as name:
        ledger = open_ledger(f"sqlite:///{Path(name) / 'ledger.db'}")
        migrate_ledger(ledger)
        yield ledger, open_chat(ledger, member_count), Path(name)
        ledger.close()


def measure_rates(ledger: Ledger, world: World, folder: Path) -> None:
    """Print pages and answers a second, and what a bare application does."""
    chosen = random.Random(5).sample(world.tokens, min(REQUESTS, len(world.tokens)))  # noqa: S311
    kinds = {
        "pages": [write_get(f"/c/{token}") for token in chosen],
        "states": [write_get(f"/c/{token}/state") for token in chosen],
    }
    seconds: dict[str, list[float]] = {}
    with running_bare(), running_portal(folder, PORTAL_PORT):
        for run in range(RUNS + 1):  # the first one warms up
            kinds["answers"] = [write_answer(token) for token in chosen]
            for kind, requests in kinds.items():
                for name, port in (("bare", BARE_PORT), ("portal", PORTAL_PORT)):
                    took_s = asyncio.run(call_all(port, requests))
                    seconds.setdefault(f"{name} {kind}", []).extend([took_s] if run else [])
    require_answers(ledger, (RUNS + 1) * len(chosen))
    print(f"{len(chosen)} requests over {CONNECTIONS} connections, medians of {RUNS}")
    for kind in kinds:
        bare_s, portal_s = median(seconds[f"bare {kind}"]), median(seconds[f"portal {kind}"])
        rates = f"{len(chosen) / portal_s:7.0f}/s, bare {len(chosen) / bare_s:7.0f}/s"
        print(f"  {kind:8} {rates}, ratio {bare_s / portal_s:.2f}")


def require_answers(ledger: Ledger, count: int) -> None:
    """Make sure that so many answers stand in the ledger."""
    with ledger.read() as connection:
        found = connection.execute(select(func.count()).select_from(ChatAnswer)).scalar_one()
    assert found == count, f"{found} answers of {count}"


async def call_all(port: int, requests: Sequence[bytes]) -> float:
    """Make all calls, so many at once; return how long it takes, in seconds."""
    waiting = list(requests)

    async def call_in_turn() -> None:
        line = Line(port)
        while waiting:
            status = await line.send(waiting.pop())
            assert status in (200, 303), status
        line.close()

    started = time.perf_counter()
    await asyncio.gather(*(call_in_turn() for _ in range(CONNECTIONS)))
    return time.perf_counter() - started


def measure_rush(ledger: Ledger, world: World, folder: Path, rush_s: float) -> None:
    """Print how long members wait when all answer in so many seconds."""
    waits: dict[str, list[float]] = {"page": [], "answer": [], "page again": []}

    async def visit(token: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        line = Line(PORTAL_PORT)
        page = write_get(f"/c/{token}")
        for kind, request in zip(waits, (page, write_answer(token), page), strict=True):
            started = time.perf_counter()
            status = await line.send(request)
            waits[kind].append(time.perf_counter() - started)
            assert status in (200, 303), status
        line.close()

    async def visit_all() -> None:
        chance = random.Random(7)  # noqa: S311
        await asyncio.gather(*(visit(one, chance.uniform(0, rush_s)) for one in world.tokens))

    with running_portal(folder, PORTAL_PORT):
        asyncio.run(visit_all())
    require_answers(ledger, len(world.tokens))
    with ledger.read() as connection:
        ok = select(func.count()).where(ChatMember.answer == "ok")
        assert connection.execute(ok).scalar_one() == len(world.tokens)
    print(f"{len(world.tokens)} members open their page and answer within {rush_s} s")
    for kind, seconds in waits.items():
        p50, p99 = (quantiles(seconds, n=100)[at - 1] * 1000 for at in (50, 99))
        print(
            f"  {kind:10} p50 {p50:6.1f} ms, p99 {p99:6.1f} ms, worst {max(seconds) * 1000:6.0f} ms"
        )


def measure_kills(
    ledger: Ledger, world: World, folder: Path, tap_count: int, kill_count: int
) -> None:
    """Print what became of taps while the portal was killed again and again."""
    taps = [world.tokens[number % len(world.tokens)] for number in range(tap_count)]
    waiting = [write_answer(token) for token in taps]
    acknowledged = Counter[int]()
    started = time.perf_counter()
    with running_portal(folder, PORTAL_PORT) as portal:
        asyncio.run(tap_all(portal, waiting, acknowledged, kill_count))
    took_s = time.perf_counter() - started
    with ledger.read() as connection:
        found = connection.execute(select(func.count()).select_from(ChatAnswer)).scalar_one()
        standing = select(func.count()).where(ChatMember.answer == "ok")
        ok_count = connection.execute(standing).scalar_one()
    print(f"{tap_count} taps, the portal killed {kill_count} times, {took_s:.0f} s")
    print(f"  acknowledged {acknowledged[303]}, in the ledger {found}, members OK {ok_count}")
    print(f"  sent again without an answer {acknowledged[0]}, told 503 {acknowledged[503]}")
    assert acknowledged[303] == found == tap_count
    assert ok_count == min(len(world.tokens), tap_count)


async def tap_all(
    portal: Portal, waiting: list[bytes], acknowledged: Counter[int], kill_count: int
) -> None:
    """Send every tap until it is acknowledged, and kill the portal at even distances."""
    total = len(waiting)

    async def tap_in_turn() -> None:
        line = Line(PORTAL_PORT)
        while waiting:
            request = waiting.pop()
            try:
                status = await asyncio.wait_for(line.send(request), 30)
            except (OSError, asyncio.IncompleteReadError):
                status = 0
                line.close()
                await asyncio.sleep(0.05)
            acknowledged[status] += 1
            if status != 303:
                waiting.append(request)
        line.close()

    async def kill() -> None:
        for number in range(1, kill_count + 1):
            wanted = number * total // (kill_count + 1)
            while acknowledged[303] < wanted:  # noqa: ASYNC110 - told by nobody
                await asyncio.sleep(0.005)
            portal.kill()
            portal.start()

    await asyncio.gather(kill(), *(tap_in_turn() for _ in range(CONNECTIONS)))


def make_bare_app() -> Starlette:
    """Return an application that reads what comes and answers."""

    async def read(request: Request) -> Response:
        await request.body()
        return Response()

    return Starlette(
        routes=[
            Route("/c/{token}{rest:path}", read, methods=["GET", "POST"]),
            Route("/healthz", read),
        ]
    )


@contextmanager
def running_bare() -> Iterator[None]:
    """Run the bare application as a process."""
    command = [sys.executable, "-m", "benchmarks.portal", "bare"]
    process = subprocess.Popen(command)  # noqa: S603 - our own
    try:
        wait_until_listening(BARE_PORT)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    main()
