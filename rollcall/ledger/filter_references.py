"""What uses a dynamic filter by its name: other dynamic filters, templates of either kind, drafts.

A draft keeps nobody from deleting one: whoever sends it is told.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select, update

from rollcall.domain.saved_filters import collect_names, rename_reference, selection_to_json
from rollcall.domain.selection import parse_selection
from rollcall.ledger.drafts import rename_filter_in_drafts
from rollcall.ledger.filter_rows import read_filters, update_filter
from rollcall.ledger.tables import Template


def iterate_users(connection: Connection, name: str) -> Iterator[str]:
    """Yield what uses a dynamic filter directly, as `dynamic filter 'A'` or `template 'B'`."""
    for one in read_filters(connection):
        if name in collect_names(one.selection):
            yield f"dynamic filter {one.name!r}"
    for row in _read_templates(connection):
        if name in collect_names(parse_selection(row.settings["selection"])):
            yield f"template {row.name!r}"


def rename_references(connection: Connection, old: str, new: str) -> None:
    """Let everything that uses a dynamic filter by its old name use it by the new one."""
    for one in read_filters(connection):
        if old in collect_names(one.selection):
            renamed = selection_to_json(rename_reference(one.selection, old, new))
            update_filter(connection, one.saved_filter_id, {"selection": renamed})
    for row in _read_templates(connection):
        selection = parse_selection(row.settings["selection"])
        if old in collect_names(selection):
            renamed = selection_to_json(rename_reference(selection, old, new))
            found = update(Template).where(Template.template_id == row.template_id)
            connection.execute(found.values(settings=row.settings | {"selection": renamed}))
    rename_filter_in_drafts(connection, old, new)


def _read_templates(connection: Connection) -> list[Row[Any]]:
    return list(connection.execute(select(Template.__table__).order_by(Template.template_id)))
