"""Connections that this process leaves to a further one, for as long as that one is there.

A provider allows so many connections; it does not matter of which process they are. What is lent is
held here, as if tries were under way over it: in sum there are never more than are configured.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from rollcall.sending.outbox import LENT
from rollcall.sending.route_book import RouteEntry


@asynccontextmanager
async def lent(entries: Sequence[RouteEntry], share: int) -> AsyncIterator[dict[str, int]]:
    """Lend a part of the connections of some routes while in this context.

    It is entered when they are free: no try is under way over them, and none is open and idle.

    Args:
        entries: The routes that a message goes over.
        share: Among how many processes what is not lent yet is divided, this one included.

    Yields:
        How many of each route are lent, by its id; none at all where one has too few to share.
    """
    parts = {one.route.route_id: one.own_connections // share for one in entries}
    if not all(parts.values()):
        yield {}
        return
    async with AsyncExitStack() as stack:
        for entry in entries:
            entry.lent_count += parts[entry.route.route_id]
            stack.push_async_callback(_end_loan, entry, parts[entry.route.route_id])
        for entry in entries:
            await stack.enter_async_context(_held(entry, parts[entry.route.route_id]))
        yield parts


async def _end_loan(entry: RouteEntry, count: int) -> None:
    entry.lent_count -= count
    await entry.fit()


@asynccontextmanager
async def _held(entry: RouteEntry, count: int) -> AsyncIterator[None]:
    places = count * entry.tries_each
    async with entry.slots.hold_several(places, LENT), entry.outbox.hold(count):
        await entry.fit()
        yield
