"""Refreshing at the desk: by admins, recorded, and as the command line does it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollcall.domain.acts import Actor
from rollcall.errors import ConfigError, NotAllowedError, SourceError
from rollcall.ledger.audit import AuditQuery, read_entries
from rollcall.ledger.engine import Ledger
from tests.dashboards.houses import Lived, living_in
from tests.people import write_people

FEEDS = Path(__file__).parents[2] / "data" / "feeds"
ADMIN = Actor("Ana", "admin")
SENDER = Actor("Bo", "sender")


@pytest.fixture
def lived(ledger: Ledger, tmp_path: Path) -> Iterator[Lived]:
    write_people(tmp_path / "source", count=5)
    with living_in(ledger, tmp_path) as one:
        yield one


def acts_of(lived: Lived) -> list[tuple[str, str, str | None, str | None]]:
    found = read_entries(lived.ledger, AuditQuery(), 9)
    return [(one.actor, one.action, one.outcome, one.subject_id) for one in found]


def source_of(lived: Lived) -> Path:
    folder = lived.house.settings.source
    assert folder is not None
    return folder


def test_an_admin_validates_the_source(lived: Lived) -> None:
    refreshed = lived.house.refreshing.refresh_source(ADMIN)
    assert refreshed.version.row_counts["people"] == 5
    assert lived.house.sources.is_current(source_of(lived))
    assert acts_of(lived) == [("Ana", "refresh_source", "done", refreshed.version.short_id)]


def test_a_source_that_cannot_be_used_leaves_what_there_is_in_place(lived: Lived) -> None:
    kept = lived.house.refreshing.refresh_source(ADMIN).version
    lived.clock.go_on(minutes=1)
    (source_of(lived) / "people.csv").write_text("nothing of use", "utf-8")
    with pytest.raises(SourceError, match="the last good version"):
        lived.house.refreshing.refresh_source(ADMIN)
    in_use = lived.house.sources.find_last_good(source_of(lived))
    assert in_use is not None
    assert in_use.version == kept.version
    assert acts_of(lived)[0][2] == "failed"


def test_others_may_not(lived: Lived) -> None:
    for refresh in (lived.house.refreshing.refresh_source, lived.house.refreshing.refresh_feeds):
        with pytest.raises(NotAllowedError):
            refresh(SENDER)
    assert {outcome for _, _, outcome, _ in acts_of(lived)} == {"refused"}
    assert lived.house.sources.list_kept() == []


def test_feeds_are_read_again_and_one_that_is_away_stays_in_use(
    lived: Lived, tmp_path: Path
) -> None:
    feed = tmp_path / "day.geojson"
    feed.write_bytes((FEEDS / "usgs_day.geojson").read_bytes())
    asyncio.run(lived.house.incidents.refresh([str(feed)]))
    read = lived.house.refreshing.refresh_feeds(ADMIN)
    assert read.is_complete
    feed.unlink()
    lived.clock.go_on(hours=5)
    away = lived.house.refreshing.refresh_feeds(ADMIN)
    assert away.incident_count == read.incident_count == 3
    assert "what it said 5 h 0 min ago is still in use" in (away.feeds[0].problem or "")
    assert [told[1:3] for told in acts_of(lived)] == [("refresh_feeds", "done")] * 2


def test_where_no_source_is_configured_that_is_said(lived: Lived) -> None:
    settings = lived.house.settings.model_copy(update={"source": None})
    lived.house.settings = settings
    with pytest.raises(ConfigError, match="no source is configured: set ROLLCALL_SOURCE"):
        lived.house.refreshing.refresh_source(ADMIN)
