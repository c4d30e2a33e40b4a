"""Templates in the ledger; those of one kind know nothing of the other's."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from rollcall.domain.message_templates import KIND_NAMES, MessageSettings, TemplateKind
from rollcall.domain.saved_names import (
    fold_name,
    normalise_name,
    spell_name,
    tell_taken,
    tell_unknown,
)
from rollcall.errors import InputError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.filter_rows import gather_filters, lock_filters
from rollcall.ledger.tables import Template


@dataclass(frozen=True, slots=True)
class TemplateRecord:
    """One template.

    Attributes:
        template_id: Stays the same when it is renamed or changed.
        kind: What it is for.
        name: As it was given.
        settings: What it keeps of a message.
        created_at: When it was first saved.
        updated_at: When it was last changed or renamed.
        last_used_at: When a message made from it was last accepted.
    """

    template_id: str
    kind: TemplateKind
    name: str
    settings: MessageSettings
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None


def save_template(
    ledger: Ledger,
    kind: TemplateKind,
    name: str,
    settings: MessageSettings,
    now: datetime,
    *,
    replace: bool = False,
) -> TemplateRecord:
    """Save settings under a name; to save the same again changes nothing.

    Raises:
        InputError: The name cannot be used, or is taken and `replace` is off.
        SelectionError: The selection uses a dynamic filter that does not exist.
    """
    kept = normalise_name(name)
    try:
        return _save(ledger, kind, kept, settings, now, replace=replace)
    except IntegrityError:
        # another process has saved the same name in this very moment: now it is found
        return _save(ledger, kind, kept, settings, now, replace=replace)


def require_savable(
    ledger: Ledger, kind: TemplateKind, name: str, settings: MessageSettings
) -> None:
    """Make sure that `save_template` would save, before something is done that it comes after.

    Raises:
        InputError: As in `save_template`.
    """
    with ledger.read() as connection:
        _require_savable(connection, kind, normalise_name(name), settings, replace=False)


def list_templates(ledger: Ledger, kind: TemplateKind) -> list[TemplateRecord]:
    """Return all templates of a kind by name."""
    with ledger.read() as connection:
        return _read_all(connection, kind)


def load_template(ledger: Ledger, kind: TemplateKind, name: str) -> TemplateRecord:
    """Return one template.

    Raises:
        InputError: There is none of this kind and name.
    """
    with ledger.read() as connection:
        return _find(connection, kind, name)


def rename_template(
    ledger: Ledger, kind: TemplateKind, name: str, new_name: str, now: datetime
) -> TemplateRecord:
    """Rename a template.

    Raises:
        InputError: There is none of this name, or the new one cannot be used or is taken.
    """
    kept = normalise_name(new_name)
    try:
        return _rename(ledger, kind, name, kept, now)
    except IntegrityError:
        # another process has saved the new name in this very moment: now it is found
        return _rename(ledger, kind, name, kept, now)


def delete_template(ledger: Ledger, kind: TemplateKind, name: str) -> None:
    """Forget a template; messages made from it stay as they are.

    Raises:
        InputError: There is none of this kind and name.
    """
    with ledger.write() as connection:
        template_id = _find(connection, kind, name).template_id
        connection.execute(delete(Template).where(Template.template_id == template_id))


def _save(
    ledger: Ledger,
    kind: TemplateKind,
    name: str,
    settings: MessageSettings,
    now: datetime,
    *,
    replace: bool,
) -> TemplateRecord:
    with ledger.write() as connection:
        lock_filters(connection)
        known = _require_savable(connection, kind, name, settings, replace=replace)
        if known and known.settings == settings:
            return known
        told = {"settings": settings.to_json(), "updated_at": now}
        if known:
            _update(connection, known.template_id, told)
        else:
            _insert(connection, kind, name, told | {"created_at": now})
        return _find(connection, kind, name)


def _require_savable(
    connection: Connection,
    kind: TemplateKind,
    name: str,
    settings: MessageSettings,
    *,
    replace: bool,
) -> TemplateRecord | None:
    """Return the template that has this name already, if any, once it may be written."""
    known = _find_taken(connection, kind, name)
    is_to_change = known is not None and known.settings != settings
    if known and (known.name != name or (is_to_change and not replace)):
        hint = ": --replace changes it" if known.name == name else ""
        raise InputError(f"{tell_taken(_what(kind), name, known.name)}{hint}")
    gather_filters(connection, settings.selection)
    return known


def _rename(
    ledger: Ledger, kind: TemplateKind, name: str, new_name: str, now: datetime
) -> TemplateRecord:
    with ledger.write() as connection:
        record = _find(connection, kind, name)
        taken = _find_taken(connection, kind, new_name)
        if taken and taken.template_id != record.template_id:
            raise InputError(tell_taken(_what(kind), new_name, taken.name))
        values = {"name": new_name, "folded_name": fold_name(new_name), "updated_at": now}
        _update(connection, record.template_id, values)
        return _find(connection, kind, new_name)


def _find(connection: Connection, kind: TemplateKind, name: str) -> TemplateRecord:
    known = {one.name: one for one in _read_all(connection, kind)}
    record = known.get(spell_name(name))
    if record is None:
        raise InputError(tell_unknown(_what(kind), name, known))
    return record


def _find_taken(connection: Connection, kind: TemplateKind, name: str) -> TemplateRecord | None:
    """Return the template whose name is the same whatever the case."""
    query = select(Template.__table__).where(
        Template.kind == kind, Template.folded_name == fold_name(name)
    )
    row = connection.execute(query).one_or_none()
    return _record(row) if row else None


def _read_all(connection: Connection, kind: TemplateKind) -> list[TemplateRecord]:
    query = select(Template.__table__).where(Template.kind == kind)
    records = map(_record, connection.execute(query))
    return sorted(records, key=lambda one: fold_name(one.name))


def _record(row: Row[Any]) -> TemplateRecord:
    return TemplateRecord(
        template_id=row.template_id,
        kind=row.kind,
        name=row.name,
        settings=MessageSettings.model_validate(row.settings),
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_used_at=row.last_used_at,
    )


def _insert(
    connection: Connection, kind: TemplateKind, name: str, values: Mapping[str, Any]
) -> None:
    named = {"kind": kind, "name": name, "folded_name": fold_name(name)}
    row = {"template_id": uuid.uuid4().hex} | named | dict(values)
    connection.execute(insert(Template).values(row))


def _update(connection: Connection, template_id: str, values: Mapping[str, Any]) -> None:
    found = Template.template_id == template_id
    connection.execute(update(Template).where(found).values(dict(values)))


def _what(kind: TemplateKind) -> str:
    return f"template for {KIND_NAMES[kind]}"
