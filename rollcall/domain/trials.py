"""A test to oneself: the message as it is written, marked, to one person and nobody else."""

from dataclasses import dataclass
from typing import Any, Final

from rollcall.domain.audience import Position, Recipient, looks_deliverable
from rollcall.domain.content import MAX_SUBJECT_CHARS, MAX_TEXT_CHARS, MessageContent, Translation
from rollcall.domain.message import Channel, MessageOptions, MessageRequest
from rollcall.domain.phones import normalise_phone
from rollcall.domain.selection import Selection
from rollcall.errors import InputError

MARK: Final = "TEST: "
"""What every text of a test begins with: whoever else reads it must not take it for real."""

TYPED_ID: Final = "test-reader"
"""Stands for whoever is not in the travellers' data; does not tell who that is."""


@dataclass(frozen=True, slots=True)
class TrialReader:
    """Who gets a test.

    Attributes:
        name: As texts greet them.
        email: Their address, if any.
        phone: Their number, E.164, if any.
        language: In which language they get it; None: in the first.
        person_id: Who they are in the travellers' data; None: their addresses were typed.
        country: Where they are, as far as texts tell.
        home_country: Where they live.
    """

    name: str
    email: str | None = None
    phone: str | None = None
    language: str | None = None
    person_id: str | None = None
    country: str | None = None
    home_country: str | None = None

    @property
    def id(self) -> str:
        """Return their id within the audience of the test."""
        return self.person_id or TYPED_ID

    def as_recipient(self) -> Recipient:
        """Return them as the only recipient of a message."""
        position = Position("none", country=self.country)
        via: tuple[dict[str, str | int], ...] = ({"by": "person"},)
        return Recipient(
            self.id, self.name, self.email, self.phone, self.language, self.home_country,
            position, via,
        )  # fmt: skip


def read_addresses(email: str, phone: str) -> tuple[str | None, str | None]:
    """Return an address and a number as they were typed; None where nothing was.

    Raises:
        InputError: One cannot be sent to, or there is none.
    """
    email, phone = email.strip(), phone.strip()
    if not (email or phone):
        raise InputError("type an email address or a number that the test is to go to")
    if email and not looks_deliverable(email):
        raise InputError("the email address of the test is not one that can be sent to")
    number = normalise_phone(phone, None) if phone else None
    if phone and number is None:
        raise InputError("the number of the test is not valid: write it as +12025550100")
    return email or None, number


def make_trial(
    request: MessageRequest, reader: TrialReader, *, has_app: bool = False
) -> MessageRequest:
    """Return the message as a test: marked, to the reader alone, over what reaches them.

    Nobody is chased for an answer to a test, and it stands in the way of no guard.

    Args:
        request: What is to be sent later.
        reader: Who gets the test.
        has_app: Whether their app takes notifications.

    Raises:
        InputError: No channel of the message reaches them, or no mark fits.
    """
    update: dict[str, Any] = {
        "content": _mark(request.content),
        "selection": Selection(people=(reader.id,)),
        "follow_up": None,
        "options": _choose_channels(request, reader, has_app=has_app),
        "chat": request.chat and request.chat.model_copy(update={"ladder": ()}),
        "expected_audience": None,
        "confirmed": True,
    }
    return request.model_copy(update=update)


def _choose_channels(
    request: MessageRequest, reader: TrialReader, *, has_app: bool
) -> MessageOptions:
    reached: dict[Channel, bool] = {
        "email": bool(reader.email),
        "sms": bool(reader.phone),
        "push": has_app,
    }
    used = [channel for channel in request.channels() if reached[channel]]
    if not used:
        wanted = {"email": "an email address", "sms": "a number", "push": "somebody with the app"}
        needed = " or ".join(wanted[channel] for channel in request.channels())
        raise InputError(f"this cannot be tested so: it needs {needed}")
    options = request.options.model_dump() | {
        "include_email": "email" in used,
        "include_sms": "sms" in used,
        "include_push": "push" in used,
        "high_quality_sms": "sms" in used and request.options.high_quality_sms,
        "managers_only": False,
    }
    return MessageOptions(**options)


def _mark(content: MessageContent) -> MessageContent:
    translations = {tag: _mark_one(one) for tag, one in content.translations.items()}
    return MessageContent(**_marked(content), language=content.language, translations=translations)


def _mark_one(version: Translation) -> Translation:
    return Translation(**_marked(version))


def _marked(version: Translation) -> dict[str, Any]:
    """Return the texts with the mark before them.

    Raises:
        InputError: One is too long by so many characters.
    """
    limits = {"subject": MAX_SUBJECT_CHARS, "text": MAX_TEXT_CHARS, "sms": MAX_TEXT_CHARS}
    marked: dict[str, Any] = {}
    for name, most in limits.items():
        told = getattr(version, name)
        if told is None:
            continue
        marked[name] = MARK + told
        if (over := len(marked[name]) - most) > 0:
            raise InputError(f"no mark fits before the {name}: shorten it by {over} characters")
    return marked
