"""Phone numbers as people write them, turned into E.164; and the country of one."""

from functools import lru_cache
from typing import Final

import phonenumbers

_NATIONAL_DIGITS: Final = 6
"""Digits after the calling code that always tell which of several countries a number belongs to.
Source: the longest such prefix in phonenumbers' metadata has five (+61 8 9162, Cocos Islands)."""

_AREA_DIGITS: Final = 3
"""The same for +1, whose area codes belong to one country each."""

HEAD_LENGTH: Final = 2 + _AREA_DIGITS
"""Characters of a number in E.164 in which its calling code lies, and the area of +1."""

_CODE_DIGITS_MAX: Final = 3
"""Calling codes have one to three digits, and none begins with another one (ITU-T E.164)."""

_KNOWN_MAX: Final = 100_000
"""Beginnings of numbers that are remembered: a few megabytes at most."""

_known_countries: dict[tuple[str, int], str] = {}
"""By the digits that decide and the length; a cache: the same in whatever order it is filled."""


def normalise_phone(text: str, home_country: str | None) -> str | None:
    """Turn a phone number into E.164, or into None where it cannot be anybody's number.

    A national number is read as one of `home_country` (ISO 3166-1 alpha-2); without a home
    country only an international one (`+…`) can be read. An extension is dropped.
    Takes 30 to 70 µs.
    """
    try:
        number = phonenumbers.parse(text, home_country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def find_phone_country(number: str) -> str | None:
    """Return the country of a number, as ISO 3166-1 alpha-2; takes 1 µs for most.

    Args:
        number: In E.164, with `+`.

    Returns:
        None where it has none (satellite and international services, or no calling code). Where
        several countries share a code, a number of no country's plan counts as the main one's.
    """
    code = _find_calling_code(number[1 : _CODE_DIGITS_MAX + 1])
    if code is None:
        return None
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    if len(regions) == 1:
        return regions[0] if regions[0].isalpha() else None
    length = 1 + len(str(code)) + (_AREA_DIGITS if code == 1 else _NATIONAL_DIGITS)
    return _remember(number, (number[:length], len(number))) or regions[0]


def is_told_by_head(head: str) -> bool:
    """Tell whether the beginning of a number tells its country, together with the length.

    Args:
        head: Its first `HEAD_LENGTH` characters, of E.164 with `+`.
    """
    code = _find_calling_code(head[1 : _CODE_DIGITS_MAX + 1])
    return code in (None, 1) or len(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]) == 1


@lru_cache(maxsize=1024)
def _find_calling_code(digits: str) -> int | None:
    candidates = (digits[:length] for length in range(1, len(digits) + 1))
    known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return next((int(one) for one in candidates if one.isdigit() and int(one) in known), None)


def _remember(number: str, likes: tuple[str, int]) -> str | None:
    """Look a number up, or know the answer from one like it; "nobody knows" is never remembered."""
    if known := _known_countries.get(likes):
        return known
    country = _ask(number)
    if country and len(_known_countries) < _KNOWN_MAX:
        _known_countries[likes] = country
    return country


def _ask(number: str) -> str | None:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
