"""What stands before a personal link in an email, in the languages that the portal speaks."""

from typing import Final

from rollcall.domain.languages import choose_language

PORTAL_LANGUAGES: Final = ("en", "ar", "de", "es", "fr", "ja")
"""English first: it is what everybody else gets."""

_NAMES: Final = {
    "en": "Your personal page, to read and to answer",
    "ar": "صفحتك الشخصية للقراءة والرد",
    "de": "Ihre persönliche Seite zum Lesen und Antworten",
    "es": "Su página personal para leer y responder",
    "fr": "Votre page personnelle pour lire et répondre",
    "ja": "内容の確認とご回答はこちら",
}


def name_link(language: str | None) -> str:
    """Return the words before a personal link in a text of this language."""
    return _NAMES[choose_language(language, frozenset(_NAMES)) or "en"]
