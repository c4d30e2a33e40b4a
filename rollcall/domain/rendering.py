"""From what an administrator wrote to what one recipient gets: in their language, filled in."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Final

from rollcall.domain.content import MessageContent, Translation
from rollcall.domain.email_layout import EmailLayout
from rollcall.domain.languages import choose_language
from rollcall.domain.link_names import name_link
from rollcall.domain.segments import SmsEncoding, SmsSize, count_segments
from rollcall.domain.template_variables import (
    LINK_VARIABLE,
    SUBJECT_VARIABLES,
    TEXT_VARIABLES,
    MessageVariables,
    RecipientVariables,
    fold_line,
    gather_variables,
)
from rollcall.domain.templates import CompiledTemplate, compile_template
from rollcall.errors import TemplateError

MAX_SMS_SEGMENTS: Final = 10
"""Gateways refuse more (Twilio takes 1,600 characters); parts of a long one arrive late
or out of order."""

_TRIAL_MESSAGE: Final = MessageVariables(sent_on=date(2026, 11, 23), organisation="Organisation")
_TRIAL_NAMES: Final = ("Maria Example", "Владимир Александрович")
"""An ordinary name, and one outside GSM-7: it makes the whole SMS UCS-2, which takes more than
twice the segments."""


@dataclass(frozen=True, slots=True)
class EmailBody:
    """An email for one recipient.

    Attributes:
        subject: One line.
        text: The plain part.
        html: The same as an HTML document.
        language: BCP 47 tag of the content that was chosen, None if it does not say.
    """

    subject: str
    text: str
    html: str
    language: str | None


@dataclass(frozen=True, slots=True)
class SmsBody:
    """An SMS for one recipient.

    Attributes:
        text: Never empty.
        encoding: What the text needs.
        segments: 1 to `MAX_SMS_SEGMENTS`.
        language: As in `EmailBody`.
    """

    text: str
    encoding: SmsEncoding
    segments: int
    language: str | None


@dataclass(frozen=True, slots=True)
class _Version:
    """The templates of one language, and how errors call it."""

    label: str
    language: str | None
    subject: CompiledTemplate
    text: CompiledTemplate
    sms: CompiledTemplate
    link: str | None

    @property
    def email_variables(self) -> frozenset[str]:
        return self.subject.variables | self.text.variables

    @property
    def sms_variables(self) -> frozenset[str]:
        with_subject = self.subject.variables if "subject" in self.sms.variables else frozenset()
        return self.sms.variables | with_subject


class CompiledContent:
    """A message whose templates have all been checked; safe to use from several threads.

    Attributes:
        email_variables: The names that emails use, in some language.
        sms_variables: The names that SMS use.
    """

    def __init__(
        self, versions: Mapping[str | None, _Version], default: _Version, layout: EmailLayout
    ) -> None:
        self._versions = versions
        self._default = default
        self._layout = layout
        self._languages = frozenset(tag for tag in versions if tag is not None)
        every = (default, *versions.values())
        self.email_variables = frozenset().union(*(one.email_variables for one in every))
        self.sms_variables = frozenset().union(*(one.sms_variables for one in every))

    def render_email(self, recipient: RecipientVariables, message: MessageVariables) -> EmailBody:
        """Write the email of one recipient.

        Raises:
            TemplateError: The text comes out empty or too long for them; names language and field,
                not the recipient.
        """
        version = self._choose_version(recipient)
        variables = _gather(version, recipient, message)
        subject = variables["subject"] = _render_subject(version, variables)
        text = _render_field(version, "text", version.text, variables)
        _require_text(version, "text", text)
        text = _append_link(version, text, f"\n\n{name_link(version.language)}: ")
        html = self._layout.render(subject, text, version.language)
        return EmailBody(subject, text, html, version.language)

    def render_sms(self, recipient: RecipientVariables, message: MessageVariables) -> SmsBody:
        """Write the SMS of one recipient: the short text, or the text where there is none.

        Raises:
            TemplateError: It comes out empty or over `MAX_SMS_SEGMENTS` for them; names language
                and field, not the recipient.
        """
        version = self._choose_version(recipient)
        text = _fill_sms(version, recipient, message)
        _require_text(version, "sms", text)
        size = _size_sms(version, text)
        return SmsBody(text, size.encoding, size.segments, version.language)

    def render_push(
        self, recipient: RecipientVariables, message: MessageVariables
    ) -> tuple[str, str]:
        """Write the title and the text of one recipient's notification, not shortened yet.

        The link is where a tap on it leads, and not in the text, which may be cut short; without it
        a text may come out empty.

        Raises:
            TemplateError: The text cannot be rendered for them; names language and field.
        """
        version = self._choose_version(recipient)
        variables = _gather(version, recipient, message) | {LINK_VARIABLE: ""}
        subject = variables["subject"] = _render_subject(version, variables)
        return subject, _render_field(version, "text", version.text, variables)

    def _choose_version(self, recipient: RecipientVariables) -> _Version:
        language = choose_language(recipient.language, self._languages)
        return self._default if language is None else self._versions[language]


def compile_content(
    content: MessageContent,
    layout: EmailLayout,
    *,
    include_sms: bool = True,
    link: str | None = None,
) -> CompiledContent:
    """Check and compile every template in every language, before anything is sent.

    Args:
        content: What was written.
        layout: The HTML frame of emails (`compile_layout`).
        include_sms: Whether SMS will be sent: then their length is tried with an ordinary name and
            with a Cyrillic one.
        link: What stands for each recipient's personal link, which a text may place by
            `{{ link }}` and which follows it otherwise. None: the message has none.

    Raises:
        TemplateError: Names the language, the field, the line and what is wrong.
    """
    versions = {
        language: _compile_version(language, link, is_default=position == 0, written=written)
        for position, (language, written) in enumerate(content.iterate_versions())
    }
    if include_sms:
        for version in versions.values():
            _try_sms_length(version)
    return CompiledContent(versions, versions[content.language], layout)


def _compile_version(
    language: str | None, link: str | None, *, is_default: bool, written: Translation
) -> _Version:
    label = f"translation {language}"
    if is_default:
        label = f"content ({language or 'no language given'})"
    subject = _compile_field(label, "subject", written.subject, SUBJECT_VARIABLES)
    known = TEXT_VARIABLES | {LINK_VARIABLE} if link else TEXT_VARIABLES
    text = _compile_field(label, "text", written.text, known)
    sms = text
    if written.sms is not None:
        sms = _compile_field(label, "sms", written.sms, known)
    return _Version(label, language, subject, text, sms, link)


def _compile_field(
    label: str, field: str, source: str, variables: AbstractSet[str]
) -> CompiledTemplate:
    try:
        return compile_template(source, variables)
    except TemplateError as exc:
        raise TemplateError(f"{label}, {field}, {exc}") from exc


def _try_sms_length(version: _Version) -> None:
    for name in _TRIAL_NAMES:
        reader = RecipientVariables(name, version.language, country="JP", home_country="DE")
        _size_sms(version, _fill_sms(version, reader, _TRIAL_MESSAGE))


def _fill_sms(version: _Version, recipient: RecipientVariables, message: MessageVariables) -> str:
    variables = _gather(version, recipient, message)
    if "subject" in version.sms.variables:
        variables["subject"] = _render_subject(version, variables)
    text = _render_field(version, "sms", version.sms, variables)
    return _append_link(version, text, "\n")


def _gather(
    version: _Version, recipient: RecipientVariables, message: MessageVariables
) -> dict[str, str]:
    variables = gather_variables(recipient, message, version.language)
    return variables | {LINK_VARIABLE: version.link} if version.link else variables


def _append_link(version: _Version, text: str, between: str) -> str:
    """Let a link follow a text that does not hold it."""
    if not text or version.link is None or version.link in text:
        return text
    return f"{text}{between}{version.link}"


def _render_subject(version: _Version, variables: Mapping[str, str]) -> str:
    return fold_line(_render_field(version, "subject", version.subject, variables))


def _render_field(
    version: _Version, field: str, template: CompiledTemplate, variables: Mapping[str, str]
) -> str:
    try:
        return template.render(variables).strip()
    except TemplateError as exc:
        raise TemplateError(f"{version.label}, {field}: {exc}") from exc


def _size_sms(version: _Version, text: str) -> SmsSize:
    size = count_segments(text)
    if size.segments > MAX_SMS_SEGMENTS:
        raise TemplateError(
            f"{version.label}, sms: takes {size.segments} SMS in {size.encoding}, "
            f"{MAX_SMS_SEGMENTS} are allowed; shorten it, or write a short text for SMS"
        )
    return size


def _require_text(version: _Version, field: str, text: str) -> None:
    if not text:
        raise TemplateError(f"{version.label}, {field}: comes out empty for at least one recipient")
