"""Data: what sends are made from, how old it is, and what of it is wrong, in plain sentences."""

import asyncio
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.source_view import write_rejected
from rollcall.ledger.app_devices import enrol_device
from rollcall.ledger.audit import AuditQuery, read_entries
from tests.dashboards.houses import START, Lived, html_of, text_of
from tests.integration.ledger.test_app_devices import new_device
from tests.people import write_people

FEEDS = Path(__file__).parents[1] / "data" / "feeds"


@pytest.fixture
def source(lived: Lived, tmp_path: Path) -> Path:
    """Five people, and one row that is not as it should be."""
    del lived
    folder = write_people(tmp_path / "source", count=5)
    with (folder / "people.csv").open("a", encoding="utf-8") as file:
        file.write(",Nobody,,,\n")
    return folder


def plain(text: str) -> str:
    return text.replace("\\", "")


def warnings_of(page: AppTest) -> str:
    return plain("\n".join(one.value for one in page.warning))


def refresh(page: AppTest) -> AppTest:
    return page.button(key="data_refresh").click().run()


def test_where_no_source_is_configured_that_is_said(lived: Lived) -> None:
    lived.house.settings = lived.house.settings.model_copy(update={"source": None})
    page = lived.look("data", "viewer")
    assert not page.exception
    assert "No source is configured: set ROLLCALL_SOURCE" in warnings_of(page)
    assert "Nothing was validated yet." in text_of(page)


def test_a_source_that_is_away_is_said(lived: Lived) -> None:
    page = lived.look("data", "viewer")
    assert not page.exception
    assert "cannot be read: No such file or directory" in warnings_of(page)
    assert "Nothing of it was validated yet" in plain(text_of(page))


@pytest.mark.usefixtures("source")
def test_an_admin_validates_it_and_the_version_is_listed(lived: Lived) -> None:
    page = refresh(lived.look("data", "admin"))
    assert not page.exception
    [kept] = lived.house.sources.list_kept()
    assert page.success[0].value.replace("\\", "") == (
        f"version {kept.kept.short_id}: 5 people; 1 row left out or amended"
    )
    assert f"Sends are made from version {kept.kept.short_id}" in plain(text_of(page))
    assert f"{kept.kept.short_id}<br><b>in use</b>" in html_of(page)
    [entry] = read_entries(lived.ledger, AuditQuery(), 9)
    assert (entry.action, entry.outcome) == ("refresh_source", "done")


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("role", ["viewer", "sender"])
def test_others_see_it_and_are_offered_no_act(lived: Lived, role: str) -> None:
    refresh(lived.look("data", "admin"))
    page = lived.look("data", role)  # type: ignore[arg-type]
    assert "<b>in use</b>" in html_of(page)
    assert not page.button


def test_files_that_have_changed_since_are_said(lived: Lived, source: Path) -> None:
    refresh(lived.look("data", "admin"))
    with (source / "people.csv").open("a", encoding="utf-8") as file:
        file.write("p8,Person 8,,,\n")
    assert "Its files have changed since version" in plain(text_of(lived.look("data")))


def test_a_source_that_went_away_tells_the_last_good_version(lived: Lived, source: Path) -> None:
    refresh(lived.look("data", "admin"))
    shutil.rmtree(source)
    page = lived.look("data", "viewer")
    assert "Sends fail unless they take the last good version: version" in plain(text_of(page))
    assert "cannot be read" in warnings_of(page)


def test_a_source_that_cannot_be_used_is_one_sentence(lived: Lived, source: Path) -> None:
    (source / "people.csv").write_text("nothing of use", "utf-8")
    page = refresh(lived.look("data", "admin"))
    assert not page.exception
    assert "people.csv" in plain(page.error[0].value)
    assert "Traceback" not in page.error[0].value


@pytest.mark.usefixtures("source")
def test_rejected_rows_are_shown_with_line_and_reason(lived: Lived) -> None:
    page = refresh(lived.look("data", "admin"))
    shown = html_of(page)
    assert '<th scope="row">people</th><td class="n">7</td><td>' in shown
    assert "Nobody" not in shown
    page.selectbox(key="data_table").select("people").run()
    assert not page.exception
    assert '<th scope="row">people</th><td class="n">7</td><td>' in html_of(page)
    [kept] = lived.house.sources.list_kept()
    assert write_rejected(kept.kept).splitlines()[1].startswith('"people","7",')


def test_many_rejected_rows_come_a_page_at_a_time(lived: Lived, source: Path) -> None:
    with (source / "people.csv").open("a", encoding="utf-8") as file:
        file.write(",Nobody,,,\n" * 60)
    page = refresh(lived.look("data", "admin"))
    assert '<td class="n">7</td>' in html_of(page)
    [on] = [one for one in page.button if one.label == "Next rows"]
    on.click().run()
    assert '<td class="n">7</td>' not in html_of(page)
    assert '<td class="n">67</td>' in html_of(page)
    assert "51 to 61" in text_of(page)


def test_the_app_is_told_in_counts(lived: Lived) -> None:
    enrol_device(lived.ledger, new_device(), START)
    shown = html_of(lived.look("data", "viewer"))
    assert '<th scope="row">Devices</th><td>1, of 1 person</td>' in shown
    assert '<th scope="row">Newest location</th><td>–</td>' in shown  # noqa: RUF001 - a dash


def test_feeds_are_shown_with_their_age_and_what_was_left_out(lived: Lived, tmp_path: Path) -> None:
    feed = tmp_path / "day.geojson"
    shutil.copy(FEEDS / "usgs_day.geojson", feed)
    asyncio.run(lived.house.incidents.refresh([str(feed)]))
    lived.clock.go_on(hours=80)
    page = lived.look("data", "admin")
    assert not page.exception
    assert "<b>what it said 3 d 8 h ago</b>: it was not read since" in html_of(page)
    assert "it is no earthquake but quarry blast" in html_of(page)
    page.button(key="feeds_refresh").click().run()
    assert "1 of 1 feed read; 3 incidents hold" in page.success[0].value.replace("\\", "")
    assert "<b>what it said" not in html_of(page)


def test_where_no_feed_was_ever_read_the_page_says_how(lived: Lived) -> None:
    told = plain(text_of(lived.look("data", "viewer")))
    assert "None was ever read: `rollcall incidents refresh` names the feeds there are." in told
