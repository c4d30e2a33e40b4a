"""What a message was made with: its template, and its dynamic filters as they were.

Both are recorded when the message is accepted. From then on they may be changed, renamed or deleted
without any effect on it.
"""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from rollcall.domain.message_templates import template_kind_of
from rollcall.domain.saved_filters import find_whole, selection_to_json
from rollcall.domain.saved_names import fold_name, spell_name
from rollcall.domain.selection import Selection, parse_selection
from rollcall.errors import InputError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.filter_rows import gather_filters, update_filter
from rollcall.ledger.tables import MessageFilter, Template


def take_template(
    connection: Connection, kind: str, name: str | None, now: datetime
) -> dict[str, str | None]:
    """Return the columns that say which template a message is made from, and mark it as used.

    Raises:
        InputError: There is no such template any more.
    """
    if name is None:
        return {"template_id": None, "template_name": None}
    is_of_kind = Template.kind == template_kind_of(kind)
    found = is_of_kind & (Template.folded_name == fold_name(spell_name(name)))
    used = update(Template).where(found).values(last_used_at=now)
    row = connection.execute(used.returning(Template.template_id, Template.name)).one_or_none()
    if row is None:
        raise InputError(f"template {name!r} was deleted meanwhile")
    return {"template_id": row.template_id, "template_name": row.name}


def record_filters(
    connection: Connection, message_id: str, selection: Selection, now: datetime
) -> None:
    """Record what every dynamic filter that a selection uses stands for now, and mark it as used.

    Raises:
        SelectionError: One does not exist, or leads to itself; names it.
    """
    whole = find_whole(selection)
    # always in the same order: messages accepted at once must not wait for each other in a circle
    gathered = gather_filters(connection, selection)
    for one in sorted(gathered, key=lambda one: one.saved_filter_id):
        row = {
            "message_id": message_id,
            "saved_filter_id": one.saved_filter_id,
            "name": one.name,
            "selection": selection_to_json(one.selection),
            "is_whole": one.name == whole,
        }
        connection.execute(insert(MessageFilter).values(row))
        update_filter(connection, one.saved_filter_id, {"last_used_at": now})


def load_message_filters(ledger: Ledger, message_id: str) -> dict[str, Selection]:
    """Return what the dynamic filters of a message stood for when it was accepted, by name."""
    query = (
        select(MessageFilter.name, MessageFilter.selection)
        .where(MessageFilter.message_id == message_id)
        .order_by(MessageFilter.name)
    )
    with ledger.read() as connection:
        return {name: parse_selection(stored) for name, stored in connection.execute(query)}
