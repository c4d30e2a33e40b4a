"""The rows of dynamic filters, and what of them a message or a template may use.

Whoever writes locks them all first: of two that change one each, both could be sound and the two
together a circle.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from rollcall.domain.saved_filters import collect_names, gather
from rollcall.domain.saved_names import fold_name
from rollcall.domain.selection import Selection, parse_selection
from rollcall.ledger.tables import SavedFilter, Template


@dataclass(frozen=True, slots=True)
class FilterRecord:
    """One dynamic filter.

    Attributes:
        saved_filter_id: Stays the same when it is renamed or changed.
        name: As it was given.
        selection: What it stands for.
        created_at: When it was first saved.
        updated_at: When it was last changed or renamed.
        last_used_at: When a message that uses it was last accepted.
    """

    saved_filter_id: str
    name: str
    selection: Selection
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None


def lock_filters(connection: Connection) -> None:
    """Keep others from changing dynamic filters, or templates that use them, until the commit."""
    for key in (SavedFilter.saved_filter_id, Template.template_id):
        connection.execute(select(key).order_by(key).with_for_update())


def gather_filters(connection: Connection, selection: Selection) -> list[FilterRecord]:
    """Return every dynamic filter that a selection uses, itself or through another.

    Raises:
        SelectionError: One does not exist, or leads to itself; names it.
    """
    if not collect_names(selection):
        return []
    by_name = {one.name: one for one in read_filters(connection)}
    names = gather(selection, {name: one.selection for name, one in by_name.items()})
    return [by_name[name] for name in names]


def read_filters(connection: Connection) -> list[FilterRecord]:
    """Return all dynamic filters by name, whatever the case."""
    records = map(_record, connection.execute(select(SavedFilter.__table__)))
    return sorted(records, key=lambda one: fold_name(one.name))


def _record(row: Row[Any]) -> FilterRecord:
    return FilterRecord(
        saved_filter_id=row.saved_filter_id,
        name=row.name,
        selection=parse_selection(row.selection),
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_used_at=row.last_used_at,
    )


def insert_filter(connection: Connection, name: str, values: Mapping[str, Any]) -> None:
    """Record a new dynamic filter; `values` are columns besides id and name."""
    named = {"saved_filter_id": uuid.uuid4().hex, "name": name, "folded_name": fold_name(name)}
    connection.execute(insert(SavedFilter).values(named | dict(values)))


def update_filter(connection: Connection, saved_filter_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a dynamic filter."""
    found = SavedFilter.saved_filter_id == saved_filter_id
    connection.execute(update(SavedFilter).where(found).values(dict(values)))
