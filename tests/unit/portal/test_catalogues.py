"""The page's words: all of them in every language, and the language that was asked for."""

import io
import re
from datetime import UTC, datetime

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from rollcall.domain.link_names import PORTAL_LANGUAGES
from rollcall.portal.catalogues import (
    LOCALES,
    SOURCE_LANGUAGE,
    choose_page_language,
    load_catalogues,
    write_time,
)
from rollcall.portal.page_writer import TEMPLATES

TRANSLATED = [one for one in PORTAL_LANGUAGES if one != SOURCE_LANGUAGE]


PAGES = [path for path in sorted(TEMPLATES.glob("*.j2")) if not path.name.startswith("app_")]
"""The app's have words of their own."""


def extract_words() -> set[str]:
    words: set[str] = set()
    for path in PAGES:
        words |= {str(word) for _, word, _, _ in extract("jinja2", io.BytesIO(path.read_bytes()))}
    return words


def test_english_and_five_more_are_shipped() -> None:
    assert set(load_catalogues()) == {"en", "ar", "de", "es", "fr", "ja"}
    assert {path.stem for path in LOCALES.glob("*.po")} == set(TRANSLATED)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_word_of_the_templates_is_translated_and_no_other(language: str) -> None:
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    told = {str(one.id): one for one in catalogue if one.id}
    assert set(told) == extract_words()
    assert [word for word, one in told.items() if not one.string or one.fuzzy] == []
    assert not catalogue.obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_buttons_are_told_apart_in_every_language(language: str) -> None:
    words = load_catalogues()[language]
    told = [words.say(one) for one in ("I'm OK", "I need help", "Send", "Message")]
    assert len(set(told)) == 4
    assert words.say("I'm OK") != "I'm OK"


def test_no_word_stands_in_a_template_untranslated() -> None:
    for path in PAGES:
        bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text("utf-8"), flags=re.DOTALL)
        texts = re.sub(r"<[^>]*>", " ", bare)
        assert re.findall(r"[A-Za-z]{2,}", texts) == [], path.name


@pytest.mark.parametrize(
    ("member", "header", "chat", "expected"),
    [
        ("ja", "de", "fr", "ja"), ("pt_BR", "de", "fr", "de"),
        (None, "de-AT, en;q=0.9", None, "de"), (None, "pt, es;q=0.5, fr;q=0.8", None, "fr"),
        (None, "", "ar-EG", "ar"), (None, "*", None, "en"), (None, "de;q=0, es", "fr", "es"),
        ("tlh", "nonsense;;q=x, ,", "tlh", "en"), ("", "", "", "en"),
    ],
)  # fmt: skip
def test_the_members_language_then_the_browsers_then_the_chats(
    member: str | None, header: str, chat: str | None, expected: str
) -> None:
    assert choose_page_language(member, header, chat) == expected


@pytest.mark.parametrize("language", PORTAL_LANGUAGES)
def test_a_moment_is_told_in_utc_and_says_so(language: str) -> None:
    told = write_time(datetime(2026, 11, 23, 6, 5, tzinfo=UTC), language)
    assert told.endswith(" 06:05 UTC")
    assert "2026" in told
