"""What an administrator sends, as said by the administrator: the request behind a message."""

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from rollcall.domain.chats import ChatTerms, Place, Reminder
from rollcall.domain.content import MessageContent, Translation
from rollcall.domain.selection import Filter, Moment, Naming, Selection, parse_selection
from rollcall.domain.strict_json import parse_json
from rollcall.domain.strict_model import StrictModel
from rollcall.domain.validation_text import first_mistake
from rollcall.errors import RequestError

Channel = Literal["email", "sms", "push"]
"""How a message travels."""

CHANNELS: tuple[Channel, ...] = get_args(Channel)

EXPECTED_AUDIENCE = r"^[0-9a-f]{64}$"
"""How the digest of a preview looks."""

MessageKind = Literal["one_way", "chat_invite", "chat_notice", "chat_reminder"]
"""All but `one_way` are made by the system: what invites to a chat, tells of a post in it, and
reminds those who have not answered."""

Followed = Literal["reached", "not_reached", "members", "not_ok", "not_answered", "member"]
"""Whom of another message: who has or may have a copy; of whom it is not known that a route took it
over; and of a conversation everybody, who has not answered OK, who has not answered at all, and one
person."""


class MessageOptions(StrictModel):
    """How a message travels, and what it asks; email is used unless it is said otherwise."""

    include_email: bool = Field(default=True, description="Send an email.")
    include_push: bool = Field(default=False, description="Notify those who have the app.")
    include_sms: bool = Field(default=False, description="Send an SMS too.")
    high_quality_sms: bool = Field(
        default=False, description="Try alternative SMS routes, many times, until accepted."
    )
    managers_only: bool = Field(
        default=False, description="Facilities stand only for those contacts that are managers."
    )
    life_safety: bool = Field(
        default=False, description="Send SMS to people too who have asked for no more (STOP)."
    )
    ok_request: bool = Field(
        default=False,
        description='Ask "Are you OK?": a personal link leads to a page of two buttons.',
    )

    @model_validator(mode="after")
    def _require_channel(self) -> Self:
        if not (self.include_email or self.include_sms or self.include_push):
            raise ValueError("no channel is left: include email, SMS or push")
        return self

    @model_validator(mode="after")
    def _require_sms(self) -> Self:
        if self.high_quality_sms and not self.include_sms:
            raise ValueError("high_quality_sms needs include_sms")
        return self


class FollowUp(StrictModel):
    """Whom a message follows another one to: part of that one's frozen audience.

    Attributes:
        message_id: The message that was sent before.
        who: Which part.
        person_id: The one person, where `who` is `member`.
    """

    message_id: str = Field(min_length=1)
    who: Followed
    person_id: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _require_person(self) -> Self:
        if (self.who == "member") != (self.person_id is not None):
            raise ValueError('a person_id goes with who = "member", and with nothing else')
        return self


class MessageRequest(StrictModel):
    """A message as accepted: what to say, to whom, and how.

    It goes to a `selection`, or to the `follow_up` of an earlier message: one of the two. With
    `chat` it opens one: its subject is the title, its text the first post. With `notice_in`, a
    chat's id, its links lead to that one.
    """

    content: MessageContent
    selection: Selection | None = None
    follow_up: FollowUp | None = None
    options: MessageOptions = MessageOptions()
    chat: ChatTerms | None = None
    notice_in: str | None = None
    expires_at: Moment = Field(
        default=None, description="After this moment no further try is made."
    )
    expected_audience: Annotated[str, StringConstraints(pattern=EXPECTED_AUDIENCE)] | None = Field(
        default=None, description="Digest of a preview: any other audience is refused."
    )
    confirmed: bool = Field(
        default=False, description="It is meant, although the guards would refuse it."
    )

    @model_validator(mode="after")
    def _require_one_aim(self) -> Self:
        if (self.selection is None) == (self.follow_up is None):
            raise ValueError("needs either a selection or a follow_up")
        if self.chat is not None and self.notice_in is not None:
            raise ValueError("opens a chat, or tells of one: not both")
        return self

    @property
    def kind(self) -> MessageKind:
        """Return what it is in the message log."""
        if self.chat is not None:
            return "chat_invite"
        if self.notice_in is None:
            return "one_way"
        is_reminder = self.follow_up is not None and self.follow_up.who == "not_answered"
        return "chat_reminder" if is_reminder else "chat_notice"

    @property
    def opens_conversation(self) -> bool:
        """Tell whether its recipients become members of a conversation of its own."""
        return self.notice_in is None and (self.chat is not None or self.options.ok_request)

    @property
    def has_links(self) -> bool:
        """Tell whether its texts carry personal links."""
        return self.opens_conversation or self.notice_in is not None

    def channels(self) -> tuple[Channel, ...]:
        """Return the channels this message uses."""
        is_used = {
            "email": self.options.include_email,
            "sms": self.options.include_sms,
            "push": self.options.include_push,
        }
        return tuple(channel for channel in CHANNELS if is_used[channel])

    @property
    def has_push_beside(self) -> bool:
        """Tell whether notifications are a further way: nobody is missed without them."""
        return "push" in self.channels() and len(self.channels()) > 1


def parse_request(text: str | bytes) -> MessageRequest:
    """Read a message request from JSON.

    Raises:
        RequestError: Not JSON, an unknown key, or a wrong value.
        SelectionError: The selection in it cannot be meant.
    """
    try:
        asked = parse_json(text)
    except ValueError as error:
        raise RequestError(f"message is not valid JSON: {error}") from error
    if isinstance(asked, dict) and isinstance(asked.get("selection"), dict):
        parse_selection(asked["selection"])
    try:
        return MessageRequest.model_validate(asked)
    except ValidationError as error:
        raise RequestError(f"message: {first_mistake(error, _KNOWN_KEYS)}") from error


_MODELS: tuple[type[BaseModel], ...] = (
    MessageRequest,
    FollowUp,
    MessageContent,
    Translation,
    MessageOptions,
    ChatTerms,
    Reminder,
    Place,
    Naming,
    Filter,
)

_KNOWN_KEYS = [name for model in _MODELS for name in model.model_fields]


def digest_request(request: MessageRequest, source: str, as_of: datetime | None) -> str:
    """Return a SHA-256 over everything that makes two requests the same request.

    What is not said is left out: a key must stand for the same request when a later version knows
    more options. Whether it was confirmed is left out too: that is not asked for, but permitted.
    """
    told: dict[str, Any] = {
        "request": request.model_dump(mode="json", exclude_defaults=True, exclude={"confirmed"}),
        "source": source,
        "as_of": as_of.isoformat() if as_of else None,
    }
    canonical = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def digest_content(content: MessageContent) -> str:
    """Return a SHA-256 over what a message says, in all its languages."""
    told = content.model_dump(mode="json", exclude_defaults=True)
    canonical = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
