"""Feeds as tests need them: the committed ones, and alerts put together from parts."""

from datetime import UTC, datetime
from pathlib import Path

from rollcall.sources.feeds.documents import read_document
from rollcall.sources.feeds.incident import FeedReading

FEEDS = Path(__file__).resolve().parents[3] / "data" / "feeds"
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
SQUARE = "<polygon>10,20 10,22 12,22 12,20 10,20</polygon>"


def load_feed(name: str) -> bytes:
    return (FEEDS / name).read_bytes()


def read(content: bytes | str, now: datetime = NOW) -> FeedReading:
    """Read a document that has no links to follow."""
    document = content.encode() if isinstance(content, str) else content
    reading = read_document(document, "feed", now)
    assert isinstance(reading, FeedReading)
    return reading


def reasons(reading: FeedReading) -> dict[str, str]:
    return {each.entry_id: each.reason for each in reading.rejected}


def write_info(area: str = SQUARE, severity: str = "Severe", more: str = "") -> str:
    return (
        f"<info><event>Flood</event><severity>{severity}</severity>{more}"
        f"<area><areaDesc>here</areaDesc>{area}</area></info>"
    )


def write_alert(
    *infos: str,
    identifier: str = "a1",
    status: str = "Actual",
    kind: str = "Alert",
    references: str = "",
    sent: str = "2026-11-23T05:00:00+00:00",
) -> str:
    """Write a CAP alert; without `infos` it has one, with a square."""
    blocks = "".join(infos or (write_info(),))
    return (
        '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        f"<identifier>{identifier}</identifier><sender>s@example.org</sender><sent>{sent}</sent>"
        f"<status>{status}</status><msgType>{kind}</msgType><scope>Public</scope>"
        f"<references>{references}</references>{blocks}</alert>"
    )


def write_atom(*contents: str) -> str:
    """Write an Atom feed with one entry around each of the contents."""
    entries = "".join(
        f"<entry><id>entry-{number}</id><content>{content}</content></entry>"
        for number, content in enumerate(contents, start=1)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'
