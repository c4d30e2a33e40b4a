"""What somebody is told whose text was counted in one of several conversations they are in."""

from typing import Final

from rollcall.domain.content import MessageContent, Translation
from rollcall.domain.link_names import PORTAL_LANGUAGES

_SUBJECTS: Final = {
    "en": "Your answer was counted",
    "ar": "تم احتساب ردك",
    "de": "Ihre Antwort wurde gezählt",
    "es": "Su respuesta se ha registrado",
    "fr": "Votre réponse a été prise en compte",
    "ja": "ご回答を受け付けました",
}

_TEXTS: Final = {
    "en": 'Your text was counted as your answer to "TITLE". To answer others, open their links.',
    "ar": "تم احتساب رسالتك ردا على «TITLE». للرد على غيرها افتح الروابط الخاصة بها.",
    "de": 'Ihre SMS wurde als Antwort auf "TITLE" gezählt. Auf andere antworten Sie über deren '
    "Links.",
    "es": 'Su SMS se ha registrado como respuesta a "TITLE". Para responder a otros, abra sus '
    "enlaces.",
    "fr": "Votre SMS compte comme réponse à « TITLE ». Pour répondre aux autres, ouvrez leurs "
    "liens.",
    "ja": "SMSを「TITLE」への回答として受け付けました。ほかへの回答はそれぞれのリンクからお願いします。",  # noqa: E501 - wide letters
}


def tell_counted(title: str) -> MessageContent:
    """Return the message that names the conversation in which an answer was counted.

    Args:
        title: The title of that conversation.
    """
    written = {
        tag: {"subject": _SUBJECTS[tag], "text": _TEXTS[tag].replace("TITLE", title)}
        for tag in PORTAL_LANGUAGES
    }
    translations = {
        tag: Translation.model_validate(one) for tag, one in written.items() if tag != "en"
    }
    return MessageContent(**written["en"], language="en", translations=translations)
