"""What a draft says, language by language, as far as it is written: how long, and what is missing.

One language that is not finished must not hide what the others come to, so each is looked at by
itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from rollcall.domain.chat_request import ChatText
from rollcall.domain.content import MessageContent, Translation
from rollcall.domain.drafts import Body, DraftKind, read_path
from rollcall.domain.email_layout import EmailLayout
from rollcall.domain.languages import normalise_language
from rollcall.domain.rendering import CompiledContent, compile_content
from rollcall.domain.segments import SmsSize, count_segments, non_gsm_characters
from rollcall.domain.template_variables import MessageVariables, RecipientVariables
from rollcall.domain.validation_text import first_mistake
from rollcall.errors import InputError, RequestError

TEXT_KEYS: Final[dict[DraftKind, tuple[str, str, str]]] = {
    "message": ("subject", "text", "sms"),
    "chat": ("title", "post", "sms"),
}
"""How the subject, the text and the short text are called in a body."""

TEXT_NAMES: Final[dict[DraftKind, tuple[str, str, str]]] = {
    "message": ("subject", "text", "shorter text for SMS"),
    "chat": ("title", "first post", "shorter text for SMS"),
}
"""The same in words."""

_SHORT_NAME: Final = "Maria Example"
_LONG_NAME: Final = "Владимир Александрович"
"""An ordinary name, and one that turns the whole SMS into UCS-2: less than half the room."""


@dataclass(frozen=True, slots=True)
class DraftText:
    """What a draft says in one language.

    Attributes:
        language: BCP 47 tag; None: the first version does not say.
        is_first: Whether it is the one for everybody who has none of their own.
        subject: The subject, or the title of the chat.
        text: The text, or the first post.
        sms: The shorter text for SMS; empty: there is none.
    """

    language: str | None
    is_first: bool
    subject: str
    text: str
    sms: str

    @property
    def label(self) -> str:
        """Return how it is called in a sentence."""
        return f"the version in {self.language}" if self.language else "the first version"


@dataclass(frozen=True, slots=True)
class SmsLength:
    """How many SMS a text takes.

    Attributes:
        usual: With an ordinary name, a link as long as a real one, and everything else filled in.
        longest: With a name outside of GSM-7, where the text holds the name; else as `usual`.
        costly: The characters of the text itself that make it UCS-2, each once.
    """

    usual: SmsSize
    longest: SmsSize
    costly: tuple[str, ...]


def base_path(kind: DraftKind, language: str | None = None) -> tuple[str, ...]:
    """Return where in a body a version stands; without a language the first one."""
    base = ("content",) if kind == "message" else ()
    return base if language is None else (*base, "translations", language)


def list_texts(kind: DraftKind, body: Body) -> list[DraftText]:
    """Return what a draft says, the first version first; whatever it lacks is empty."""
    first = read_path(body, base_path(kind))
    told = first if isinstance(first, Mapping) else {}
    language = told.get("language")
    others = told.get("translations")
    versions = others if isinstance(others, Mapping) else {}
    return [
        _read(kind, told, language if isinstance(language, str) else None, is_first=True),
        *(_read(kind, one, str(tag), is_first=False) for tag, one in versions.items()),
    ]


def require_whole(kind: DraftKind, text: DraftText) -> Translation:
    """Return a version as a message says it.

    Raises:
        RequestError: Something of it is missing, too long, or has no place in a chat.
    """
    parts = (text.subject, text.text, text.sms or None)
    for name, part in zip(TEXT_NAMES[kind], parts, strict=True):
        if part is not None and not part.strip():
            raise RequestError(f"{text.label} has no {name}")
    told = dict(zip(TEXT_KEYS[kind], parts, strict=True))
    try:
        if kind == "chat":
            told = ChatText.model_validate(told).as_content()
        return Translation.model_validate(told)
    except ValidationError as error:
        raise RequestError(f"{text.label}: {first_mistake(error)}") from error


def compile_texts(
    kind: DraftKind, body: Body, layout: EmailLayout, link: str | None
) -> CompiledContent:
    """Compile what a draft says in those languages in which it is whole, to be looked at.

    Args:
        kind: What it becomes.
        body: The draft.
        layout: The HTML frame of emails.
        link: What stands for a personal link; None: it has none.

    Raises:
        InputError: The first version is not whole, or a text uses what it may not.
    """
    first, *others = list_texts(kind, body)
    content = _as_content(kind, first)
    translations: dict[str, Translation] = {}
    for one in others:
        if one.language != first.language and (whole := _find_whole(kind, one)):
            translations[one.language or ""] = whole
    whole_content = content.model_copy(update={"translations": translations})
    return compile_content(whole_content, layout, include_sms=False, link=link)


def measure_sms(
    kind: DraftKind,
    text: DraftText,
    message: MessageVariables,
    layout: EmailLayout,
    link: str | None,
) -> SmsLength:
    """Return how many SMS one version takes.

    Args:
        kind: What the draft becomes.
        text: The version.
        message: Who sends it, and when.
        layout: The HTML frame of emails; SMS have none of it.
        link: What stands for a personal link; None: it has none.

    Raises:
        InputError: It is not whole, uses what it may not, or takes more than is allowed.
    """
    compiled = compile_content(_as_content(kind, text), layout, include_sms=False, link=link)
    usual = _write_sms(compiled, _SHORT_NAME, message)
    has_name = "name" in compiled.sms_variables
    longest = _write_sms(compiled, _LONG_NAME, message) if has_name else usual
    costly = non_gsm_characters(usual)
    return SmsLength(count_segments(usual), count_segments(longest), tuple(costly))


def list_text_faults(
    kind: DraftKind,
    body: Body,
    layout: EmailLayout,
    *,
    include_sms: bool,
    link: str | None,
) -> list[str]:
    """Return what is wrong with the texts of a draft, one sentence for each version at most."""
    faults: list[str] = []
    for text in list_texts(kind, body):
        try:
            content = _as_content(kind, text)
            compile_content(content, layout, include_sms=include_sms, link=link)
        except InputError as error:
            faults.append(str(error))
    return faults


def _read(kind: DraftKind, version: Any, language: str | None, *, is_first: bool) -> DraftText:
    told = version if isinstance(version, Mapping) else {}
    parts = (told.get(key) for key in TEXT_KEYS[kind])
    subject, text, sms = (part if isinstance(part, str) else "" for part in parts)
    return DraftText(language, is_first, subject, text, sms)


def _as_content(kind: DraftKind, text: DraftText) -> MessageContent:
    whole = require_whole(kind, text)
    try:
        language = normalise_language(text.language) if text.language else None
    except ValueError as error:
        raise RequestError(f"{text.label}: {error}") from error
    return MessageContent(**dict(whole), language=language)


def _find_whole(kind: DraftKind, text: DraftText) -> Translation | None:
    try:
        return require_whole(kind, text)
    except RequestError:
        return None


def _write_sms(compiled: CompiledContent, name: str, message: MessageVariables) -> str:
    reader = RecipientVariables(name, country="JP", home_country="DE")
    return compiled.render_sms(reader, message).text
