"""The latest message to the same selection, in whatever order that was said."""

from typing import Any, Final

from sqlalchemy import Connection

from rollcall.domain.message import MessageRequest
from rollcall.domain.selection import parse_selection
from rollcall.domain.selection_identity import write_selection
from rollcall.errors import SelectionError
from rollcall.ledger.audiences import latest_first
from rollcall.ledger.tables import Message

MOST_COMPARED: Final = 1_000
"""Messages that are looked at, the latest first: 0.4 s of CPU if all go to circles."""


def find_same_selection(connection: Connection, request: MessageRequest) -> str | None:
    """Return the id of the latest message with an audience whose selection says the same.

    Facilities must stand for the same contacts, too: managers only, or all of them.

    Args:
        connection: Any transaction.
        request: What is to be sent.

    Returns:
        None where there is none among the `MOST_COMPARED` latest, or the request follows an earlier
        message and has no selection of its own.
    """
    if request.selection is None:
        return None
    same = write_selection(request.selection)
    columns = (Message.message_id, Message.request["selection"], Message.request["options"])
    for message_id, selection, options in connection.execute(
        latest_first(*columns).limit(MOST_COMPARED)
    ):
        is_for_managers = bool((options or {}).get("managers_only"))
        if is_for_managers == request.options.managers_only and _write(selection) == same:
            return str(message_id)
    return None


def _write(selection: dict[str, Any] | None) -> str | None:
    """Return the form of a selection as it is stored; None where that is none any more."""
    try:
        return write_selection(parse_selection(selection)) if selection else None
    except SelectionError:  # of another version, or reduced by retention
        return None
