"""The page's words in the languages that the portal speaks, and the choice between them.

A catalogue is read as its translators wrote it (gettext's `.po`), once, as the portal starts:
nothing has to be compiled before a checkout works.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel.dates import format_skeleton
from babel.messages.pofile import read_po

from rollcall.domain.languages import Direction, choose_language, find_direction
from rollcall.domain.link_names import PORTAL_LANGUAGES

LOCALES: Final = Path(__file__).with_name("locales")
SOURCE_LANGUAGE: Final = PORTAL_LANGUAGES[0]
"""The language of the templates themselves."""

_OFFERED: Final = frozenset(PORTAL_LANGUAGES)
_RANGE: Final = re.compile(
    r"\s*([A-Za-z0-9-]{1,35}|\*)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)
_MOST_HEADER_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The page's words in one language.

    Attributes:
        language: BCP 47 tag.
        texts: What is said, by what is said in English.
    """

    language: str
    texts: dict[str, str]

    @property
    def direction(self) -> Direction:
        """Return which way it is written."""
        return find_direction(self.language)

    def say(self, english: str) -> str:
        """Return a text of the templates in this language."""
        return self.texts.get(english) or english


def load_catalogues(folder: Path = LOCALES) -> dict[str, Catalogue]:
    """Read the words of all languages from a folder of catalogues, by tag."""
    return {one: Catalogue(one, _read(folder, one)) for one in PORTAL_LANGUAGES}


def choose_page_language(member: str | None, accept_language: str, chat: str | None = None) -> str:
    """Return the language of a page: the member's own, else what their browser asks for.

    Args:
        member: The language in the member's record.
        accept_language: The header of that name (RFC 9110 §12.5.4).
        chat: The language that the chat is held in, which comes after both.
    """
    for wanted in (member, *_read_ranges(accept_language[:_MOST_HEADER_CHARS]), chat):
        if found := choose_language(wanted, _OFFERED):
            return found
    return SOURCE_LANGUAGE


def write_time(moment: datetime, language: str) -> str:
    """Return a moment in words, to the minute, in UTC: what the page says without a script."""
    day = format_skeleton("yMMMd", moment, locale=language)
    return f"{day} {moment:%H:%M} UTC"


def _read(folder: Path, language: str) -> dict[str, str]:
    if language == SOURCE_LANGUAGE:
        return {}
    with (folder / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {str(one.id): str(one.string) for one in catalogue if one.id and not one.fuzzy}


@lru_cache(maxsize=1024)
def _read_ranges(header: str) -> tuple[str, ...]:
    """Return the languages that a browser asks for, the most wanted first."""
    asked = [match for one in header.split(",") if (match := _RANGE.fullmatch(one))]
    weighted = [(float(match[2] or 1), match[1]) for match in asked if match[1] != "*"]
    return tuple(tag for weight, tag in sorted(weighted, key=lambda one: -one[0]) if weight)
