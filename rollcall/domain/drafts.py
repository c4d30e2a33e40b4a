"""Drafts: messages and chats that somebody writes and has not sent yet.

The body is what `rollcall send` or `rollcall chat open` reads, as far as it is written: it may lack
anything, and may be wrong. Whoever sends it reads it strictly.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from rollcall.domain.message import MessageRequest
from rollcall.domain.message_templates import TemplateKind, parse_message
from rollcall.errors import InputError

DraftKind = Literal["message", "chat"]
"""What a draft becomes: a message one-way, or a new chat."""

DRAFT_KINDS: Final[tuple[DraftKind, ...]] = ("message", "chat")

MOST_BODY_BYTES: Final = 2_000_000
"""As JSON. Some thousand ids and a detailed area; more is no writing, but a mistake."""

Body = dict[str, Any]
Edit = Callable[[Body], Body]
"""Takes a body as it is at this moment and returns it changed; changes nothing itself."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft.

    Attributes:
        draft_id: In the address of its page; what it is sent with is made of it.
        kind: What it becomes.
        owner: The name of whoever began it; theirs alone, and the admins'.
        body: In the shape that `rollcall send` (message) or `rollcall chat open` (chat) reads.
        created_at: When it was begun.
        changed_at: When it was last changed.
        template: Name of the template that it was begun from, if any.
        message_id: The message it has become; None: it is not sent, or that one was refused before
            anything went out, and it can be corrected and sent again.
        refusal: Why the message that it became last was refused.
    """

    draft_id: str
    kind: DraftKind
    owner: str
    body: Body
    created_at: datetime
    changed_at: datetime
    template: str | None = None
    message_id: str | None = None
    refusal: str | None = None

    @property
    def key(self) -> str:
        """Return the idempotency key of the message it becomes: one, however often it is sent."""
        return key_of(self.draft_id)

    @property
    def template_kind(self) -> TemplateKind:
        """Return which templates it can be begun from, and be kept as."""
        return "chat" if self.kind == "chat" else "one_way"

    @property
    def title(self) -> str:
        """Return its subject or title; empty while there is none."""
        told = self.body.get("title")
        if self.kind == "message":
            told = read_path(self.body, ("content", "subject"))
        return told if isinstance(told, str) else ""

    def read(self) -> MessageRequest:
        """Return the message it says, to be sent.

        Raises:
            RequestError: Something is missing or wrong; one sentence.
            SelectionError: Whom it is for cannot be meant.
        """
        return parse_message(json.dumps(self.body), self.template_kind)


def key_of(draft_id: str) -> str:
    """Return the idempotency key that a draft is sent with."""
    return f"draft-{draft_id}"


def read_path(body: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Return what stands at a path of keys; None where there is nothing."""
    told: Any = body
    for key in path:
        if not isinstance(told, Mapping):
            return None
        told = told.get(key)
    return told


def set_value(body: Body, path: tuple[str, ...], value: Any) -> Body:
    """Return a body with a value at a path of keys, in place of what stood there.

    Args:
        body: As it was; stays so.
        path: Keys from the outside to the inside.
        value: None takes it away, and what is left empty around it.
    """
    key, *rest = path
    if rest:
        inner = body.get(key)
        value = set_value(inner if isinstance(inner, dict) else {}, tuple(rest), value) or None
    others = {name: told for name, told in body.items() if name != key}
    return others if value is None else body | {key: value}


def merge(body: Body, part: Mapping[str, Any]) -> Body:
    """Return a body with a part of it changed: objects by their keys, all else in place of before.

    A JSON merge patch (RFC 7396): what is None is taken away.
    """
    merged = dict(body)
    for key, told in part.items():
        before = merged.get(key)
        if isinstance(told, Mapping):
            merged[key] = merge(before if isinstance(before, dict) else {}, told)
        elif told is None:
            merged.pop(key, None)
        else:
            merged[key] = told
    return merged


def rename_filter_in(body: Body, old: str, new: str) -> Body:
    """Return a body that names a dynamic filter by its new name wherever it named it by the old."""
    for path in (("selection", "saved_filters"), ("selection", "exclude", "saved_filters")):
        names = read_path(body, path)
        if isinstance(names, list) and old in names:
            body = set_value(body, path, [new if name == old else name for name in names])
    return body


def require_storable(body: Body) -> None:
    """Make sure that a body is no larger than any draft may be.

    Raises:
        InputError: It is.
    """
    if len(json.dumps(body)) > MOST_BODY_BYTES:
        raise InputError(
            f"a draft holds {MOST_BODY_BYTES:,} bytes at most: keep long lists as groups or "
            "dynamic filters, and simplify areas"
        )
