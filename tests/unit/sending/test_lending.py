"""Connections that are lent to a further process: in sum never more than the provider allows."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from rollcall.routes.base import Acceptance, Submission
from rollcall.sending.fair_slots import FairSlots
from rollcall.sending.lending import lent
from rollcall.sending.route_book import RouteBook, RouteEntry
from tests.unit.sending.scripted import SUBMISSION, ScriptedRoute


@dataclass
class BusyRoute(ScriptedRoute):
    """Takes its time, and counts how many requests are under way."""

    under_way: int = 0
    kept_to: list[tuple[int, int]] = field(default_factory=list)

    async def submit(self, submission: Submission) -> Acceptance:
        self.under_way += 1
        await asyncio.sleep(0.01)
        self.under_way -= 1
        return await super().submit(submission)

    async def keep_to(self, connections: int) -> None:
        self.kept_to.append((connections, self.under_way))


@dataclass
class BusyBulkRoute(BusyRoute):
    """The same, for three at once."""

    bulk_size: int = 3

    async def submit_bulk(self, submissions: Any) -> list[Acceptance]:
        return [await self.submit(submissions[0])] * len(submissions)


def open_entry(max_connections: int, route: BusyRoute | None = None) -> RouteEntry:
    book = RouteBook()
    book.add(route or BusyRoute("alpha"), max_connections)
    return book.entries["alpha"]


async def try_once(entry: RouteEntry) -> None:
    async with entry.slots.hold("message"):
        await entry.outbox.submit(SUBMISSION)


async def count_most_under_way(entry: RouteEntry) -> int:
    """Make many tries; return how many were under way at once at the most."""
    assert isinstance(entry.route, BusyRoute)
    trying = [asyncio.create_task(try_once(entry)) for _ in range(60)]
    most = 0
    while not all(one.done() for one in trying):
        await asyncio.sleep(0)
        most = max(most, entry.route.under_way)
    await asyncio.gather(*trying)
    return most


@pytest.mark.parametrize("kind", [BusyRoute, BusyBulkRoute])
async def test_what_is_lent_is_not_used_here_until_it_comes_back(kind: type[BusyRoute]) -> None:
    route = kind("alpha")
    entry = open_entry(8, route)
    trying = [asyncio.create_task(try_once(entry)) for _ in range(100)]
    await asyncio.sleep(0.02)
    assert route.under_way == 8
    async with lent([entry], 2) as connections:
        assert connections == {"alpha": 4}
        assert route.under_way <= 4
        [(kept_to, under_way)] = route.kept_to
        assert under_way <= kept_to == 4
        assert await count_most_under_way(entry) == 4
    assert route.kept_to[-1][0] == 8
    assert await count_most_under_way(entry) == 8
    await asyncio.gather(*trying)


async def test_each_of_several_gets_its_share_and_what_is_left_stays_here() -> None:
    entry = open_entry(10)
    async with AsyncExitStack() as stack:
        shares = [await stack.enter_async_context(lent([entry], part)) for part in (4, 3, 2)]
        assert shares == [{"alpha": 2}, {"alpha": 2}, {"alpha": 3}]
        assert entry.own_connections == 3
    assert entry.own_connections == 10


async def test_nothing_is_lent_where_one_route_has_too_few() -> None:
    few, many = open_entry(2), open_entry(20)
    async with lent([few], 2), lent([many, few], 2) as connections:
        assert connections == {}
        assert (many.own_connections, few.own_connections) == (20, 1)


async def test_lending_that_is_given_up_keeps_no_place() -> None:
    entry = open_entry(4)
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(entry.slots.hold("slow"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), lent([entry], 2):
                pytest.fail("three of four are in use")
        assert entry.own_connections == 4
    assert await count_most_under_way(entry) == 4


async def test_what_does_not_become_free_in_time_is_not_lent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rollcall.sending.lending.WITHIN_S", 0.05)
    entry, idle = open_entry(4), open_entry(4)
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(entry.slots.hold("slow"))
        async with lent([idle, entry], 2) as connections:
            assert connections == {}
            assert (entry.own_connections, idle.own_connections) == (4, 4)
            async with asyncio.timeout(1), entry.slots.hold("urgent"):
                assert await count_most_under_way(idle) == 4


async def test_places_that_are_withheld_are_the_first_that_become_free() -> None:
    slots = FairSlots(3)
    for _ in range(3):
        await slots.acquire("message")
    waiting = asyncio.create_task(slots.acquire("message"))
    with slots.withhold(2):
        settling = asyncio.create_task(slots.settle())
        for _ in range(2):
            await asyncio.sleep(0.01)
            assert not settling.done()
            slots.release()
        await asyncio.wait_for(settling, 1)
        assert not waiting.done()
        slots.release()
        await asyncio.wait_for(waiting, 1)
    for _ in range(2):
        await asyncio.wait_for(slots.acquire("message"), 1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(slots.acquire("message"), 0.02)
