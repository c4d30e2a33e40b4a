"""Names of countries as a reader would say them, in the reader's language."""

import gettext
from functools import lru_cache

import pycountry

from rollcall.domain.countries import country_name, is_country_code


@lru_cache(maxsize=4096)
def name_country(country: str, language: str | None = None) -> str | None:
    """Name a country, None if there is no such code.

    The everyday name is taken where ISO has one beside the formal name: `Taiwan`, `South Korea`.

    Args:
        country: ISO 3166-1 alpha-2, or XK.
        language: BCP 47 tag; English where None, or where Debian's iso-codes (shipped with
            pycountry) have no translation.
    """
    if not is_country_code(country):
        return None
    name = country_name(country)
    return _load_translations(language).gettext(name) if language else name


@lru_cache(maxsize=64)
def _load_translations(language: str) -> gettext.NullTranslations:
    """Find the catalogue of a language: `pt-BR` is the folder `pt_BR`, else `pt`."""
    return gettext.translation(
        "iso3166-1",
        localedir=pycountry.LOCALES_DIR,
        languages=[language.replace("-", "_")],
        fallback=True,
    )
