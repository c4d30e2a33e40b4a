"""What serves members, made of the ledger: reading in groups, writing in groups."""

import asyncio
from collections.abc import Sequence
from typing import Final

from rollcall.clock import Clock
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import Entry, Recorded, record_entries
from rollcall.ledger.member_pages import MemberPage, MemberPages, PageRequest
from rollcall.ledger.patience import ask_patiently
from rollcall.portal.app import Part
from rollcall.portal.assets import Assets
from rollcall.portal.grouping import Grouped
from rollcall.portal.member_door import MemberDoor
from rollcall.portal.nonces import Nonces
from rollcall.portal.page_writer import PageWriter

ANSWER_WITHIN_S: Final = 8.0
"""How long a member waits for a commit or a page. What they sent is kept in memory and tried for a
minute all the same; sent again, it is the same entry."""


def build_member_parts(
    ledger: Ledger,
    key: bytes,
    public_url: str,
    organisation: str,
    clock: Clock,
    answer_within_s: float = ANSWER_WITHIN_S,
) -> list[Part]:
    """Return what serves members.

    Args:
        ledger: Where conversations stand.
        key: Of personal links.
        public_url: Where recipients reach the portal, without a slash at the end.
        organisation: Who runs it.
        clock: What tells the time.
        answer_within_s: How long anybody waits.
    """
    pages = MemberPages(ledger)

    async def read(asked: Sequence[PageRequest]) -> Sequence[MemberPage | None]:
        return await asyncio.to_thread(pages.read, asked, clock.now())

    def record(entries: Sequence[Entry]) -> list[Recorded]:
        return record_entries(ledger, entries, clock.now())

    async def write(entries: Sequence[Entry]) -> Sequence[Recorded]:
        return await ask_patiently(clock, record, entries)

    assets = Assets()
    door = MemberDoor(
        reads=Grouped(read, answer_within_s, "page"),
        writes=Grouped(write, answer_within_s, "entry"),
        writer=PageWriter(public_url, organisation, assets),
        nonces=Nonces(key),
        public_url=public_url,
        clock=clock,
    )
    return [door, assets]
