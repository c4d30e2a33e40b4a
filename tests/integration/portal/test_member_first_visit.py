"""A first visit over a slow line: how much comes, and that it is kept."""

import re

import httpx
import pytest

from rollcall.domain.link_names import PORTAL_LANGUAGES
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewPost, record_entries
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import NOW
from tests.integration.portal.member import ROOT, browser_of, speak

MOST_BYTES = 20_000
"""Of everything together, as it is sent: nothing is compressed."""


async def fetch_files(http: httpx.AsyncClient, html: str) -> list[httpx.Response]:
    names = set(re.findall(rf'"{ROOT}(/assets/[^"]+)"', html))
    return [await http.get(name) for name in sorted(names)]


@pytest.mark.parametrize("language", PORTAL_LANGUAGES)
async def test_a_first_visit_stays_under_20_kb(
    http: httpx.AsyncClient, ledger: Ledger, language: str
) -> None:
    opened = open_conversation(ledger, chat={"members_see_replies": True})
    text = "We are on the roof of the old town hall, all four of us."
    replies = [NewPost(opened.chat.chat_id, "p0001", text, "page", str(n)) for n in range(10)]
    record_entries(ledger, replies, NOW)
    speak(ledger, language)
    page = await browser_of(http, opened).look()
    files = await fetch_files(http, page.text)
    assert {one.headers["content-type"].split(";")[0] for one in files} == {
        "text/css",
        "text/javascript",
        "image/svg+xml",
    }
    everything = sum(
        len(one.content) + sum(len(name) + len(value) + 4 for name, value in one.headers.items())
        for one in (page, *files)
    )
    assert everything < MOST_BYTES


async def test_style_and_script_are_fetched_once_and_change_their_names_with_what_they_say(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    page = await browser_of(http, open_conversation(ledger)).look()
    for file in await fetch_files(http, page.text):
        assert file.status_code == 200
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert file.headers["x-content-type-options"] == "nosniff"
        assert re.search(r"\.[0-9a-f]{12}\.", str(file.url))
    for name in ("page.js", "page.000000000000.css", "..%2fpage.css", "page.css"):
        assert (await http.get(f"/assets/{name}")).status_code == 404
