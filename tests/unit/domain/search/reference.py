"""The ranking of rollcall.domain.search read anew: plain Python, one entry after the other."""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "\u0131": "i"}
KINDS = ["person", "facility", "group", "saved_filter"]


@dataclass(frozen=True)
class Entry:
    """Something to be found."""

    kind: str
    id: str
    name: str
    email: str | None = None
    phone: str | None = None


def find_slowly(entries: list[Entry], text: str, limit: int) -> list[tuple[str, str]]:
    """Return kind and id of what is found, best first."""
    ranked = []
    for entry in entries:
        rank = rank_of(entry, text)
        if rank is not None:
            ranked.append((rank, fold(entry.name), entry.id, KINDS.index(entry.kind)))
    return [(KINDS[kind], id_) for _, _, id_, kind in sorted(ranked)[:limit]]


def rank_of(entry: Entry, text: str) -> int | None:
    """Return 0 to 3, or None where the entry is not meant."""
    checks = (is_exact, is_whole, is_beginning, is_somewhere)
    return next((rank for rank, check in enumerate(checks) if check(entry, fold(text))), None)


def is_exact(entry: Entry, text: str) -> bool:
    typed, full, national = phone_parts(entry, text)
    if typed and (
        full == bare(typed) or (not is_international(text) and national_is(typed, national))
    ):
        return True
    return text in (fold(entry.id), fold(entry.email or ""))


def is_whole(entry: Entry, text: str) -> bool:
    words = words_of(text)
    if words and sorted(words) == sorted(words_of(fold(entry.name))):
        return True
    return fold(entry.email or "").startswith(text + "@")


def is_beginning(entry: Entry, text: str) -> bool:
    words, named = words_of(text), words_of(fold(entry.name))
    if words and all(any(name.startswith(word) for name in named) for word in words):
        return True
    typed, full, national = phone_parts(entry, text)
    if not typed or not full:
        return False
    begins_nationally = national.startswith((typed, bare(typed))) and not is_international(text)
    return full.startswith(bare(typed)) or begins_nationally


def is_somewhere(entry: Entry, text: str) -> bool:
    return is_in_phone(entry, text) or all(
        any(piece in fold(field) for field in (entry.name, entry.id, entry.email or ""))
        or is_in_phone(entry, piece)
        for piece in text.split()
    )


def is_in_phone(entry: Entry, text: str) -> bool:
    typed, full, _ = phone_parts(entry, text)
    return bool(typed) and bare(typed) in full


def phone_parts(entry: Entry, text: str) -> tuple[str, str, str]:
    """Return the digits typed, those of the entry's number, and those without calling code."""
    number = entry.phone or ""
    national = ""
    if number:
        code = phonenumbers.parse(number).country_code
        national = number.removeprefix(f"+{code}")
    return typed_digits(text), number.removeprefix("+"), national


def typed_digits(text: str) -> str:
    if not text or set(text.removeprefix("+")) - set("0123456789 ()./-"):
        return ""
    dialled = text.replace("(0)", "") if is_international(text) else text
    digits = re.sub(r"\D", "", dialled)
    return digits if len(digits) >= 3 else ""


def is_international(text: str) -> bool:
    return text.startswith(("+", "00"))


def bare(digits: str) -> str:
    without = digits.lstrip("0")
    return without if len(without) >= 3 else digits


def national_is(typed: str, national: str) -> bool:
    return national in (typed, bare(typed))


def words_of(folded: str) -> list[str]:
    """Return the runs of letters, digits and marks."""
    kept = [one if unicodedata.category(one)[0] in "LNM" else " " for one in folded]
    return "".join(kept).split()


def fold(text: str) -> str:
    apart = unicodedata.normalize("NFKD", re.sub("['`\u00b4\u2019]", "", text))
    plain = [one for one in apart if unicodedata.category(one) not in ("Mn", "Cf")]
    lowered = "".join(LETTERS.get(one, one) for one in "".join(plain).lower())
    return " ".join(lowered.split())
