"""The app's words in the languages that the portal speaks: a gettext domain of their own."""

from rollcall.portal.catalogues import LOCALES, Catalogue, load_catalogues


def load_app_catalogues() -> dict[str, Catalogue]:
    """Read the app's words in all languages, by tag."""
    return load_catalogues(LOCALES / "app")
