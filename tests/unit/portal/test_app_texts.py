import re
from pathlib import Path

import pytest

from rollcall.domain.link_names import PORTAL_LANGUAGES
from rollcall.portal.app_texts import load_app_catalogues
from rollcall.portal.app_writer import TEMPLATES

CATALOGUES = load_app_catalogues()


def used() -> set[str]:
    said = set()
    for path in sorted(Path(TEMPLATES).glob("app_*.html.j2")):
        said |= set(re.findall(r'_\("([^"]+)"\)', path.read_text("utf-8")))
    return said


@pytest.mark.parametrize("language", PORTAL_LANGUAGES[1:])
def test_everything_the_app_says_is_said_in_every_language_and_nothing_else(language: str) -> None:
    texts = CATALOGUES[language].texts
    assert len(used()) > 50
    assert set(texts) == used()
    assert [english for english, told in texts.items() if not told.strip()] == []
    assert [english for english, told in texts.items() if re.search(r"[<>{}%]", told)] == []


def test_catalogues_are_of_the_languages_of_the_portal() -> None:
    assert tuple(CATALOGUES) == PORTAL_LANGUAGES
    assert CATALOGUES["ar"].direction == "rtl"
