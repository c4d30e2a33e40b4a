"""Scheduled check-ins in the ledger: who is asked when, under a name."""

import uuid
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from rollcall.domain.message import MessageRequest
from rollcall.domain.saved_names import (
    fold_name,
    normalise_name,
    spell_name,
    tell_taken,
    tell_unknown,
)
from rollcall.errors import InputError
from rollcall.ledger.chat_tables import CheckIn
from rollcall.ledger.engine import Ledger

_WHAT: Final = "check-in"


@dataclass(frozen=True, slots=True)
class NewCheckIn:
    """What is recorded of a check-in; as in `rollcall.ledger.chat_tables.CheckIn`."""

    name: str
    request: MessageRequest
    source: str
    asked_at: str
    asked_on: list[int]
    time_zone: str
    grace_min: int
    notify: list[str]


@dataclass(frozen=True, slots=True)
class CheckInRecord:
    """One check-in, as its row says."""

    check_in_id: str
    name: str
    request: dict[str, Any]
    source: str
    asked_at: str
    asked_on: list[int]
    time_zone: str
    grace_min: int
    notify: list[str]
    created_at: datetime
    looked_until_at: datetime
    ended_at: datetime | None

    @property
    def asks(self) -> MessageRequest:
        """Return what is asked, and who is meant."""
        return MessageRequest.model_validate(self.request)

    @property
    def at(self) -> time:
        """Return the local time of day."""
        return time.fromisoformat(self.asked_at)


def add_check_in(ledger: Ledger, new: NewCheckIn, now: datetime) -> CheckInRecord:
    """Record a check-in: it is due from now on.

    Raises:
        InputError: The name cannot be used, or is taken by one that has not ended.
    """
    name = normalise_name(new.name)
    row = {
        "check_in_id": f"i{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}",
        "name": name,
        "folded_name": fold_name(name),
        "request": new.request.model_dump(mode="json", exclude_none=True),
        "source": new.source,
        "asked_at": new.asked_at,
        "asked_on": new.asked_on,
        "time_zone": new.time_zone,
        "grace_min": new.grace_min,
        "notify": new.notify,
        "created_at": now,
        "looked_until_at": now,
    }
    try:
        with ledger.write() as connection:
            connection.execute(insert(CheckIn).values(row))
    except IntegrityError as error:
        taken = find_check_in(ledger, name).name
        raise InputError(tell_taken(_WHAT, name, taken)) from error
    return find_check_in(ledger, name)


def end_check_in(ledger: Ledger, name: str, now: datetime) -> CheckInRecord:
    """End a check-in: nobody is asked any more; its rounds stay, and its name is free again.

    Raises:
        InputError: There is none of this name that has not ended.
    """
    record = find_check_in(ledger, name)
    if record.ended_at is not None:
        raise InputError(f"check-in {record.name!r} has ended already")
    ended = update(CheckIn).where(
        CheckIn.check_in_id == record.check_in_id, CheckIn.ended_at.is_(None)
    )
    freed = f"{fold_name(record.name)}#{record.check_in_id}"
    with ledger.write() as connection:
        connection.execute(ended.values(ended_at=now, folded_name=freed))
    return load_check_in(ledger, record.check_in_id)


def list_check_ins(ledger: Ledger, *, with_ended: bool = False) -> list[CheckInRecord]:
    """Return the check-ins by name, those that have not ended before those that have."""
    query = select(*_COLUMNS).order_by(CheckIn.folded_name, CheckIn.created_at.desc())
    with ledger.read() as connection:
        records = [_record_from(row) for row in connection.execute(query)]
    running = [one for one in records if one.ended_at is None]
    ended = [one for one in records if one.ended_at is not None]
    return [*running, *ended] if with_ended else running


def find_check_in(ledger: Ledger, name: str) -> CheckInRecord:
    """Return the check-in of a name; where it has ended, the latest one.

    Raises:
        InputError: There is none.
    """
    records = list_check_ins(ledger, with_ended=True)
    folded = fold_name(spell_name(name))
    same = [one for one in records if fold_name(one.name) == folded]
    if not same:
        raise InputError(tell_unknown(_WHAT, name, [one.name for one in records]))
    return max(same, key=lambda one: (one.ended_at is None, one.created_at))


def load_check_in(ledger: Ledger, check_in_id: str) -> CheckInRecord:
    """Return one check-in by its id.

    Raises:
        InputError: There is none.
    """
    query = select(*_COLUMNS).where(CheckIn.check_in_id == check_in_id)
    with ledger.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise InputError(f"there is no check-in {check_in_id!r}")
    return _record_from(row)


def lock_running(connection: Connection, check_in_id: str) -> bool:
    """Let nobody else write of a check-in until this is committed; tell whether it goes on."""
    query = select(CheckIn.ended_at).where(CheckIn.check_in_id == check_in_id)
    row = connection.execute(query.with_for_update()).one_or_none()
    return row is not None and row.ended_at is None


def note_looked(ledger: Ledger, check_in_id: str, until: datetime) -> None:
    """Record that everybody who was due until a moment has a round."""
    looked = update(CheckIn).where(
        CheckIn.check_in_id == check_in_id, CheckIn.looked_until_at < until
    )
    with ledger.write() as connection:
        connection.execute(looked.values(looked_until_at=until))


_COLUMNS: Final = tuple(getattr(CheckIn, name) for name in CheckInRecord.__dataclass_fields__)


def _record_from(row: Row[Any]) -> CheckInRecord:
    return CheckInRecord(**row._asdict())
