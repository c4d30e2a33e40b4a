"""Connections that this process leaves to a further one, for as long as that one is there.

A provider allows so many connections; it does not matter of which process they are. What is lent is
withheld here, and is lent once no try is under way over it: in sum there are never more than are
configured.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from rollcall.sending.route_book import RouteEntry

WITHIN_S: Final = 10.0
"""How long it may take until what is to be lent is free, in seconds: it is withheld meanwhile, from
small messages too. Where tries take longer a send does not wait for the processor, and a further
process would be of no use."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def lent(entries: Sequence[RouteEntry], share: int) -> AsyncIterator[dict[str, int]]:
    """Lend a part of the connections of some routes while in this context.

    It is entered when they are free: no try is under way over them, and none is open and idle; or
    with nothing lent, if that takes too long.

    Args:
        entries: The routes that a message goes over.
        share: Among how many processes what is not lent yet is divided, this one included.

    Yields:
        How many of each route are lent, by its id; none at all where one has too few to share, or
        did not become free.
    """
    parts = {one.route.route_id: one.own_connections // share for one in entries}
    if not all(parts.values()):
        yield {}
        return
    async with AsyncExitStack() as stack:
        _withhold(stack, entries, parts)
        try:
            async with asyncio.timeout(WITHIN_S):
                for entry in entries:
                    await _settle(entry)
        except TimeoutError:
            log.info("no connections became free to be lent", extra={"within_s": WITHIN_S})
            await stack.aclose()
            parts = {}
        yield parts


def _withhold(
    stack: AsyncExitStack, entries: Sequence[RouteEntry], parts: Mapping[str, int]
) -> None:
    for entry in entries:
        count = parts[entry.route.route_id]
        entry.lent_count += count
        stack.push_async_callback(_end_loan, entry, count)
        stack.enter_context(entry.slots.withhold(count * entry.tries_each))
        stack.enter_context(entry.outbox.withhold(count))


async def _settle(entry: RouteEntry) -> None:
    await entry.slots.settle()
    await entry.outbox.settle()
    await entry.fit()


async def _end_loan(entry: RouteEntry, count: int) -> None:
    entry.lent_count -= count
    await entry.fit()
