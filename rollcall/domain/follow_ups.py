"""Messages that follow another one: a correction to those reached, a retry to those not."""

import json
from typing import Any, Final, Literal

from rollcall.domain.chats import chat_id_of
from rollcall.domain.message import MessageRequest, parse_request
from rollcall.domain.strict_json import parse_json
from rollcall.errors import RequestError

_CHANGEABLE: Final = ("content", "options", "expires_at")
"""What a follow-up may say for itself; whom it goes to is decided by what was sent."""

_KEPT: Final[dict[str, tuple[str, ...]]] = {
    "reached": ("options",),
    "not_reached": ("content", "options", "expires_at"),
}
"""What a follow-up takes from the message before where it says nothing itself. A correction has
words of its own, and they are worth sending for as long as it says."""


def make_follow_up(
    before: dict[str, Any],
    message_id: str,
    who: Literal["reached", "not_reached"],
    changes: str | bytes | None = None,
) -> MessageRequest:
    """Return the request that follows a message.

    Args:
        before: The request of the message that was sent, as the ledger keeps it.
        message_id: Its id.
        who: Whom the new one goes to.
        changes: JSON with `content`, `options` or `expires_at`, each of which replaces that of the
            message before, whole. None: nothing is changed.

    Raises:
        RequestError: The changes are not JSON, hold another key, or a wrong value; or a correction
            says nothing.
    """
    asked = {} if changes is None else _parse_changes(changes)
    kept = {key: before[key] for key in _KEPT[who] if key in before}
    follow_up = {"message_id": message_id, "who": who}
    return parse_request(
        json.dumps(kept | asked | {"follow_up": follow_up} | _link(before, message_id))
    )


def _link(before: dict[str, Any], message_id: str) -> dict[str, str]:
    """Let the links of a follow-up lead where those of the message before did."""
    request = MessageRequest.model_validate(before)
    if request.opens_conversation:
        return {"notice_in": chat_id_of(message_id)}
    return {"notice_in": request.notice_in} if request.notice_in else {}


def _parse_changes(text: str | bytes) -> dict[str, Any]:
    try:
        asked = parse_json(text)
    except ValueError as error:
        raise RequestError(f"message is not valid JSON: {error}") from error
    if not isinstance(asked, dict):
        raise RequestError("message: must be an object")
    if others := sorted(asked.keys() - set(_CHANGEABLE)):
        allowed = ", ".join(_CHANGEABLE)
        raise RequestError(f"message: {others[0]!r} has no place in a follow-up ({allowed})")
    return asked
