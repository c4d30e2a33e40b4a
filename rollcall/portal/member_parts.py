"""What serves members, made of the ledger: reading in groups, writing in groups."""

import asyncio
from collections.abc import Sequence
from typing import Final

from rollcall.ledger.entries import Entry, Recorded, record_entries
from rollcall.ledger.member_pages import MemberPage, MemberPages, PageRequest
from rollcall.ledger.patience import ask_patiently
from rollcall.portal.app import Part
from rollcall.portal.assets import Assets
from rollcall.portal.desk import Desk
from rollcall.portal.grouping import Grouped
from rollcall.portal.member_door import MemberDoor
from rollcall.portal.nonces import Nonces
from rollcall.portal.page_writer import PageWriter

ANSWER_WITHIN_S: Final = 8.0
"""How long a member waits for a commit or a page. What they sent is kept in memory and tried for a
minute all the same; sent again, it is the same entry."""


def build_member_parts(
    desk: Desk, organisation: str, assets: Assets, answer_within_s: float = ANSWER_WITHIN_S
) -> list[Part]:
    """Return what serves members.

    Args:
        desk: What it works with.
        organisation: Who runs it.
        assets: Style and script; served by somebody else.
        answer_within_s: How long anybody waits.
    """
    ledger, clock = desk.ledger, desk.clock
    pages = MemberPages(ledger)

    async def read(asked: Sequence[PageRequest]) -> Sequence[MemberPage | None]:
        return await asyncio.to_thread(pages.read, asked, clock.now())

    def record(entries: Sequence[Entry]) -> list[Recorded]:
        return record_entries(ledger, entries, clock.now())

    async def write(entries: Sequence[Entry]) -> Sequence[Recorded]:
        return await ask_patiently(clock, record, entries)

    door = MemberDoor(
        reads=Grouped(read, answer_within_s, "page"),
        writes=Grouped(write, answer_within_s, "entry"),
        writer=PageWriter(desk.public_url, organisation, assets),
        nonces=Nonces(desk.key),
        public_url=desk.public_url,
        clock=clock,
    )
    return [door]
