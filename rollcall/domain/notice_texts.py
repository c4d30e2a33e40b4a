"""What others are told of people: who has not answered, needs help, or could not be asked.

Names and titles are data: they are put in so that nothing in them is taken for template syntax.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from rollcall.domain.content import MessageContent, Translation
from rollcall.domain.literal_text import quote_list, quote_literally, strip_braces
from rollcall.domain.reminder_texts import in_all_languages

NoticeAbout = Literal["silent", "needs_help", "not_asked"]
"""Of whom: who has not answered, who needs help, who was not asked."""

MOST_LINES: Final = 200
"""People listed in one email; beyond that a list is read in the ledger."""

_LIST_CHARS: Final = 15_000
"""Of the 20,000 that a text may have."""

_MOST_IN_SMS: Final = 5
_LINE_CHARS: Final = 120
_SMS_NAME_CHARS: Final = 30
_TITLE_CHARS: Final = 100
_SMS_TITLE_CHARS: Final = 60
"""With these an SMS has at most some 500 characters, of 670 in ten parts of UCS-2."""


class _Words(NamedTuple):
    """One notice in one language: what it is about, and what is to be done."""

    heading: str
    sentence: str


_WORDS: Final[Mapping[NoticeAbout, Mapping[str, _Words]]] = {
    "silent": {
        "en": _Words("No answer yet", "Please try to reach them by other ways."),
        "ar": _Words("لم يصل رد بعد", "يرجى محاولة الوصول إليهم بطرق أخرى."),
        "de": _Words("Noch keine Antwort", "Bitte versuchen Sie, sie anders zu erreichen."),
        "es": _Words("Aún sin respuesta", "Intente contactar con ellos por otra vía, por favor."),
        "fr": _Words("Pas encore de réponse", "Essayez de les joindre autrement, s'il vous plaît."),
        "ja": _Words("未回答", "ほかの方法で連絡を取ってください。"),
    },
    "needs_help": {
        "en": _Words("Needs help", "They have answered that they need help."),
        "ar": _Words("بحاجة إلى مساعدة", "لقد أجابوا بأنهم بحاجة إلى مساعدة."),
        "de": _Words("Braucht Hilfe", "Die Antwort lautet: Ich brauche Hilfe."),
        "es": _Words("Necesita ayuda", "Han respondido que necesitan ayuda."),
        "fr": _Words("A besoin d'aide", "La réponse est : j'ai besoin d'aide."),
        "ja": _Words("助けが必要", "「助けが必要」との回答がありました。"),
    },
    "not_asked": {
        "en": _Words("Not asked", "The check-in was not sent; nobody knows whether they are OK."),
        "ar": _Words("لم يُسألوا", "لم يُرسل السؤال، ولا يُعرف هل هم بخير."),
        "de": _Words(
            "Nicht gefragt", "Die Frage ging nicht hinaus; wie es ihnen geht, weiß niemand."
        ),
        "es": _Words("Sin preguntar", "La pregunta no se envió; no se sabe si se encuentran bien."),
        "fr": _Words("Pas demandé", "La question n'est pas partie ; nul ne sait s'ils vont bien."),
        "ja": _Words("未確認", "確認は送信されませんでした。安否は分かっていません。"),
    },
}


def write_notice(
    about: NoticeAbout, title: str, lines: Sequence[str], people_count: int
) -> MessageContent:
    """Return a notice of people, as a content whose templates print names as they are.

    Args:
        about: What of them.
        title: Of the chat or check-in.
        lines: One for each person: their name, and what helps to tell whom it means.
        people_count: How many they are.
    """
    listed = quote_list(
        lines, "\n", most=MOST_LINES, max_chars=_LINE_CHARS, budget_chars=_LIST_CHARS
    )
    few = quote_list(
        lines, ", ", most=_MOST_IN_SMS, max_chars=_SMS_NAME_CHARS, budget_chars=_LIST_CHARS
    )

    def write(tag: str) -> Translation:
        heading, sentence = _WORDS[about][tag]
        long_title = quote_literally(title, _TITLE_CHARS)
        short_title = quote_literally(title, _SMS_TITLE_CHARS)
        return Translation(
            subject=f"{heading} ({people_count}): {strip_braces(title, _TITLE_CHARS)}",
            text=f"{heading} ({people_count}): {long_title}\n\n{listed}\n\n{sentence}",
            sms=f"{heading} ({people_count}): {short_title}: {few}",
        )

    return in_all_languages(write)
