"""An email that answers, apart from what it quotes and what its program writes below it.

Only lines that are marked as quoted are certainly not the writer's. What follows one of the lines
by which Outlook and others set the mail before apart, what HTML shows as quoted, and a signature
answer nothing, but people write there too: it is kept, and searched for a call for help.
"""
# ruff: noqa: RUF001 - signs of other scripts are meant

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rollcall.domain.link_names import PORTAL_LANGUAGES

_ATTRIBUTIONS: Final = {
    "en": r"on\b.*\bwrote\s?:",
    "ar": r"(?:في|بتاريخ).*كتب.*[:：]",
    "de": r"am\b.*\bschrieb\b.*:",
    "es": r"el\b.*\bescribió\s?:",
    "fr": r"le\b.*\ba écrit\s?:",
    "ja": r"(?=.*\d).*(?:のメール|書きました|wrote|<[^<>]*@[^<>]*>)\s*[:：]?",
}
"""What stands above a quotation: Gmail's, Apple's and Thunderbird's words. It may be wrapped."""

_SEPARATORS: Final = {
    "en": "original message|forwarded message",
    "ar": "الرسالة الأصلية",
    "de": "ursprüngliche nachricht|original-nachricht|originalnachricht",
    "es": "mensaje original",
    "fr": "message d'origine|message original",
    "ja": "元のメッセージ|元のメール|original message",
}

_FROM: Final = {"en": "from", "ar": "من", "de": "von", "es": "de", "fr": "de", "ja": "差出人"}

_OTHER_HEADERS: Final = {
    "en": "sent|date|to|cc|subject",
    "ar": "تاريخ الإرسال|التاريخ|إلى|الموضوع",
    "de": "gesendet|datum|an|cc|betreff",
    "es": "enviado|enviado el|fecha|para|cc|asunto",
    "fr": "envoyé|date|à|cc|objet",
    "ja": "送信日時|日時|日付|宛先|件名|cc",
}

_SENT_FROM: Final = {
    "en": r"sent from (?:my|outlook|yahoo|mail|samsung|proton)\b.*|get outlook for .*",
    "ar": r"(?:أرسلت|مرسل|تم الإرسال) من .*|الحصول على outlook .*",
    "de": r"(?:von (?:meinem|meiner) .* gesendet|gesendet (?:von|mit) .*|outlook für .*)",
    "es": r"enviado desde .*|obtener outlook .*",
    "fr": r"envoyé (?:de mon|depuis|à partir de) .*|obtenez outlook .*|télécharger outlook .*",
    "ja": r".*(?:iphone|ipad|outlook|android).*(?:から送信|を入手)",
}
"""What programs write below a mail, a line of its own."""

_MOST_MARK_CHARS: Final = 300
"""No line that sets something apart is longer; what is longer is not searched for one."""

_MOST_ATTRIBUTION_LINES: Final = 3
_HEADER_LINES_AFTER: Final = 5
_FEWEST_HEADERS: Final = 2
_FOLLOWED_WITHIN: Final = 2
"""Lines from an attribution to what it is of, an empty one between them."""


def _any_of(patterns: dict[str, str], around: str = "{}") -> re.Pattern[str]:
    alternatives = "|".join(f"(?:{patterns[tag]})" for tag in PORTAL_LANGUAGES)
    return re.compile(around.format(f"(?:{alternatives})"), re.IGNORECASE)


_ATTRIBUTION = _any_of(_ATTRIBUTIONS)
_SEPARATOR = _any_of(_SEPARATORS, r"[-_]{{2,}}\s*{}\s*[-_]{{2,}}")
_FROM_HEADER = _any_of(_FROM, r"[*\s]*{}\s*[:：].*")
_OTHER_HEADER = _any_of(_OTHER_HEADERS, r"[*\s]*{}\s*[:：].*")
_SENT_FROM_LINE = _any_of(_SENT_FROM)


@dataclass(frozen=True, slots=True)
class ReplyParts:
    """What an email that answers consists of.

    Attributes:
        answering: What may answer: not quoted, not set apart, no signature.
        kept: All that is not certainly quoted.
        searched: `kept` without what programs write about the mail before: who sent it, and when.
    """

    answering: str
    kept: str
    searched: str


def divide_reply(text: str, name: str, *, has_sure_marks: bool) -> ReplyParts:
    """Tell what in a mail answers, and what is to be kept.

    Args:
        text: All of it.
        name: The writer's own, which they may have put below.
        has_sure_marks: Whether lines marked with `>` are certainly quoted; in HTML people write
            into what is shown as quoted.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    dropped = set(_list_quoted(lines)) if has_sure_marks else set()
    told = set(_list_told(lines, _find_separator(lines)))
    kept = [(number, one.rstrip()) for number, one in enumerate(lines) if number not in dropped]
    return ReplyParts(
        answering=cut_signature(cut_quotation(text), name),
        kept="\n".join(one for _, one in kept).strip(),
        searched="\n".join(one for number, one in kept if number not in told),
    )


def _list_told(lines: list[str], separator: int) -> Iterator[int]:
    """Yield the numbers of lines in which a program tells of the mail before.

    A team may be called "Emergency": that is no call for help.
    """
    for number, line in enumerate(lines):
        if line.startswith(">") and "@" in line and _matches(_ATTRIBUTION, line.lstrip("> ")):
            yield number
        if number < separator or not _matches(_FROM_HEADER, line):
            continue
        if _starts_headers(lines, number):
            yield number
            after = range(number + 1, min(len(lines), number + 1 + _HEADER_LINES_AFTER))
            yield from (one for one in after if _matches(_OTHER_HEADER, lines[one]))


def cut_quotation(text: str) -> str:
    """Return what may answer; empty where there is nothing but quotation."""
    lines = text.replace("\r\n", "\n").split("\n")
    end = _find_separator(lines)
    quoted = set(_list_quoted(lines[:end]))
    own = [line.rstrip() for number, line in enumerate(lines[:end]) if number not in quoted]
    return "\n".join(own).strip()


def cut_signature(text: str, name: str) -> str:
    """Return a mail's own text without what stands below it: only for finding out what it answers.

    Args:
        text: As `cut_quotation` returns it.
        name: The writer's own, which they may have put below.
    """
    lines = text.split("\n")
    # RFC 3676 §4.3; many programs lose the blank after the dashes
    marked = (number for number, line in enumerate(lines) if line.rstrip() == "--" and number)
    lines = lines[: next(marked, len(lines))]
    while len(lines) > 1 and _says_nothing(lines[-1].strip(), name):
        lines.pop()
    return "\n".join(lines)


def _says_nothing(line: str, name: str) -> bool:
    whole = [name, *name.split()] if len(name) > 2 else []  # noqa: PLR2004 - "No" is a name too
    is_name = any(line.casefold() == one.casefold() and len(one) > 2 for one in whole)  # noqa: PLR2004
    return not line or is_name or _matches(_SENT_FROM_LINE, line)


def _matches(pattern: re.Pattern[str], line: str) -> bool:
    line = line.strip()
    return len(line) <= _MOST_MARK_CHARS and pattern.fullmatch(line) is not None


def _find_separator(lines: list[str]) -> int:
    """Return where the mail before begins; the end where that is nowhere."""
    has_own = False
    for number, line in enumerate(lines):
        if has_own and (_matches(_SEPARATOR, line) or _starts_headers(lines, number)):
            return number
        is_own = not line.startswith(">") and any(map(str.isalnum, line))
        has_own = has_own or is_own
    return len(lines)


def _starts_headers(lines: list[str], number: int) -> bool:
    """Tell whether a block of headers begins here, or the rule that Outlook draws above one."""
    line = lines[number].strip()
    if line and not line.strip("_") and number + 1 < len(lines):
        return _starts_headers(lines, number + 1)
    if not _matches(_FROM_HEADER, line):
        return False
    after = lines[number + 1 : number + 1 + _HEADER_LINES_AFTER]
    return sum(_matches(_OTHER_HEADER, one) for one in after) >= _FEWEST_HEADERS


def _list_quoted(lines: list[str]) -> Iterator[int]:
    """Yield the numbers of lines that are quoted, and of those that say whose these are."""
    for number, line in enumerate(lines):
        if not line.startswith(">"):
            continue
        yield number
        if number and not lines[number - 1].startswith(">"):
            yield from _find_attribution(lines, number)


def _find_attribution(lines: list[str], quoted_from: int) -> range:
    """Return the lines right above a quotation that say whose it is; none where nothing does."""
    end = quoted_from
    while end > max(0, quoted_from - _FOLLOWED_WITHIN) and not lines[end - 1].strip():
        end -= 1
    for start in range(end - 1, max(-1, end - 1 - _MOST_ATTRIBUTION_LINES), -1):
        said = " ".join(line.strip() for line in lines[start:end])
        if _matches(_ATTRIBUTION, said):
            return range(start, end)
    return range(0)
