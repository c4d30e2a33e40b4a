"""Who works on a message: a run holds a lease, so that work that nobody does is found and done.

A run hinders nobody: two runs of one message drain it together, delivery by delivery. The lease
says only that somebody is there. It ends with its process on this machine at once, and everywhere
when it is not renewed.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update

from rollcall.ledger.engine import Ledger
from rollcall.ledger.leases import is_dead
from rollcall.ledger.pending import count_unrecorded
from rollcall.ledger.run_tables import Run
from rollcall.ledger.tables import Delivery, Message

RUN_LEASE_S: Final = 24.0
"""How long a run is believed to be there without a sign of it, in seconds."""

RENEW_RUN_EVERY_S: Final = 6.0
"""How often it gives one: three may fail."""

GRACE_S: Final = 5.0
"""How long a message that was just accepted is left to whoever accepted it, in seconds."""

WORTH_JOINING: Final = 1_000
"""Deliveries that are due and that nobody holds, or to be recorded yet, for which another process
takes part."""

FORGOTTEN_AFTER: Final = timedelta(days=7)
"""After what time a run that ended badly is forgotten; a message is given up long before."""

_LONGEST_PAUSE_S: Final = 300.0

RunEnd = Literal["done", "failed", "lost", "dropped"]
"""`dropped`: it was not to be this process's, and nothing is kept of it."""

_IS_OPEN: Final = Message.closed_at.is_(None)
"""Which messages have something left to do; there is an index of them."""


@dataclass(frozen=True, slots=True)
class OpenMessage:
    """A message with something left to do; `is_begun`, where somebody has worked on it before."""

    message_id: str
    kind: str
    is_begun: bool


def begin_run(
    ledger: Ledger,
    owner: str,
    now: datetime,
    *,
    message_id: str | None = None,
    flow_run_id: str | None = None,
) -> str:
    """Record that a process works on a message, or runs another flow; return the run's id.

    Args:
        ledger: Where it is recorded.
        owner: Who (`rollcall.ledger.leases.new_owner`).
        now: The present moment.
        message_id: On which message, if on one.
        flow_run_id: Its run in Prefect, if it has one.
    """
    with ledger.write() as connection:
        return _insert(connection, owner, now, message_id, flow_run_id)


def renew_run(ledger: Ledger, run_id: str, now: datetime) -> None:
    """Say that a run is still there, also when it was taken for lost meanwhile."""
    kept = update(Run).where(Run.run_id == run_id)
    with ledger.write() as connection:
        until = now + timedelta(seconds=RUN_LEASE_S)
        connection.execute(kept.values(lease_until=until, ended_at=None, end=None))


def end_run(ledger: Ledger, run_id: str, end: RunEnd, now: datetime) -> None:
    """Record how a run ended. With one that did its work the bad ends of before are forgotten.

    Args:
        ledger: Where it is recorded.
        run_id: The run.
        end: How it ended.
        now: The present moment.
    """
    with ledger.write() as connection:
        if end == "dropped":
            connection.execute(delete(Run).where(Run.run_id == run_id))
            return
        _mark(connection, [run_id], end, now)
        if end != "done":
            return
        query = select(Run.message_id).where(Run.run_id == run_id)
        message_id = connection.execute(query).scalar_one_or_none()
        is_settled = or_(Run.told_at.is_not(None), Run.flow_run_id.is_(None))
        is_ours = or_(Run.run_id == run_id, Run.message_id == message_id)
        ended = Run.ended_at.is_not(None)
        connection.execute(delete(Run).where(is_ours, ended, is_settled))
        forgiven = update(Run).where(Run.message_id == message_id, ended)
        connection.execute(forgiven.values(lets_rest=False))


def list_orphans(ledger: Ledger, now: datetime) -> list[OpenMessage]:
    """Return the messages that nobody works on though something of them is left to do.

    Those that nobody has begun come first, then the oldest. Left out are those that were accepted
    in this moment, and those whose last run failed or was lost just now: after each such end the
    pause until the next one is longer, up to five minutes.
    """
    bury_lost(ledger, now)
    query = (
        _open_messages()
        .where(
            Message.accepted_at <= now - timedelta(seconds=GRACE_S),
            ~_is_led().exists(),
        )
        .order_by(Message.state != "accepted", Message.accepted_at, Message.message_id)
    )
    with ledger.read() as connection:
        found = [OpenMessage(*row) for row in connection.execute(query)]
        resting = _resting(connection, now)
    return [one for one in found if one.message_id not in resting]


def bury_lost(ledger: Ledger, now: datetime) -> None:
    """End the runs whose process is gone; writes only when there are some."""
    with ledger.read() as connection:
        if not _find_gone(connection, now):
            return
    with ledger.write() as connection:
        _mark_lost(connection, now)


def take_message(
    ledger: Ledger, message_id: str, owner: str, now: datetime
) -> tuple[str, str] | None:
    """Begin a run of a message unless somebody works on it or nothing of it is left to do.

    Of several who call this at once one gets it.

    Returns:
        The run's id and the message's kind; None when it is not to be taken.
    """
    query = select(Message.kind).where(
        Message.message_id == message_id, _IS_OPEN, Message.stopped_at.is_(None)
    )
    with ledger.write() as connection:
        ledger.serialise(connection, f"run:{message_id}")
        kind = connection.execute(query).scalar_one_or_none()
        if kind is None or _live(connection, message_id, now):
            return None
        return _insert(connection, owner, now, message_id), kind


def join_message(ledger: Ledger, message_id: str, owner: str, now: datetime) -> str | None:
    """Begin a run beside those of others, unless its process has one of this message already.

    Args:
        ledger: Where it is recorded.
        message_id: The message.
        owner: Who.
        now: The present moment.
    """
    with ledger.write() as connection:
        ledger.serialise(connection, f"run:{message_id}")
        processes = {_process_of(one) for one in _live(connection, message_id, now)}
        if not processes or _process_of(owner) in processes:
            return None
        return _insert(connection, owner, now, message_id, lets_rest=False)


def list_joinable(ledger: Ledger, owner: str, now: datetime) -> list[OpenMessage]:
    """Return the messages that others work on and of which much is due that nobody has claimed.

    Args:
        ledger: Where they are.
        owner: Who would take part; what its process works on is left out.
        now: The present moment.
    """
    ours = _is_led().where(Run.owner.startswith(f"{_process_of(owner)}/", autoescape=True))
    query = _open_messages().where(
        Message.state == "sending",
        Message.expires_at.is_(None) | (Message.expires_at > now),
        _is_led().exists(),
        ~ours.exists(),
    )
    with ledger.read() as connection:
        found = [OpenMessage(*row) for row in connection.execute(query)]
        return [one for one in found if _has_much_due(connection, one.message_id, now)]


def release_run(ledger: Ledger, run_id: str, now: datetime) -> None:
    """Record that a run broke off, if it has not recorded its end itself."""
    held = update(Run).where(Run.run_id == run_id, Run.lease_until.is_not(None))
    with ledger.write() as connection:
        connection.execute(held.values(lease_until=None, ended_at=now, end="failed"))


def set_flow_run(ledger: Ledger, run_id: str, flow_run_id: str) -> None:
    """Record which run in Prefect a run is, so that Prefect can be told when it is lost."""
    with ledger.write() as connection:
        connection.execute(update(Run).where(Run.run_id == run_id).values(flow_run_id=flow_run_id))


def list_flow_runs(ledger: Ledger) -> dict[str, str | None]:
    """Return the runs in Prefect that are under way or whose end Prefect may not know.

    Returns:
        The message of each, None where it works on none, by the run's id in Prefect.
    """
    query = (
        select(Run.flow_run_id, func.max(Run.message_id))
        .where(Run.flow_run_id.is_not(None), Run.told_at.is_(None))
        .group_by(Run.flow_run_id)
    )
    with ledger.read() as connection:
        return {str(row[0]): row[1] for row in connection.execute(query)}


def _open_messages() -> Select[tuple[str, str, bool]]:
    """Return the query of messages that nobody has stopped and of which something is left."""
    return select(Message.message_id, Message.kind, Message.state != "accepted").where(
        _IS_OPEN, Message.stopped_at.is_(None)
    )


def _is_led() -> Select[tuple[str]]:
    return select(Run.run_id).where(
        Run.message_id == Message.message_id, Run.lease_until.is_not(None)
    )


def _insert(
    connection: Connection,
    owner: str,
    now: datetime,
    message_id: str | None,
    flow_run_id: str | None = None,
    *,
    lets_rest: bool = True,
) -> str:
    run_id = f"r{uuid.uuid4().hex}"
    row = {
        "run_id": run_id,
        "message_id": message_id,
        "flow_run_id": flow_run_id,
        "owner": owner,
        "started_at": now,
        "lease_until": now + timedelta(seconds=RUN_LEASE_S),
        "lets_rest": lets_rest,
    }
    connection.execute(insert(Run).values(row))
    return run_id


def _live(connection: Connection, message_id: str, now: datetime) -> list[str]:
    """Return who works on a message, once the dead are found."""
    _mark_lost(connection, now)
    query = select(Run.owner).where(Run.message_id == message_id, Run.lease_until.is_not(None))
    return list(connection.execute(query).scalars())


def _process_of(owner: str) -> str:
    """Return what all holders of leases in one process have in common: host, number, start."""
    return owner.rpartition("/")[0]


def _mark_lost(connection: Connection, now: datetime) -> None:
    _mark(connection, _find_gone(connection, now), "lost", now)


def _find_gone(connection: Connection, now: datetime) -> list[str]:
    """Return the runs whose lease ran out, or whose process is no more."""
    held = select(Run.run_id, Run.owner, Run.lease_until).where(Run.lease_until.is_not(None))
    return [
        run_id
        for run_id, owner, until in connection.execute(held)
        if until <= now or is_dead(owner)
    ]


def _mark(connection: Connection, run_ids: Sequence[str], end: RunEnd, now: datetime) -> None:
    """Record how runs ended; those that ended long ago are forgotten."""
    if run_ids:
        connection.execute(delete(Run).where(Run.ended_at < now - FORGOTTEN_AFTER))
        ended = update(Run).where(Run.run_id.in_(run_ids))
        connection.execute(ended.values(lease_until=None, ended_at=now, end=end))


def _has_much_due(connection: Connection, message_id: str, now: datetime) -> bool:
    free = (
        select(Delivery.delivery_id)
        .where(
            Delivery.message_id == message_id,
            Delivery.next_attempt_at <= now,
            or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now),
        )
        .limit(WORTH_JOINING)
    )
    counted = select(func.count()).select_from(free.subquery())
    to_come_count = sum(count_unrecorded(connection, message_id).values())
    return int(connection.execute(counted).scalar_one()) + to_come_count >= WORTH_JOINING


def _resting(connection: Connection, now: datetime) -> set[str]:
    """Return the messages whose runs have failed or been lost so often that they rest now."""
    query = (
        select(Run.message_id, func.count(), func.max(Run.ended_at))
        .where(
            Run.message_id.is_not(None),
            Run.ended_at.is_not(None),
            or_(Run.end == "failed", Run.end == "lost"),
            Run.lets_rest.is_(True),
        )
        .group_by(Run.message_id)
    )
    return {
        str(message_id)
        for message_id, count, ended_at in connection.execute(query)
        if now < ended_at + timedelta(seconds=_pause_s(count))
    }


def _pause_s(end_count: int) -> float:
    """Return how long a message rests after so many bad ends: none after the first one."""
    return 0.0 if end_count == 1 else min(2.0 ** min(end_count, 10), _LONGEST_PAUSE_S)
