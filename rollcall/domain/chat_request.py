"""What an administrator writes to open a chat: its title and first post, whom it is for, and how.

It becomes a message (`rollcall.domain.message`): its subject is the title, its text the post.
"""

import json
import re
from typing import Any, Final, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from rollcall.domain.chats import LINK_DAYS, MOST_LINK_DAYS, ChatTerms, Place, Reminder
from rollcall.domain.content import (
    MAX_SUBJECT_CHARS,
    MAX_TEXT_CHARS,
    Language,
    MessageContent,
    Translation,
)
from rollcall.domain.message import FollowUp, MessageOptions, MessageRequest
from rollcall.domain.saved_filters import selection_to_json
from rollcall.domain.selection import Moment, Selection, parse_selection
from rollcall.domain.strict_json import parse_json
from rollcall.domain.strict_model import StrictModel
from rollcall.domain.validation_text import first_mistake
from rollcall.errors import RequestError

_TEMPLATE = re.compile(r"\{[{%#]")


class ChatText(StrictModel):
    """A title and a post in one language; everybody reads the same.

    Attributes:
        title: Of the chat, and the subject of the email that invites to it.
        post: Plain text.
        sms: What the SMS says instead of the post; a template.
    """

    title: str = Field(min_length=1, max_length=MAX_SUBJECT_CHARS)
    post: str = Field(min_length=1, max_length=MAX_TEXT_CHARS)
    sms: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT_CHARS)

    @field_validator("title", "post")
    @classmethod
    def _refuse_template(cls, text: str) -> str:
        return require_plain(text)

    def as_content(self) -> dict[str, Any]:
        """Return it as a message says it."""
        told = {"subject": self.title, "text": self.post, "sms": self.sms}
        return {key: text for key, text in told.items() if text is not None}


class ChatOptions(StrictModel):
    """How members are invited, what they are asked, and what they see.

    A chat asks "Are you OK?" unless it is said otherwise, which a one-way message does only if it
    is said: to know who is safe is what most chats are opened for. `include_push` is on: it reaches
    those who have the app, where push is configured, and nobody else.
    """

    include_email: bool = True
    include_push: bool = True
    include_sms: bool = False
    high_quality_sms: bool = False
    managers_only: bool = False
    life_safety: bool = False
    ok_request: bool = True
    members_see_replies: bool = False

    @model_validator(mode="after")
    def _require_sendable(self) -> Self:
        self.as_message()
        return self

    def as_message(self) -> MessageOptions:
        """Return the options of the message that invites."""
        return MessageOptions(**self.model_dump(exclude={"members_see_replies"}))


class ChatSettings(ChatText):
    """All of a chat that a template keeps; whom it is for is decided anew at each use.

    Attributes:
        language: BCP 47 tag of title, post and sms.
        translations: The same in other languages, by tag.
        selection: Who become its members; None where it follows another conversation.
        options: How they are invited, and what they see.
        near: Where it happened.
        link_days: For how many days personal links work.
        ladder: Whom to remind when.
    """

    language: Language | None = None
    translations: dict[str, ChatText] = Field(default_factory=dict)
    selection: Selection | None = None
    options: ChatOptions = ChatOptions()
    near: Place | None = None
    link_days: int = Field(default=LINK_DAYS, ge=1, le=MOST_LINK_DAYS)
    ladder: tuple[Reminder, ...] = ()

    @model_validator(mode="after")
    def _require_sense(self) -> Self:
        self.as_terms()
        if self.ladder and not self.options.ok_request:
            raise ValueError("ladder: nobody is reminded of an answer that ok_request does not ask")
        return self

    def as_terms(self) -> ChatTerms:
        """Return the terms of the chat."""
        return ChatTerms(
            members_see_replies=self.options.members_see_replies,
            near=self.near,
            link_days=self.link_days,
            ladder=self.ladder,
        )

    def as_content(self) -> dict[str, Any]:
        """Return what the message that invites says, in all languages."""
        translations = {tag: one.as_content() for tag, one in self.translations.items()}
        told = super().as_content() | {"translations": translations}
        return told | ({"language": self.language} if self.language else {})

    def to_json(self) -> dict[str, Any]:
        """Return it as it was meant, without what is as if it had not been said."""
        told = self.model_dump(mode="json", exclude_defaults=True)
        return told | ({"selection": selection_to_json(self.selection)} if self.selection else {})


class ChatRequest(ChatSettings):
    """A chat as it is to be opened: its settings, and what is of this opening only."""

    expires_at: Moment = None
    confirmed: bool = False


CHAT_KEYS: Final = [
    name
    for model in (ChatRequest, ChatText, ChatOptions, Reminder, Place)
    for name in model.model_fields
]
"""What a mistyped key may have meant."""


def require_plain(text: str) -> str:
    """Return a text that everybody reads alike.

    Raises:
        ValueError: It is blank, or would be filled in for each recipient.
    """
    if not text.strip():
        raise ValueError("is blank")
    if found := _TEMPLATE.search(text):
        raise ValueError(f"everybody reads the same: {found[0]!r} has no place in it")
    return text


def parse_chat(text: str | bytes) -> MessageRequest:
    """Read the request for a new chat from JSON.

    Raises:
        RequestError: Not JSON, an unknown key, or a wrong value.
        SelectionError: The selection in it cannot be meant.
    """
    chat = read_chat(text)
    if chat.selection is None:
        raise RequestError("chat: selection: field required")
    return make_invitation(chat)


def read_chat(text: str | bytes) -> ChatRequest:
    """Read a chat from JSON; it may lack a selection.

    Raises:
        RequestError: Not JSON, an unknown key, or a wrong value.
        SelectionError: The selection in it cannot be meant.
    """
    asked = _parse_object(text)
    if isinstance(asked.get("selection"), dict):
        parse_selection(asked["selection"])
    try:
        chat = ChatRequest.model_validate(asked)
        MessageContent.model_validate(chat.as_content())
    except ValidationError as error:
        raise RequestError(f"chat: {first_mistake(error, CHAT_KEYS)}") from error
    return chat


def make_invitation(chat: ChatRequest, follow_up: FollowUp | None = None) -> MessageRequest:
    """Return the message that opens a chat.

    Args:
        chat: What to open, as `read_chat` has read it.
        follow_up: Whose members it is for, instead of a selection.
    """
    return MessageRequest(
        content=MessageContent.model_validate(chat.as_content()),
        selection=None if follow_up else chat.selection,
        follow_up=follow_up,
        options=chat.options.as_message(),
        chat=chat.as_terms(),
        expires_at=chat.expires_at,
        confirmed=chat.confirmed,
    )


def describe_chat(
    content: MessageContent,
    selection: Selection | None,
    options: MessageOptions,
    terms: ChatTerms | None,
) -> ChatSettings:
    """Return the chat that a message opens, as an administrator would write it.

    Raises:
        RequestError: It says what a chat does not: of a one-way message, the text may be filled in
            for each recipient.
    """
    terms = terms or ChatTerms()
    told = _describe_text(content) | {
        "language": content.language,
        "translations": {tag: _describe_text(one) for tag, one in content.translations.items()},
        "selection": selection,
        "options": options.model_dump() | {"members_see_replies": terms.members_see_replies},
        "near": terms.near,
        "link_days": terms.link_days,
        "ladder": terms.ladder,
    }
    try:
        return ChatSettings.model_validate(told)
    except ValidationError as error:
        raise RequestError(f"chat: {first_mistake(error)}") from error


def make_following_chat(
    before: MessageRequest, message_id: str, changes: str | bytes | None = None
) -> MessageRequest:
    """Return the request for a new chat with exactly those who have not answered OK.

    Args:
        before: The message that opened the conversation before.
        message_id: Its id.
        changes: JSON of a chat without a selection: each of its keys replaces that of the
            conversation before, whole. None: nothing is changed.

    Raises:
        RequestError: The changes are not JSON, hold another key, or a wrong value.
    """
    asked = {} if changes is None else _parse_object(changes)
    if "selection" in asked:
        raise RequestError(
            "chat: 'selection' has no place here: it is for those who have not answered OK"
        )
    kept = describe_chat(_keep_words(before.content, asked), None, before.options, before.chat)
    chat = read_chat(json.dumps(kept.to_json() | asked))
    return make_invitation(chat, FollowUp(message_id=message_id, who="not_ok"))


def _keep_words(content: MessageContent, asked: dict[str, Any]) -> MessageContent:
    """Return the words before; translations of those that are replaced would say what they did."""
    said = asked.keys() & {"title", "post"}
    if not said:
        return content
    return MessageContent(
        subject="-" if "title" in said else content.subject,
        text="-" if "post" in said else content.text,
        language=None if len(said) > 1 else content.language,
    )


def _describe_text(content: Translation) -> dict[str, Any]:
    return {"title": content.subject, "post": content.text, "sms": content.sms}


def _parse_object(text: str | bytes) -> dict[str, Any]:
    try:
        asked = parse_json(text)
    except ValueError as error:
        raise RequestError(f"chat is not valid JSON: {error}") from error
    if not isinstance(asked, dict):
        raise RequestError("chat: must be an object")
    return asked
