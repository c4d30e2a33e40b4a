import asyncio

import pytest

from rollcall.sending.fair_slots import FairSlots


async def work(slots: FairSlots, key: str, done: list[str]) -> None:
    async with slots.hold(key):
        done.append(key)
        await asyncio.sleep(0)


async def test_a_small_message_is_not_stuck_behind_a_large_one() -> None:
    slots, done = FairSlots(1), list[str]()
    large = [asyncio.create_task(work(slots, "large", done)) for _ in range(100)]
    await asyncio.sleep(0)
    small = [asyncio.create_task(work(slots, "small", done)) for _ in range(3)]
    await asyncio.gather(*large, *small)
    assert max(place for place, key in enumerate(done) if key == "small") <= 8
    assert len(done) == 103


@pytest.mark.parametrize("places", [1, 3])
async def test_never_more_at_once_than_there_are_places(places: int) -> None:
    slots, running, most = FairSlots(places), 0, 0

    async def hold() -> None:
        nonlocal running, most
        async with slots.hold("message"):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(hold() for _ in range(20)))
    assert most == places


async def test_who_gives_up_waiting_takes_no_place_along() -> None:
    slots, done = FairSlots(1), list[str]()
    async with slots.hold("first"):
        waiting = [asyncio.create_task(work(slots, "gone", done)) for _ in range(3)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.wait_for(work(slots, "next", done), 1)
    assert done == ["next"]


async def test_who_gives_up_in_the_moment_of_being_served_hands_the_place_on() -> None:
    slots, done = FairSlots(1), list[str]()
    async with slots.hold("first"):
        gone = asyncio.create_task(work(slots, "gone", done))
        await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await asyncio.wait_for(work(slots, "next", done), 1)
    assert done == ["next"]
