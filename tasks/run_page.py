"""What a run of a send shows in Prefect: its name, a bar that fills, a note at the end.

It is read from the ledger, as anybody else would. Without a flow run nothing is read or told at
all. A run writes two artifacts to Prefect's database, however large the message is.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    aupdate_progress_artifact,
)

from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses
from rollcall.sending.run_notes import tell_progress
from tasks.telling import has_page, name_after, tell

LOOK_EVERY_S: Final = 1.0
"""Shortest pause between two looks at how far a send is."""

LONGEST_PAUSE_S: Final = 60.0
"""Longest pause between them: of large sends, and while Prefect is away."""

LOOK_SHARE: Final = 50
"""A look takes at most so small a part of the time: to count a large message takes long."""

log = logging.getLogger(__name__)


class RunPage:
    """The page of one run; an async context manager that keeps its bar up to date.

    Attributes:
        ledger: What it is read from.
        message_id: The message.
    """

    def __init__(self, ledger: Ledger, message_id: str) -> None:
        self.ledger = ledger
        self.message_id = message_id
        self._bar_id: UUID | None = None
        self._told: tuple[float, str] | None = None
        self._is_away = False
        self._ending = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "RunPage":
        if has_page():
            self._keeping = asyncio.create_task(self._keep_bar())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    async def finish(self, write_note: Callable[[], str], told: str) -> None:
        """Leave the bar as it is at the end, and a note.

        Args:
            write_note: Writes the note; called for a flow run only.
            told: What stands above it, in a line.
        """
        if self._keeping is None:
            return
        self._ending.set()
        await asyncio.gather(self._keeping, return_exceptions=True)
        try:
            note = await asyncio.to_thread(write_note)
        except LedgerError as error:
            log.warning("no note on the run's page", extra={"reason": str(error)})
            return
        key = f"report-{self.message_id.lower()}"
        await tell(lambda: acreate_markdown_artifact(note, key, told), is_known_away=self._is_away)

    async def _keep_bar(self) -> None:
        """Look and tell until the send ends, and once more then."""
        await name_after(self.message_id)
        pause_s = LOOK_EVERY_S
        while not self._ending.is_set():
            took_s = await self._look()
            slowly_s = 2 * pause_s if self._is_away else LOOK_SHARE * took_s
            pause_s = min(max(LOOK_EVERY_S, slowly_s), LONGEST_PAUSE_S)
            await _wait(self._ending, pause_s)
        await self._look()

    async def _look(self) -> float:
        """Show how far the send is; return how long it took, in seconds."""
        began = time.monotonic()
        try:
            counts = await asyncio.to_thread(count_statuses, self.ledger, self.message_id)
        except LedgerError:
            return LONGEST_PAUSE_S  # the send itself says so, and goes on when it answers
        told = tell_progress(counts)
        if told != self._told:
            is_told = await self._tell_bar(*told)
            self._is_away = not is_told
            self._told = told if is_told else self._told
        return time.monotonic() - began

    async def _tell_bar(self, progress: float, words: str) -> bool:
        bar_id = self._bar_id
        if bar_id is not None:
            updated = await tell(
                lambda: aupdate_progress_artifact(bar_id, progress, words),
                is_known_away=self._is_away,
            )
            return updated is not None
        key = f"progress-{self.message_id.lower()}"
        self._bar_id = await tell(
            lambda: acreate_progress_artifact(progress, key, words), is_known_away=self._is_away
        )
        return self._bar_id is not None


async def _wait(ending: asyncio.Event, pause_s: float) -> None:
    try:
        await asyncio.wait_for(ending.wait(), pause_s)
    except TimeoutError:
        return
