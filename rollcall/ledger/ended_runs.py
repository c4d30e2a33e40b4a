"""Runs in Prefect that have ended here, and whether Prefect knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import aliased

from rollcall.ledger.engine import Ledger
from rollcall.ledger.run_tables import Run
from rollcall.ledger.runs import bury_lost

TOLD_WITHIN: Final = timedelta(seconds=30)
"""How long a run that has ended here may take to tell Prefect so itself."""


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run in Prefect that has ended here, of which Prefect may not know.

    Attributes:
        run_id: Its id here.
        flow_run_id: Its id in Prefect.
        message_id: What it worked on, if on a message.
        is_lost: Its process is gone, or was told to end.
        ended_at: When the last part of it had ended, as far as known here.
    """

    run_id: str
    flow_run_id: str
    message_id: str | None
    is_lost: bool
    ended_at: datetime


def list_untold(ledger: Ledger, now: datetime) -> list[EndedRun]:
    """Return the runs in Prefect that have ended here and whose end it may not know.

    Those that are lost at once, the others when Prefect has had time to be told by themselves.
    """
    bury_lost(ledger, now)
    is_due = or_(Run.end == "lost", Run.ended_at <= now - TOLD_WITHIN)
    return _list_ended(ledger, Run.told_at.is_(None), is_due)


def list_just_told(ledger: Ledger, now: datetime) -> list[EndedRun]:
    """Return the lost runs that Prefect was told of lately: it may hear otherwise after it."""
    return _list_ended(ledger, Run.end == "lost", Run.told_at > now - TOLD_WITHIN)


def _list_ended(ledger: Ledger, *which: ColumnElement[bool]) -> list[EndedRun]:
    """Return runs in Prefect of which no part is under way; first the part that ended last."""
    of_it = aliased(Run)
    same = select(of_it.run_id).where(of_it.flow_run_id == Run.flow_run_id)
    message_id, ended_at = (
        select(func.max(latest)).where(of_it.flow_run_id == Run.flow_run_id).scalar_subquery()
        for latest in (of_it.message_id, of_it.ended_at)
    )
    query = (
        select(Run.run_id, Run.flow_run_id, message_id, Run.end == "lost", ended_at)
        .where(
            *which,
            Run.ended_at.is_not(None),
            Run.flow_run_id.is_not(None),
            ~same.where(of_it.lease_until.is_not(None)).exists(),
        )
        .order_by(Run.ended_at.desc())
    )
    with ledger.read() as connection:
        return [EndedRun(*row) for row in connection.execute(query)]


def mark_told(ledger: Ledger, run_ids: Iterable[str], now: datetime) -> None:
    """Record that Prefect knows how runs ended; of those that are done nothing is left then."""
    of_them = Run.run_id.in_(list(run_ids))
    with ledger.write() as connection:
        connection.execute(delete(Run).where(of_them, Run.end == "done"))
        connection.execute(update(Run).where(of_them).values(told_at=now))
