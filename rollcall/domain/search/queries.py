"""A text somebody looks for, taken apart."""

from dataclasses import dataclass

import polars as pl

from rollcall.domain.search.folding import fold_text, split_words
from rollcall.domain.search.phones import TypedPhone, parse_typed_phone
from rollcall.errors import InputError


@dataclass(frozen=True, slots=True)
class Query:
    """A text to look for.

    Attributes:
        folded: The text as `fold_text` leaves it; not empty.
        words: Its words, each once.
        name_key: All its words, sorted: equal for names that differ in the order of words only.
        phone: The text as a telephone number, where it can be one.
    """

    folded: str
    words: tuple[str, ...]
    name_key: str
    phone: TypedPhone | None

    @property
    def pieces(self) -> list[str]:
        """What white space separates in the text, each once, the longest and rarest first."""
        return sorted(set(self.folded.split(" ")), key=lambda piece: (-len(piece), piece))


def parse_query(text: str) -> Query:
    """Read a text to look for.

    Raises:
        InputError: Nothing is left of it to look for.
    """
    folded = fold_text(text)
    if not folded:
        raise InputError("there is nothing to look for: the text is empty")
    words: list[str] = split_words(pl.Series([folded]))[0].to_list()
    return Query(
        folded=folded,
        words=tuple(dict.fromkeys(words)),
        name_key=" ".join(sorted(words)),
        phone=parse_typed_phone(folded),
    )
