"""What a template can say about the recipient and about the message."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

from rollcall.domain.country_names import name_country

MAX_VALUE_CHARS: Final = 200
"""Longer than any name that people carry: a source's bad cell costs its own message some room, not
the whole send."""

_LINE_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class RecipientVariables:
    """A recipient as templates know them.

    Attributes:
        name: As in the source.
        language: BCP 47 tag as in the source; also chooses the translation.
        country: ISO 3166-1 alpha-2 of where they are now.
        home_country: ISO 3166-1 alpha-2.
    """

    name: str | None = None
    language: str | None = None
    country: str | None = None
    home_country: str | None = None


@dataclass(frozen=True, slots=True)
class MessageVariables:
    """A message as templates know it; its rendered subject is added while rendering.

    Attributes:
        sent_on: The day it was sent, in the sender's time zone; prints as `2026-11-23`.
        organisation: Who sends it.
    """

    sent_on: date
    organisation: str | None = None


SUBJECT_VARIABLES: Final = frozenset(
    {"name", "language", "country", "country_name", "home_country", "organisation", "sent_on"}
)
"""What a subject may use."""

TEXT_VARIABLES: Final = SUBJECT_VARIABLES | {"subject"}
"""What a text or short text may use."""

LINK_VARIABLE: Final = "link"
"""The recipient's personal link, in the texts of messages that have one."""


def gather_variables(
    recipient: RecipientVariables, message: MessageVariables, content_language: str | None
) -> dict[str, str]:
    """Name all values but the subject for one recipient.

    A null or empty value is left out, so that `default` and `if` see it as missing. Line breaks
    become spaces: a name must not be able to write a paragraph of its own. `country_name` is in the
    language of the content.
    Letters written as two (`e` and an accent) become one, as GSM-7 has them.
    """
    country_name = name_country(recipient.country, content_language) if recipient.country else None
    values = {
        "name": recipient.name,
        "language": recipient.language,
        "country": recipient.country,
        "country_name": country_name,
        "home_country": recipient.home_country,
        "organisation": message.organisation,
        "sent_on": message.sent_on.isoformat(),
    }
    return {name: _fold_value(value) for name, value in values.items() if value}


def fold_line(text: str) -> str:
    """Turn control characters and line breaks into single spaces."""
    return text if text.isprintable() else _LINE_BREAKS.sub(" ", text)


def _fold_value(value: str) -> str:
    return unicodedata.normalize("NFC", fold_line(value))[:MAX_VALUE_CHARS]
