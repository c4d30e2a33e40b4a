"""What members say by text and email, ready for the ledger: their words, and what these answer."""

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from rollcall.domain.answer_words import SaidAnswer, read_answer
from rollcall.domain.chats import MOST_POST_CHARS

_KEPT_CONTROLS: Final = "\n\t"


@dataclass(frozen=True, slots=True)
class Saying:
    """One text or email of a member.

    Attributes:
        text_id: What makes a repeat the same.
        via: How it came.
        sender: Who said it: of a text the number it came from, E.164; of an email the digest of the
            token that it was sent to.
        text: All that was said, fit to be stored; may be empty.
        said: What it answers.
        said_at: When it was said at the latest.
    """

    text_id: str
    via: Literal["sms", "email"]
    sender: str
    text: str
    said: SaidAnswer
    said_at: datetime


def make_saying(
    text_id: str,
    via: Literal["sms", "email"],
    sender: str,
    text: str,
    said_at: datetime,
    said: SaidAnswer | None = None,
) -> Saying:
    """Return what somebody said.

    Args:
        text_id: What makes a repeat the same.
        via: How it came.
        sender: As in `Saying`.
        text: All of it, as it came.
        said_at: When.
        said: What it answers; None: what all of it does.
    """
    answer = read_answer(text) if said is None else said
    return Saying(text_id, via, sender, clean_text(text), answer, said_at)


def derive_text_id(*parts: str) -> str:
    """Return the id of a text: the same for the same, and nothing of it can be read in it."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def clean_text(text: str) -> str:
    """Return a text without what cannot be stored, or would change how others are shown.

    Control characters go, and the marks that turn the direction of writing (UAX 9): one that is not
    closed would turn what stands after it.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(filter(_is_kept, lines)).strip()


def split_text(text: str) -> Iterator[str]:
    """Yield a text in parts that a post may have, so that nothing of it is lost."""
    for start in range(0, len(text), MOST_POST_CHARS):
        yield text[start : start + MOST_POST_CHARS]


def _is_kept(character: str) -> bool:
    if "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069":
        return False
    return character in _KEPT_CONTROLS or unicodedata.category(character) not in ("Cc", "Cs")
