"""Atom: alerts within entries and behind links."""

from xml.etree.ElementTree import Element

import pytest

from rollcall.errors import SourceError
from rollcall.sources.feeds.atom import AlertEntry, list_entries, read_atom
from rollcall.sources.feeds.documents import parse_alert, read_document
from rollcall.sources.feeds.incident import FeedReading
from rollcall.sources.feeds.xml_tree import parse_xml
from tests.unit.sources.feeds.documents import NOW, load_feed, reasons, write_alert, write_atom


def list_feed(content: bytes | str) -> list[AlertEntry]:
    document = content.encode() if isinstance(content, str) else content
    entries = read_document(document, "feed", NOW)
    assert isinstance(entries, list)
    return entries


def read_feed(content: bytes | str) -> FeedReading:
    return read_atom(list_feed(content), "feed", NOW)


def parse(alert: str) -> Element:
    return parse_alert(alert.encode(), "alert")


def test_embedded_update_supersedes_the_alert_beside_it() -> None:
    (incident,) = read_feed(load_feed("atom_embedded.xml")).incidents
    assert incident.incident_id == "storm-2"
    assert incident.title == "Severe storm on the north coast"
    assert incident.severity == "severe"


def test_entries_that_are_no_incident_are_reported_each() -> None:
    assert reasons(read_feed(load_feed("atom_embedded.xml"))) == {
        "drill-1": "its status is Exercise, and only Actual counts",
        "https://alerts.example.org/nothing": "it neither holds nor links to a CAP alert",
    }


def test_malformed_entry_costs_only_itself() -> None:
    feed = write_atom(write_alert(identifier="bad", sent="x"), write_alert(identifier="good"))
    reading = read_feed(feed)
    assert [each.incident_id for each in reading.incidents] == ["good"]
    assert reasons(reading) == {"bad": "its sent is not a timestamp with an offset"}


def test_malformed_update_leaves_the_alert_it_would_replace() -> None:
    update = write_alert(
        "<info><event>Flood</event><severity>Severe</severity></info>",
        identifier="a2",
        kind="Update",
        references="s@example.org,a1,2026-11-23T05:00:00+00:00",
    )
    reading = read_feed(write_atom(write_alert(), update))
    assert [each.incident_id for each in reading.incidents] == ["a1"]


def test_feed_whose_entries_are_all_malformed_is_an_error() -> None:
    with pytest.raises(SourceError, match="none of its 2 entries can be read"):
        read_feed(write_atom(write_alert(sent="x"), "nothing"))


def test_feed_without_entries_is_quiet() -> None:
    reading = read_feed(write_atom())
    assert (reading.incidents, reading.rejected) == ([], ())


def test_of_two_versions_of_an_alert_the_later_counts() -> None:
    early = write_alert(sent="2026-11-23T01:00:00+00:00").replace("Severe", "Minor")
    (incident,) = read_feed(write_atom(early, write_alert())).incidents
    assert incident.severity == "severe"


def test_link_of_caps_own_type_is_taken_and_each_alert_once() -> None:
    entries = list_feed(load_feed("atom_linked.xml"))
    assert [entry.link for entry in entries] == ["alerts/flood.xml", "alerts/storm.xml"]


@pytest.mark.parametrize(
    ("link", "is_taken"),
    [
        ('<link href="a"/>', True),
        ('<link href="a" rel="alternate" type="text/xml; charset=utf-8"/>', True),
        ('<link href="a" rel="enclosure" type="Application/CAP+XML"/>', True),
        ('<link href="a" rel="self"/>', False),
        ('<link href="a" type="text/html"/>', False),
        ('<link rel="alternate"/>', False),
        ('<link href=" "/>', False),
    ],
)
def test_only_links_that_may_be_an_alert_are_taken(link: str, is_taken: bool) -> None:
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{link}</entry></feed>'
    (entry,) = list_entries(parse_xml(feed.encode(), "feed"))
    assert entry.link == ("a" if is_taken else None)


def test_alert_remembers_the_link_it_was_read_from() -> None:
    entry = AlertEntry("e", parse(write_alert()), link="https://x.org/a1.xml")
    (read,) = read_atom([entry], "feed", NOW).entries
    assert read.link == "https://x.org/a1.xml"


def test_problem_of_a_link_is_the_reason() -> None:
    entries = [
        AlertEntry("e", link="x", problem="no answer"),
        AlertEntry("f", parse(write_alert())),
    ]
    assert reasons(read_atom(entries, "feed", NOW)) == {"e": "no answer"}
