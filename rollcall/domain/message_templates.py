"""Templates: the settings of a message under a name, to be used again, whole or changed.

Not to be confused with the texts inside (`rollcall.domain.templates`), which are filled in for each
recipient.
"""

import json
from typing import Any, Final, Literal

from pydantic import ValidationError

from rollcall.domain.chat_request import (
    CHAT_KEYS,
    ChatRequest,
    ChatSettings,
    describe_chat,
    make_invitation,
    parse_chat,
)
from rollcall.domain.chats import ChatTerms
from rollcall.domain.content import MessageContent, Translation
from rollcall.domain.message import MessageOptions, MessageRequest, parse_request
from rollcall.domain.saved_filters import selection_to_json
from rollcall.domain.selection import Filter, Selection, parse_selection
from rollcall.domain.strict_json import parse_json
from rollcall.domain.strict_model import StrictModel
from rollcall.domain.validation_text import first_mistake
from rollcall.errors import InputError, RequestError

TemplateKind = Literal["one_way", "chat"]
"""What a template is for; a template of one kind is never shown or taken for the other."""

KIND_NAMES: Final[dict[TemplateKind, str]] = {"one_way": "one-way messages", "chat": "chats"}

EXPORT_VERSION: Final = 1
"""Of the files that templates are exported to; a file of a later version is refused."""


class MessageSettings(StrictModel):
    """What a template keeps of a message: all but what is of one sending only.

    That is, when it expires and which previewed audience it insists on.
    """

    content: MessageContent
    selection: Selection
    options: MessageOptions = MessageOptions()
    chat: ChatTerms | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the settings as the ledger keeps them, without what need not be said."""
        told = self.model_dump(mode="json", exclude_defaults=True)
        return told | {"selection": selection_to_json(self.selection)}


def template_kind_of(message_kind: str) -> TemplateKind:
    """Return which templates a message is made from: what opens a chat has its own."""
    return "chat" if message_kind == "chat_invite" else "one_way"


def parse_settings(text: str | bytes, kind: TemplateKind = "one_way") -> MessageSettings:
    """Read settings from the JSON of a message or chat; what is of one sending only is left out.

    Raises:
        RequestError: Not JSON, an unknown key, or a wrong value.
        SelectionError: The selection in it cannot be meant.
    """
    return settings_of(parse_message(text, kind))


def parse_message(text: str | bytes, kind: TemplateKind) -> MessageRequest:
    """Read a message that is sent one-way, or a chat that is opened, from JSON.

    Raises:
        RequestError: Not JSON, an unknown key, or a wrong value; or a message that opens a chat.
        SelectionError: The selection in it cannot be meant.
    """
    if kind == "chat":
        return parse_chat(text)
    request = parse_request(text)
    if request.chat is not None:
        raise RequestError("message: 'chat' has no place here: `rollcall chat open` opens one")
    return request


def settings_of(request: MessageRequest) -> MessageSettings:
    """Return what of a message can be used again.

    Raises:
        RequestError: It is a follow-up: whom it goes to is of one sending only.
    """
    if request.selection is None:
        raise RequestError("a follow-up of another message has no selection to make a template of")
    return MessageSettings(
        content=request.content,
        selection=request.selection,
        options=request.options,
        chat=request.chat,
    )


def describe_settings(kind: TemplateKind, settings: MessageSettings) -> dict[str, Any]:
    """Return settings as an administrator writes them: a chat has a shape of its own."""
    if kind == "one_way":
        return settings.to_json()
    return describe_chat(
        settings.content, settings.selection, settings.options, settings.chat
    ).to_json()


def apply_template(
    settings: MessageSettings, changes: str | bytes | None, kind: TemplateKind = "one_way"
) -> MessageRequest:
    """Return the message that a template makes, whole or changed.

    Args:
        settings: What the template keeps.
        changes: JSON of a message, or of a chat, that may lack keys: each of its keys replaces the
            template's whole. None: nothing is changed.
        kind: What the template is for.

    Raises:
        RequestError: The changes are not JSON, hold an unknown key, or a wrong value.
        SelectionError: The selection in them cannot be meant.
    """
    asked = {} if changes is None else _parse_object(changes, "message")
    return parse_message(json.dumps(describe_settings(kind, settings) | asked), kind)


def export_template(kind: TemplateKind, name: str, settings: MessageSettings) -> dict[str, Any]:
    """Return a template as a file for another installation holds it."""
    told = {"rollcall_template": EXPORT_VERSION, "kind": kind, "name": name}
    return told | {"settings": describe_settings(kind, settings)}


def parse_export(text: str | bytes, kind: TemplateKind) -> tuple[str, MessageSettings]:
    """Read the name and settings from an exported template.

    Raises:
        InputError: It is no exported template, of a later version, or of the other kind.
    """
    exported = _parse_object(text, "template")
    version = exported.get("rollcall_template")
    if version != EXPORT_VERSION or isinstance(version, bool):
        known = f"this version reads {EXPORT_VERSION}"
        raise RequestError(f"template: rollcall_template is {version!r}, {known}")
    model = _ExportedChat if exported.get("kind") == "chat" else _ExportedTemplate
    try:
        file = model.model_validate(exported)
        settings = file.read()
    except ValidationError as error:
        raise RequestError(f"template: {first_mistake(error, _KNOWN_KEYS)}") from error
    if file.kind != kind:
        meant_for, asked_for = KIND_NAMES[file.kind], KIND_NAMES[kind]
        raise InputError(f"template {file.name!r} is for {meant_for}, not for {asked_for}")
    parse_selection(exported["settings"]["selection"])
    return file.name, settings


class _Exported(StrictModel):
    rollcall_template: int
    kind: TemplateKind
    name: str


class _ExportedTemplate(_Exported):
    settings: MessageSettings

    def read(self) -> MessageSettings:
        return self.settings


class _ChatTemplate(ChatSettings):
    selection: Selection


class _ExportedChat(_Exported):
    settings: _ChatTemplate

    def read(self) -> MessageSettings:
        return settings_of(make_invitation(ChatRequest(**dict(self.settings))))


_KNOWN_KEYS = [
    name
    for model in (_ExportedTemplate, MessageSettings, MessageContent, Translation, MessageOptions)
    for name in model.model_fields
] + [*CHAT_KEYS, *Selection.model_fields, *Filter.model_fields]


def _parse_object(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        asked = parse_json(text)
    except ValueError as error:
        raise RequestError(f"{what} is not valid JSON: {error}") from error
    if not isinstance(asked, dict):
        raise RequestError(f"{what}: must be an object")
    return asked
