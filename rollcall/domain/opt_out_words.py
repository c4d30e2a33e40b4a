"""The words by which somebody asks for no more texts, or for texts again.

As carriers do it, only a message that is nothing but such a word counts: "please stop the noise
next door" is no opt-out, "STOP." is one, in whatever case, with whatever punctuation around it.

Sources: CTIA Messaging Principles and Best Practices (2023), on opt-outs; 47 CFR 64.1200(a)(10),
which names stop, quit, end, revoke, opt out, cancel and unsubscribe; what Twilio, Telnyx and AWS
take by default (STOPALL, STOP ALL, REMOVE, ARRET, TD besides). The words of other languages are
translations that are usual below texts there ("BAJA", "退订"); a word that would answer a question
when it stands alone is left out, even where it also means "stop" (Finnish "seis", in Spanish six).

YES, which some carriers take as an opt-in, is not in the list: here it answers "are you safe?".
"""

import re
import unicodedata
from typing import Final, Literal

Wish = Literal["stop", "start"]
"""What somebody wants: no more texts, or texts again."""

MOST_CHARACTERS: Final = 60
"""No word of the list, however decorated, is longer; longer texts are not looked at."""

_STOP_BY_LANGUAGE: Final = {
    "en": "stop, stopall, stop all, unsubscribe, cancel, end, quit, revoke, opt out, optout, "
    "remove",
    "de": "stopp, abmelden, abbestellen, austragen, ende",
    "fr": "arret, arrêt, arreter, arrêter, désabonner, désinscrire, résilier, annuler",
    "es": "alto, baja, parar, cancelar, darme de baja, detener",
    "pt": "pare, sair, remover, descadastrar",
    "it": "ferma, basta, annulla, cancellami, disiscrivi",
    "nl": "stoppen, afmelden, uitschrijven",
    "sv": "stoppa, avsluta, avregistrera",
    "da": "afmeld, stop alle",
    "nb": "avmeld, meld av",
    "fi": "lopeta, peruuta",
    "pl": "koniec, rezygnuję, wypisz",
    "cs": "konec, odhlásit, zrušit",
    "hu": "leiratkozás, leiratkozom",
    "ro": "dezabonare, anulare",
    "tr": "durdur, iptal, ret",
    "el": "στοπ, διακοπή, διαγραφή",
    "ru": "стоп, отписаться, отписка, отмена",
    "uk": "відписатися, скасувати",
    "ar": "توقف, إيقاف, الغاء, إلغاء, إلغاء الاشتراك",
    "he": "הסר, הסרה, הפסק",
    "hi": "बंद, रोकें, बंद करो",
    "ja": "停止, 配信停止, 配信解除, 解約, 退会, ストップ",
    "ko": "수신거부, 수신 거부, 거부, 중지, 해지, 정지",
    "zh": "td, 退订, 退訂, 取消, 取消订阅, 取消訂閱, 停止接收",
    "th": "หยุด, ยกเลิก",
    "vi": "dừng, hủy, từ chối",
    "id": "berhenti, batal",
}

_START_BY_LANGUAGE: Final = {
    "en": "start, unstop, subscribe, resubscribe, optin, opt in",
    "de": "anmelden",
    "fr": "abonner, réabonner",
    "es": "alta, suscribir, darme de alta",
    "pt": "iniciar, inscrever",
    "it": "iscrivi, iscrivimi",
    "nl": "aanmelden, inschrijven",
    "pl": "zapisz",
    "ru": "старт, подписаться",
    "ar": "اشتراك, ابدأ",
    "ja": "再開, 配信再開, 登録",
    "ko": "수신동의, 수신 동의",
    "zh": "订阅, 訂閱, 恢复订阅, 恢復訂閱",
}

_NO_WORD = re.compile(r"[\W_]+")


def read_wish(text: str) -> Wish | None:
    """Return what a text asks for, None where it is about something else.

    Args:
        text: The whole text as it came.
    """
    if len(text) > MOST_CHARACTERS:
        return None
    return _WISHES.get(_fold(text))


def _fold(text: str) -> str:
    """Take away case, accents, punctuation, emoji, and the width of Chinese keyboards' letters.

    A capital dotted I loses its dot by this, so that "İPTAL" is "iptal"; the undotted one is a
    letter of its own.
    """
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(
        character for character in apart if unicodedata.category(character) not in ("Mn", "Cf")
    )
    return _NO_WORD.sub(" ", plain.casefold()).strip()


def _list_wishes() -> dict[str, Wish]:
    wishes: dict[str, Wish] = {}
    for words in _START_BY_LANGUAGE.values():
        wishes |= dict.fromkeys(map(_fold, words.split(",")), "start")
    for words in _STOP_BY_LANGUAGE.values():
        wishes |= dict.fromkeys(map(_fold, words.split(",")), "stop")
    return wishes


_WISHES: Final = _list_wishes()
