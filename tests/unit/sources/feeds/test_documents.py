"""Kinds are found by content; whatever comes, there is a reading or one clear sentence."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.errors import SourceError
from rollcall.sources.feeds.atom import read_atom
from rollcall.sources.feeds.documents import parse_alert, read_document
from rollcall.sources.feeds.incident import FeedReading
from tests.unit.sources.feeds.documents import NOW, load_feed, read, write_alert

NAMES = ("cap_flood.xml", "atom_embedded.xml", "atom_linked.xml", "usgs_day.geojson", "gdacs.xml")
NASTY = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"<",
    b"&",
    b'"',
    b"{",
    b"]",
    b"-",
    b"9" * 400,
    b"1e308",
    b"nan",
)
HANG_MS = 5_000
"""On a machine that does other things too; an example takes about 1 ms."""


def read_to_the_end(content: bytes) -> FeedReading:
    found = read_document(content, "feed", NOW)
    return found if isinstance(found, FeedReading) else read_atom(found, "feed", NOW)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"<html><body>Not found</body></html>", "neither a CAP 1.2 alert"),
        (b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.1"/>', "neither a CAP 1.2 alert"),
        (b"\x89PNG\r\n\x1a\n", "not well-formed XML"),
        (b"\x1f\x8b\x08\x00", "not well-formed XML"),
    ],
)
def test_what_is_no_feed_is_an_error_of_one_sentence(content: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        read_document(content, "feed", NOW)


def test_byte_order_mark_and_blanks_before_the_document_do_not_matter() -> None:
    mark = b"\xef\xbb\xbf"
    assert len(read(mark + b"\n" + load_feed("usgs_day.geojson")).incidents) == 3
    assert len(read(mark + load_feed("gdacs.xml")).incidents) == 2


def test_linked_document_must_be_an_alert() -> None:
    with pytest.raises(SourceError, match="the page is no CAP"):
        parse_alert(load_feed("gdacs.xml"), "the page")
    assert parse_alert(write_alert().encode(), "the page").tag.endswith("alert")


@settings(deadline=HANG_MS)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32), count=st.integers(1, 8))
def test_mutated_feeds_are_read_or_refused_and_nothing_else(
    name: str, seed: int, count: int
) -> None:
    content = bytearray(load_feed(name))
    chance = random.Random(seed)  # noqa: S311 - hypothesis chooses the seed
    for _ in range(count):
        start = chance.randrange(len(content) + 1)
        length = chance.choice((0, 1, 1, 2, 8, 64))
        piece = content[chance.randrange(len(content) + 1) :][: chance.choice((1, 8, 64))]
        content[start : start + length] = chance.choice((*NASTY, bytes(piece)))
    with contextlib.suppress(SourceError):
        reading = read_to_the_end(bytes(content))
        assert all(
            abs(each.latitude) <= 90 and abs(each.longitude) <= 180 for each in reading.incidents
        )
        assert all(each.incident_id and each.title for each in reading.incidents)


@settings(deadline=HANG_MS)
@given(
    name=st.sampled_from(NAMES),
    number=st.integers(0, 400),
    text=st.one_of(st.text(max_size=40), st.floats().map(str), st.integers().map(str)),
)
def test_any_text_in_any_place_is_read_or_refused(name: str, number: int, text: str) -> None:
    """Unlike changed bytes, this leaves the document well-formed."""
    opener, closer = (b'": ', b",") if name.endswith("json") else (b">", b"<")
    parts = load_feed(name).split(opener)
    chosen = 1 + number % (len(parts) - 1)
    _, separator, rest = parts[chosen].partition(closer)
    parts[chosen] = text.encode("utf-8", "replace") + separator + rest
    with contextlib.suppress(SourceError):
        read_to_the_end(opener.join(parts))


@settings(deadline=HANG_MS)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(SourceError):
        read_to_the_end(content)
