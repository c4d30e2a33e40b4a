"""Where settings and messages name a person: by their id, or with words."""

from typing import Any, Final

from sqlalchemy import select

from rollcall.domain.removal import replace_person
from rollcall.ledger.chat_tables import CheckIn
from rollcall.ledger.desk_tables import DraftRow
from rollcall.ledger.engine import Ledger
from rollcall.ledger.erasing_texts import ErasedPerson
from rollcall.ledger.tables import Message, MessageFilter, SavedFilter, Template

_SETTINGS: Final = (
    ("dynamic filter", SavedFilter.name, SavedFilter.selection),
    ("template", Template.name, Template.settings),
    ("check-in", CheckIn.name, CheckIn.request),
    ("check-in", CheckIn.name, CheckIn.notify),
    ("draft", DraftRow.draft_id, DraftRow.body),
)


def is_meant_anywhere(ledger: Ledger, person_id: str) -> bool:
    """Tell whether a setting, or whom a message was for, means somebody by their id."""
    columns = (Message.request, MessageFilter.selection, *(told for *_, told in _SETTINGS))
    with ledger.read() as connection:
        return any(
            _means(told, person_id)
            for column in columns
            for told in connection.execute(select(column)).scalars()
        )


def list_naming(ledger: Ledger, who: ErasedPerson) -> list[str]:
    """Return what is a setting and names the person: changing it would change whom it means."""
    with ledger.read() as connection:
        found = {
            f"{kind} {name!r}"
            for kind, named, column in _SETTINGS
            for name, told in connection.execute(select(named, column))
            if _means(told, who.person_id) or who.rewrite_request(told) != told
        }
    return sorted(found)


def _means(told: Any, person_id: str) -> bool:
    holder = told if isinstance(told, dict) else {"notify": told}
    return bool(replace_person(holder, person_id, "") != holder)
