"""What members are asked and reminded with, in the languages that the portal speaks."""

from collections.abc import Callable, Mapping
from typing import Final

from rollcall.domain.content import MessageContent, Translation
from rollcall.domain.languages import choose_language
from rollcall.domain.link_names import PORTAL_LANGUAGES

_DEFAULT: Final = PORTAL_LANGUAGES[0]

_REMINDERS: Final[Mapping[str, str]] = {
    "en": "We have not heard from you yet: {{ subject }}\n\n"
    "Are you OK? Please answer on your personal page.",
    "ar": "لم يصلنا ردك بعد: {{ subject }}\n\nهل أنت بخير؟ يرجى الرد عبر صفحتك الشخصية.",  # noqa: RUF001 - Arabic
    "de": "Wir haben noch nichts von Ihnen gehört: {{ subject }}\n\n"
    "Geht es Ihnen gut? Bitte antworten Sie auf Ihrer persönlichen Seite.",
    "es": "Aún no hemos tenido noticias suyas: {{ subject }}\n\n"
    "¿Se encuentra bien? Responda en su página personal, por favor.",
    "fr": "Nous n'avons pas encore de vos nouvelles : {{ subject }}\n\n"
    "Allez-vous bien ? Répondez sur votre page personnelle, s'il vous plaît.",
    "ja": "まだご回答をいただいていません: {{ subject }}\n\n"
    "ご無事ですか。個人用ページからお答えください。",
}

_QUESTIONS: Final[Mapping[str, str]] = {
    "en": "Are you OK? Please answer on your personal page.",
    "ar": "هل أنت بخير؟ يرجى الرد عبر صفحتك الشخصية.",
    "de": "Geht es Ihnen gut? Bitte antworten Sie auf Ihrer persönlichen Seite.",
    "es": "¿Se encuentra bien? Responda en su página personal, por favor.",
    "fr": "Allez-vous bien ? Répondez sur votre page personnelle, s'il vous plaît.",
    "ja": "ご無事ですか。個人用ページからお答えください。",
}


def write_reminder(invitation: MessageContent) -> MessageContent:
    """Return the reminder of a chat: under its title, in each reader's language.

    The title is the template that it was in the invitation, so that a mail program shows both as
    one conversation.
    """

    def write(tag: str) -> Translation:
        return Translation(subject=_title_in(invitation, tag), text=_REMINDERS[tag])

    return in_all_languages(write)


def write_question(subject: str) -> MessageContent:
    """Return what a check-in asks that has no text of its own.

    Args:
        subject: A template, the same in all languages.
    """
    return in_all_languages(lambda tag: Translation(subject=subject, text=_QUESTIONS[tag]))


def in_all_languages(write: Callable[[str], Translation]) -> MessageContent:
    """Return a content in every language that the portal speaks, English being its own."""
    others = {tag: write(tag) for tag in PORTAL_LANGUAGES if tag != _DEFAULT}
    return MessageContent(**dict(write(_DEFAULT)), language=_DEFAULT, translations=others)


def _title_in(invitation: MessageContent, tag: str) -> str:
    versions = dict(invitation.iterate_versions())
    known = frozenset(name for name in versions if name is not None)
    chosen = choose_language(tag, known)
    return (versions[chosen] if chosen else invitation).subject
