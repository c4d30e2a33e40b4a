"""Dynamic filters in the ledger: sound at every moment, whoever changes them at the same time."""

from datetime import datetime

from sqlalchemy import Connection, delete
from sqlalchemy.exc import IntegrityError

from rollcall.domain.saved_filters import gather, selection_to_json
from rollcall.domain.saved_names import (
    fold_name,
    normalise_name,
    spell_name,
    tell_taken,
    tell_unknown,
)
from rollcall.domain.selection import Selection
from rollcall.errors import InputError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.filter_references import iterate_users, rename_references
from rollcall.ledger.filter_rows import (
    FilterRecord,
    insert_filter,
    lock_filters,
    read_filters,
    update_filter,
)
from rollcall.ledger.tables import SavedFilter

_WHAT = "dynamic filter"


def save_filter(
    ledger: Ledger, name: str, selection: Selection, now: datetime, *, replace: bool = False
) -> FilterRecord:
    """Save a selection under a name; to save the same again changes nothing.

    Args:
        ledger: Where to.
        name: 1 to 100 printable characters; kept apart from other names whatever the case.
        selection: What it stands for; evaluated anew whenever it is used.
        now: The moment of saving.
        replace: Change the one that has this name already.

    Raises:
        InputError: The name cannot be used, or is taken.
        SelectionError: The selection uses a dynamic filter that does not exist, or itself.
    """
    kept = normalise_name(name)
    try:
        return _save(ledger, kept, selection, now, replace=replace)
    except IntegrityError:
        # another process has saved the same name in this very moment: now it is found
        return _save(ledger, kept, selection, now, replace=replace)


def list_filters(ledger: Ledger) -> list[FilterRecord]:
    """Return all dynamic filters by name."""
    with ledger.read() as connection:
        return read_filters(connection)


def load_filter(ledger: Ledger, name: str) -> FilterRecord:
    """Return one dynamic filter.

    Raises:
        InputError: There is none of this name.
    """
    with ledger.read() as connection:
        return _find(connection, name)


def load_saved_filters(ledger: Ledger) -> dict[str, Selection]:
    """Return what every dynamic filter stands for, by name: for evaluating a selection."""
    return {one.name: one.selection for one in list_filters(ledger)}


def list_users(ledger: Ledger, name: str) -> list[str]:
    """Say which dynamic filters and templates use a dynamic filter, e.g. `template 'Quake'`."""
    with ledger.read() as connection:
        return list(iterate_users(connection, name))


def rename_filter(ledger: Ledger, name: str, new_name: str, now: datetime) -> FilterRecord:
    """Rename a dynamic filter, in every dynamic filter and template that uses it too.

    Raises:
        InputError: There is none of this name, or the new one cannot be used or is taken.
    """
    kept = normalise_name(new_name)
    try:
        return _rename(ledger, name, kept, now)
    except IntegrityError:
        # another process has saved the new name in this very moment: now it is found
        return _rename(ledger, name, kept, now)


def delete_filter(ledger: Ledger, name: str) -> None:
    """Forget a dynamic filter; messages that were made with it keep what it stood for.

    Raises:
        InputError: There is none of this name, or dynamic filters or templates use it; names them.
    """
    with ledger.write() as connection:
        lock_filters(connection)
        record = _find(connection, name)
        if users := ", ".join(iterate_users(connection, record.name)):
            raise InputError(f"{_WHAT} {record.name!r} is used by {users}: change or delete first")
        found = SavedFilter.saved_filter_id == record.saved_filter_id
        connection.execute(delete(SavedFilter).where(found))


def _save(
    ledger: Ledger, name: str, selection: Selection, now: datetime, *, replace: bool
) -> FilterRecord:
    with ledger.write() as connection:
        lock_filters(connection)
        known = _find_taken(connection, name)
        if known and known.name != name:
            raise InputError(tell_taken(_WHAT, name, known.name))
        if known and known.selection == selection:
            return known
        if known and not replace:
            raise InputError(f"{tell_taken(_WHAT, name, name)}: --replace changes it")
        _require_sound(connection, name, selection)
        told = {"selection": selection_to_json(selection), "updated_at": now}
        if known:
            update_filter(connection, known.saved_filter_id, told)
        else:
            insert_filter(connection, name, told | {"created_at": now})
        return _find(connection, name)


def _rename(ledger: Ledger, name: str, new_name: str, now: datetime) -> FilterRecord:
    with ledger.write() as connection:
        lock_filters(connection)
        record = _find(connection, name)
        taken = _find_taken(connection, new_name)
        if taken and taken.saved_filter_id != record.saved_filter_id:
            raise InputError(tell_taken(_WHAT, new_name, taken.name))
        values = {"name": new_name, "folded_name": fold_name(new_name), "updated_at": now}
        update_filter(connection, record.saved_filter_id, values)
        rename_references(connection, record.name, new_name)
        return _find(connection, new_name)


def _require_sound(connection: Connection, name: str, selection: Selection) -> None:
    """Make sure that everything a dynamic filter uses exists, and that it never leads to itself."""
    saved = {one.name: one.selection for one in read_filters(connection)}
    gather(Selection(saved_filters=(name,)), saved | {name: selection})


def _find_taken(connection: Connection, name: str) -> FilterRecord | None:
    """Return the dynamic filter whose name is the same whatever the case."""
    same = (one for one in read_filters(connection) if fold_name(one.name) == fold_name(name))
    return next(same, None)


def _find(connection: Connection, name: str) -> FilterRecord:
    known = {one.name: one for one in read_filters(connection)}
    record = known.get(spell_name(name))
    if record is None:
        raise InputError(tell_unknown(_WHAT, name, known))
    return record
