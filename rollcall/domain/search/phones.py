"""Telephone numbers as they are typed into a search, and as they are kept to be found."""

import re
from dataclasses import dataclass

import phonenumbers
import polars as pl

FEWEST_DIGITS = 3
"""Fewer are more likely a room or a number in a name, and would find a tenth of everybody."""

_TYPED = re.compile(r"\+?[0-9 ()./\u2010\u2013-]+")
"""With the hyphen and the dash that typesetting puts in place of `-`."""

_CALLING_CODE = f"^(?:{'|'.join(map(str, sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)))})"
"""Of ITU-T E.164, as `phonenumbers` lists them; none is the beginning of another."""


@dataclass(frozen=True, slots=True)
class TypedPhone:
    """What somebody typed that may be a telephone number or a part of one.

    Attributes:
        digits: Its digits without the zeros before them (`0046…`, `070…`), if enough are left.
        national: How a number without its calling code may be written: as typed (Italian numbers
            keep their zero) and as `digits`. Empty where it was typed with `+` or `00`.
    """

    digits: str
    national: frozenset[str]


def parse_typed_phone(folded: str) -> TypedPhone | None:
    """Read a folded text as a telephone number; None where it is none, or too short."""
    if not _TYPED.fullmatch(folded):
        return None
    is_international = folded.startswith(("+", "00"))
    # +46 (0)70 …: the zero is dialled only without the calling code
    dialled = folded.replace("(0)", "") if is_international else folded
    typed = re.sub("[^0-9]", "", dialled)
    if len(typed) < FEWEST_DIGITS:
        return None
    bare = typed.lstrip("0")
    digits = bare if len(bare) >= FEWEST_DIGITS else typed
    return TypedPhone(digits, frozenset() if is_international else frozenset({typed, digits}))


def key_phones(phones: pl.Series) -> pl.Series:
    """Return the digits of E.164 numbers."""
    return phones.str.replace_all("[^0-9]", "")


def drop_calling_codes(phone_keys: pl.Series) -> pl.Series:
    """Return the digits of numbers without the calling code."""
    return phone_keys.str.replace(_CALLING_CODE, "")
