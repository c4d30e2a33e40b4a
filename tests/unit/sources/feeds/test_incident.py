"""What several feeds say together."""

from rollcall.sources.feeds.incident import FeedEntry, FeedReading, Incident, merge_entries
from rollcall.sources.tables import INCIDENTS
from tests.unit.sources.feeds.documents import NOW


def report(incident_id: str, title: str) -> FeedReading:
    incident = Incident(incident_id, title, "minor", 0.0, 0.0, NOW)
    return FeedReading(entries=(FeedEntry(incident),))


def test_incident_has_the_columns_of_the_contract() -> None:
    assert list(Incident.__slots__) == INCIDENTS.column_names()


def test_incident_that_two_feeds_report_is_that_of_the_first() -> None:
    merged = merge_entries([report("x", "first"), report("x", "second"), report("y", "other")])
    assert [entry.incident.title for entry in merged] == ["first", "other"]
