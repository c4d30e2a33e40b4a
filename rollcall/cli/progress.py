"""A live progress bar for a send, read from the ledger as anybody else would."""

import asyncio
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from rollcall.cli.output import notices
from rollcall.domain.reach import REACHED
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import StatusCounts, count_statuses

LOOK_EVERY_S = 0.2


async def show_progress(ledger: Ledger, message_id: str, sending: "asyncio.Future[Any]") -> None:
    """Show how a send goes until it ends, however it ends."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
    )
    is_live = notices.is_terminal
    with Progress(*columns, console=notices, disable=not is_live) as progress:
        bar = progress.add_task("preparing", total=None, told="")
        while True:
            done, _ = await asyncio.wait({sending}, timeout=LOOK_EVERY_S)
            counts = await asyncio.to_thread(count_statuses, ledger, message_id)
            _update(progress, bar, counts)
            if done:
                # a refused message never had deliveries: its mistake is all there is to say
                progress.live.transient = not counts
                break
    if counts and not is_live:
        notices.print(progress)


def _update(progress: Progress, bar: Any, counts: StatusCounts) -> None:
    total = sum(sum(by_status.values()) for by_status in counts.values())
    if not total:
        return
    waiting = sum(by_status.get("waiting", 0) for by_status in counts.values())
    accepted = {
        name: sum(by_status.get(status, 0) for status in REACHED)
        for name, by_status in counts.items()
    }
    told = "  ".join(f"{name} {count}" for name, count in accepted.items())
    progress.update(bar, description="sending", total=total, completed=total - waiting, told=told)
