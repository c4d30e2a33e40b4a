"""Country codes: ISO 3166-1 alpha-2, and XK."""

from functools import cache

import pycountry

KOSOVO_CODE = "XK"
"""Not in ISO 3166-1, but what travel, telephone and map data use (a user-assigned code)."""


@cache
def load_country_names() -> dict[str, str]:
    """Return the English name of every country by its code, the everyday one where there is one."""
    names = {
        country.alpha_2: getattr(country, "common_name", country.name)
        for country in pycountry.countries
    }
    return {**names, KOSOVO_CODE: "Kosovo"}


def is_country_code(code: str) -> bool:
    """Tell whether the text is a country code, in capitals as the contract writes them."""
    return code in load_country_names()


def country_name(code: str) -> str:
    """Return a country's English name.

    Raises:
        KeyError: The code is no country's; ask `is_country_code` first.
    """
    return load_country_names()[code]
