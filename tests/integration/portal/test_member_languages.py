"""The page speaks the member's language; what administrators wrote is in theirs if it can be."""

from typing import Any

import httpx
import pytest

from rollcall.domain.link_names import PORTAL_LANGUAGES
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewPost, record_entries
from rollcall.portal.catalogues import load_catalogues
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import NOW
from tests.integration.portal.member import ROOT, browser_of, speak


@pytest.mark.parametrize("language", PORTAL_LANGUAGES)
async def test_the_page_is_in_the_language_of_the_member(
    http: httpx.AsyncClient, ledger: Ledger, language: str
) -> None:
    member = browser_of(http, open_conversation(ledger))
    speak(ledger, language)
    shown = (await member.look(accept_language="de")).text.replace("&#39;", "'")
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in shown
    words = load_catalogues()[language]
    for said in ("Are you OK?", "I'm OK", "I need help", "Send"):
        assert f">{words.say(said)}<" in shown


@pytest.mark.parametrize(
    ("record", "header", "expected"), [(None, "fr", "fr"), (None, "tlh", "en"), ("it", "es", "es")]
)
async def test_without_it_the_browser_decides_then_the_chat(
    http: httpx.AsyncClient, ledger: Ledger, record: str | None, header: str, expected: str
) -> None:
    member = browser_of(http, open_conversation(ledger))
    speak(ledger, record)
    shown = await member.look(accept_language=header)
    assert f'<html lang="{expected}"' in shown.text


async def test_title_and_posts_are_shown_in_translation_and_say_their_language(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    opened = open_conversation(ledger)
    told = NewPost(
        opened.chat.chat_id, None, "All clear.", "administrator", "1", {"de": "Entwarnung."}
    )
    record_entries(ledger, [told], NOW)
    member = browser_of(http, opened)

    speak(ledger, "de-AT")
    shown = (await member.look()).text
    assert '<h1 lang="de" dir="ltr">Hochwasser</h1>' in shown
    for text in ("Sind Sie in Sicherheit?", "Entwarnung."):
        assert f'lang="de" dir="ltr">{text}<' in shown

    speak(ledger, "fr")
    shown = (await member.look()).text
    for text in ("Flood in Example City", "Are you safe?", "All clear."):
        assert f'lang="en" dir="ltr">{text}<' in shown


async def test_what_a_text_has_filled_in_is_filled_in_on_the_page(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    text = "{{ name }}, are you safe in {{ country_name }}? {{ subject }}: {{ link }}"
    content: dict[str, Any] = {"subject": "For {{ name }}", "text": text, "language": "en"}
    opened = open_conversation(ledger, content=content)
    speak(ledger, "en")
    member = browser_of(http, opened)
    link = f"https://safe.example.org{ROOT}{member.path}"
    shown = (await member.look()).text
    assert f"Person 0, are you safe in Japan? For Person 0: {link}" in shown
    assert ">For Person 0</h1>" in shown


@pytest.mark.parametrize("text", ["{{ secret }}", "{% for x in y %}", "100 {# %", "{{ 'a' * 9 }}"])
async def test_what_is_no_template_is_shown_as_it_was_written(
    http: httpx.AsyncClient, ledger: Ledger, text: str
) -> None:
    opened = open_conversation(ledger)
    entries = [
        NewPost(opened.chat.chat_id, None, text, "administrator", "1"),
        NewPost(opened.chat.chat_id, "p0000", "{{ name }} {{ link }}", "page", "2"),
    ]
    record_entries(ledger, entries, NOW)
    shown = (await browser_of(http, opened).look()).text.replace("&#39;", "'")
    assert f">{text}</p>" in shown
    assert ">{{ name }} {{ link }}</p>" in shown
