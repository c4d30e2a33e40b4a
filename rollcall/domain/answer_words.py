"""What a text or an email answers to "Are you OK?": whether it is an OK, a call for help, or words.

Nobody must be shown as safe who is not. So an OK is recognised by everything that the text says: it
must consist of nothing but phrases of one language that are known to mean it. A "not", a "but", a
question mark, a quotation, a name, "…": whatever is not known makes of it a reply that a person
reads. A call for help is recognised by a single phrase, and outranks an OK.

What this costs: "the help desk phoned" is listed as a call for help until somebody has read it, and
"safe at my sister's" as no answer. A thumb alone is no answer either: it may mean "I have seen it".
"""
# ruff: noqa: RUF001 - signs that look like others are meant

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from rollcall.domain.answer_vocabulary import (
    ASIDES,
    FILLERS,
    HELP_PHRASES,
    HELP_STEMS,
    OK_PHRASES,
)

MOST_OK_UNITS: Final = 66
"""UTF-16 units. A text that is longer says more than that somebody is OK; or it is one part of a
long SMS (67 units, 3GPP TS 23.040), and the next part may say "but": some providers hand parts over
one by one."""

_DECORATIONS: Final = frozenset(
    "👍👌🙏✅✔❤😊🙂☺😀😃😄😁💪👋\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
)
"""Change nothing beside words, with the tones of skin (U+1F3FB to U+1F3FF); they answer nothing."""

_SPELLINGS: Final = (
    (re.compile(r"(?<!\w)o\.\s?k(?:\.|(?!\w))"), " ok "),
    (re.compile(r"(?<!\w)s\.\s?o\.\s?s(?:\.|(?!\w))"), " sos "),
    (re.compile("\U0001f198"), " sos "),
    (re.compile(r"(?<!\S)[:;]-?[)d](?!\S)"), " "),
)
"""Abbreviations, the sign SOS, and faces made of punctuation."""

_ONE_LETTER: Final = str.maketrans("ىةکی", "يهكي", "\u0640")
"""Arabic letters that are written for one another; the line that only lengthens a word is none."""

_JOINTS = re.compile("['’‘`´ʼ＇‐‑-]")
_QUESTION = re.compile("[?؟⁇⁈⁉❓❔¿\u037e]")
_UNSAID = re.compile(r"\.{2,}|…|‥")
_BREAKS = re.compile(r"[.,!:;،؛۔、。·–—\n\r\u2028\u2029]+")
_SYMBOL = re.compile(r"([^\w\s|])")
_KANA_MARKS: Final = ("\u3099", "\u309a")
"""Make another letter of a kana, unlike accents: が is not か."""

_OVERLAY: Final = 1
"""The combining class of what is drawn across a letter (UAX 44)."""


@dataclass(frozen=True, slots=True)
class SaidAnswer:
    """What a text answers.

    Attributes:
        answer: `ok`, `needs_help`, or None: it answers nothing that is known.
        is_bare: Nothing is lost if only the answer is kept.
    """

    answer: Literal["ok", "needs_help"] | None
    is_bare: bool


def read_answer(text: str) -> SaidAnswer:
    """Return what a text answers.

    Args:
        text: All that somebody wrote.
    """
    folded = _fold(text)
    if _has_help(folded):
        return SaidAnswer("needs_help", _BARE_HELP.fullmatch(folded) is not None)
    is_long = len(text.strip().encode("utf-16-le", "replace")) > 2 * MOST_OK_UNITS
    is_unsure = is_long or _QUESTION.search(text) or _UNSAID.search(text)
    if is_unsure or not any(grammar.fullmatch(folded) for grammar in _OK):
        return SaidAnswer(None, is_bare=False)
    return SaidAnswer("ok", any(grammar.fullmatch(folded) for grammar in _BARE_OK))


def read_answer_within(answering: str, kept: str, searched: str) -> SaidAnswer:
    """Return what a part of a mail answers, of which more may be somebody's words.

    A call for help in the rest may be our own that is quoted, so it is none; but who may have
    called for help is not shown as safe: their mail answers nothing, and a person reads it.

    Args:
        answering: The part that answers.
        kept: All that is kept of the mail.
        searched: Where no call for help may stand.
    """
    said = read_answer(answering)
    if said.answer == "ok" and _has_help(_fold(searched)):
        return SaidAnswer(None, is_bare=False)
    return replace(said, is_bare=said.is_bare and answering.split() == kept.split())


def _has_help(folded: str) -> bool:
    harmless = _ASIDES_ANYWHERE.sub("|", folded)
    found = _HELP.search(harmless) or _HELP_STEMS.search(harmless.replace(" ", ""))
    return found is not None


def _fold(text: str) -> str:
    """Return words and symbols set apart by blanks, and `|` where a sentence or a clause ends."""
    plain = _fold_letters(text)
    for pattern, meant in _SPELLINGS:
        plain = pattern.sub(meant, plain)
    plain = "".join(" " if one in _DECORATIONS else one for one in plain).replace("|", " ¦ ")
    plain = _JOINTS.sub(" ", plain)
    plain = _SYMBOL.sub(r" \1 ", _BREAKS.sub("|", plain))
    return "|".join(" ".join(part.split()) for part in plain.split("|") if part.strip())


def _fold_letters(text: str) -> str:
    """Take away case, accents, and the width of letters of East Asian keyboards."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(one for one in apart if one in _KANA_MARKS or not _is_mark(one))
    return unicodedata.normalize("NFC", plain).casefold().translate(_ONE_LETTER)


def _is_mark(character: str) -> bool:
    """Tell an accent or a sign without width; one that strikes a letter out says something."""
    strikes_out = unicodedata.combining(character) == _OVERLAY
    return unicodedata.category(character) in ("Mn", "Cf") and not strikes_out


def _list(phrases: str) -> list[str]:
    return sorted({_fold(one) for one in phrases.split(",")}, key=lambda one: (-len(one), one))


def _alternatives(*lists: str) -> str:
    return "|".join(re.escape(one) for one in _list(",".join(filter(None, lists))))


def _grammar(language: str, *more: str) -> re.Pattern[str]:
    """Compile what matches a text that is an OK in one language: at least once a phrase of it."""
    apart = r"[ |]*" if language == "ja" else r"(?:[ |]|$)"
    said = f"(?:{_alternatives(OK_PHRASES[language])}){apart}"
    other = f"(?:{_alternatives(*more)}){apart}"
    return re.compile(f"(?:{other})*{said}(?:{said}|{other})*")


def _anywhere(lists: Iterable[str]) -> re.Pattern[str]:
    # a letter of another script ends a word: "HELPしてください"
    return re.compile(f"(?<![a-z0-9])(?:{_alternatives(*lists)})(?![a-z0-9])")


_OK: Final = [_grammar(tag, FILLERS[tag], ASIDES[tag]) for tag in OK_PHRASES]
_BARE_OK: Final = [_grammar(tag, FILLERS[tag]) for tag in OK_PHRASES]
_HELP: Final = _anywhere(HELP_PHRASES.values())
_HELP_STEMS: Final = re.compile(
    "|".join(re.escape(one.replace(" ", "")) for one in _list(",".join(HELP_STEMS.values())))
)
_ASIDES_ANYWHERE: Final = _anywhere(ASIDES.values())
_BARE_HELP: Final = re.compile(f"(?:{_alternatives(*HELP_PHRASES.values(), *HELP_STEMS.values())})")
