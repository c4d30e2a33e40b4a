"""The app's words in the languages that the portal speaks: a gettext domain of their own."""

from typing import Final

from babel.messages.pofile import read_po

from rollcall.domain.link_names import PORTAL_LANGUAGES
from rollcall.portal.catalogues import LOCALES, SOURCE_LANGUAGE, Catalogue

APP_LOCALES: Final = LOCALES / "app"


def load_app_catalogues() -> dict[str, Catalogue]:
    """Read the app's words in all languages, by tag."""
    return {language: Catalogue(language, _read(language)) for language in PORTAL_LANGUAGES}


def _read(language: str) -> dict[str, str]:
    if language == SOURCE_LANGUAGE:
        return {}
    with (APP_LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {str(one.id): str(one.string) for one in catalogue if one.id and not one.fuzzy}
