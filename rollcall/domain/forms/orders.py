"""What can be ordered with a form: a message, a chat, a post in a chat."""

import json
import re
from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from pydantic import ConfigDict

from rollcall.clock import format_instant
from rollcall.domain.chat_posts import PostRequest, make_post
from rollcall.domain.chats import MOST_LINK_DAYS, read_place
from rollcall.domain.forms.choices import ChatChoices, MessageChoices, ReminderForm
from rollcall.domain.forms.fields import FormPart, entry, said
from rollcall.domain.forms.recipients import RecipientsForm
from rollcall.domain.forms.wording import STORED, ChatWording, MessageWording
from rollcall.domain.message import CHANNELS, EXPECTED_AUDIENCE, Channel, MessageRequest
from rollcall.domain.message_templates import (
    MessageSettings,
    TemplateKind,
    apply_template,
    describe_settings,
    parse_message,
)
from rollcall.errors import InputError


class OrderForm(FormPart):
    """What the orders of messages and of chats have in common."""

    kind: ClassVar[TemplateKind]

    template: str = entry(
        0, "Template", "Recommended. What is not filled in below is as it says. Empty: none.", ""
    )
    recipients: RecipientsForm = entry(
        1, "Recipients", "Nothing filled in: those of the template.", RecipientsForm()
    )
    preview_only: bool = entry(
        10, "Preview only", "Count who is meant, show it, send nothing.", default=False
    )
    confirmed: bool = entry(
        11, "Confirm", "The same again, or to far more people: it is meant.", default=False
    )
    expected_audience: str = entry(
        12, "Only to those previewed", "Digest of a preview: exactly to them, or to nobody.", ""
    )
    expires_in_hours: float = entry(
        13, "Give up after hours", "0: as is set for all messages.", 0, ge=0, le=24 * 365
    )
    source: str = entry(14, "Data folder", "Of travellers' data. Empty: the one that is set.", "")
    uses_last_good: bool = entry(
        15, "Last good data", "As last found good, whatever the files are now.", default=False
    )

    @abstractmethod
    def write_changes(self) -> dict[str, Any]:
        """Return the keys that are filled in, without options and recipients."""

    @abstractmethod
    def write_options(self) -> dict[str, bool]:
        """Return the options that are not as usual."""

    def tell(self) -> str:
        """Say in a few words what is ordered, for the name of a run; nothing of its text."""
        names = [f"template {self.template}"] if self.template else []
        return ", ".join([*names, *said(to=self.recipients.tell()).values()])

    def make_request(self, template: MessageSettings | None, now: datetime) -> MessageRequest:
        """Return the request that a form stands for.

        Args:
            template: What the template keeps that the form names; None if it names none.
            now: The moment it is ordered, aware.

        Raises:
            InputError: Nothing says what to send; or as `rollcall send` has it.
        """
        changes = self.write_changes() | said(selection=self.recipients.to_json())
        usual = describe_settings(self.kind, template).get("options", {}) if template else {}
        if options := self.write_options():
            changes["options"] = usual | options
        if self.expires_in_hours:
            changes["expires_at"] = format_instant(now + timedelta(hours=self.expires_in_hours))
        return self._insist(self._parse(template, changes))

    def _parse(self, template: MessageSettings | None, changes: dict[str, Any]) -> MessageRequest:
        if template:
            return apply_template(template, json.dumps(changes), self.kind)
        if not changes.keys() & {"content", "post"}:
            raise InputError("what to send is missing: name a template, or fill in a text")
        if "selection" not in changes:
            raise InputError("recipients are missing: name a template, or fill in who is meant")
        return parse_message(json.dumps(changes), self.kind)

    def _insist(self, request: MessageRequest) -> MessageRequest:
        update: dict[str, Any] = said(expected_audience=self.expected_audience)
        if update and not re.fullmatch(EXPECTED_AUDIENCE, self.expected_audience):
            raise InputError("expected_audience is no digest as a preview shows it")
        return request.model_copy(update=update | {"confirmed": self.confirmed})


class MessageForm(OrderForm):
    """A one-way message."""

    model_config = ConfigDict(title="New message")
    kind = "one_way"

    wording: MessageWording | None = entry(
        2, "Text", "None: the text of the template, in all its languages.", None
    )
    options: MessageChoices | None = entry(
        3, "Options", "None: as the template says; without one, by email alone.", None
    )

    def write_changes(self) -> dict[str, Any]:
        """Return the keys that are filled in, without options and recipients."""
        return self.wording.to_json() if self.wording else {}

    def write_options(self) -> dict[str, bool]:
        """Return the options that are not as usual."""
        return self.options.to_json() if self.options else {}


class ChatForm(OrderForm):
    """A chat to be opened."""

    model_config = ConfigDict(title="New chat")
    kind = "chat"

    wording: ChatWording | None = entry(
        2, "Text", "None: title and first post of the template, in all its languages.", None
    )
    options: ChatChoices | None = entry(
        3, "Options", "None: as the template says; without one, by email and app.", None
    )
    reminders: tuple[ReminderForm, ...] = entry(
        4, "Reminders", "Whom to remind when. No items: those of the template.", ()
    )
    near: str = entry(5, "Where it happened", "Latitude, longitude: 48.8566, 2.3522", "")
    link_days: int = entry(
        6,
        "Days that links work",
        "0: as the template says, else 14.",
        0,
        ge=0,
        le=MOST_LINK_DAYS,
    )

    def write_changes(self) -> dict[str, Any]:
        """Return the keys that are filled in, without options and recipients."""
        told = said(
            ladder=[one.to_json() for one in self.reminders],
            near=read_place(self.near),
            link_days=self.link_days or None,
        )
        return told | (self.wording.to_json() if self.wording else {})

    def write_options(self) -> dict[str, bool]:
        """Return the options that are not as usual."""
        return self.options.to_json() if self.options else {}


class PostForm(FormPart):
    """A post in a chat, and how its members are told of it."""

    model_config = ConfigDict(title="New post")

    chat_id: str = entry(0, "Chat", "Its id, as `rollcall chat list` shows it.", "")
    post: str = entry(1, "Post", f"Everybody reads the same. {STORED}", "")
    sms: str = entry(2, "SMS", "What the SMS says instead. Empty: the post.", "")
    notify: tuple[Channel, ...] = entry(
        3, "Tell members by", "Nothing: the post is there for who looks.", ("email",)
    )

    def make_post(self) -> PostRequest:
        """Return the post, checked.

        Raises:
            InputError: It says nothing, or not where.
            RequestError: It cannot be meant.
        """
        if not self.chat_id or not self.post:
            raise InputError("what to post is missing: fill in the chat's id and the post")
        return make_post({"post": self.post} | said(sms=self.sms))

    def ways(self) -> tuple[Channel, ...]:
        """Return how members are told, in the order of channels."""
        return tuple(one for one in CHANNELS if one in self.notify)


NEW_MESSAGE: Final = MessageForm()
NEW_CHAT: Final = ChatForm()
NEW_POST: Final = PostForm()
