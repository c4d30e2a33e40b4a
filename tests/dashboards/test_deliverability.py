"""Deliverability: what became of tries, in words, never more certain than its evidence."""

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from threading import Event

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.deliverability_view import tell_cost, tell_reason, tell_share, write_rows
from dashboards.queries.deliverability import (
    DayChoice,
    DayFigures,
    choose_days,
    read_routes,
)
from rollcall.domain.deliverability import FailureReason, Line
from rollcall.domain.receipts import Receipt
from tests.dashboards.houses import Lived, html_of, text_of
from tests.integration.ledger.test_counted_days import Told

ALPHA = """
[[route]]
id = "alpha"
kind = "kannel"
url = "http://127.0.0.1:9/cgi-bin/sendsms"
username = "drill"
password = "drill"
sender = "Drill"
receipts = "handset"
receipt_deadline_s = 60
receipt_secret = "only-for-these-tests"
price_per_segment = "0.05"
"""


def set_routes(lived: Lived, text: str) -> None:
    lived.house.settings.routes_file.write_text(text, "utf-8")


@pytest.fixture
def told(lived: Lived) -> Lived:
    """One SMS arrived at the telephone, one was refused; of one no receipt came."""
    tries = Told(lived.ledger)
    tries.hear(tries.make("accepted"), Receipt("delivered", level="handset"))
    tries.make("rejected", "in its own words", "<b>21610")
    tries.make("accepted")
    lived.clock.go_on(minutes=5)
    return lived


def cells_of(page: AppTest, first: str) -> list[str]:
    """Return the cells of the first row that begins with a name."""
    row = html_of(page).split(f'<th scope="row">{first}</th>')[1].split("</tr>")[0]
    return [cell.split(">")[-1] for cell in row.split("</td>")[:-1]]


@pytest.mark.parametrize("role", ["viewer", "sender", "admin"])
def test_everybody_sees_what_tries_came_to(told: Lived, role: str) -> None:
    page = told.look("deliverability", role)  # type: ignore[arg-type]
    assert not page.exception
    assert cells_of(page, "alpha")[:2] == ["3", "2 (66.6 %)"]
    assert cells_of(page, "United States (US)")[0] == "3"
    assert cells_of(page, "2026-11-23")[0] == "3"
    assert len(page.get("vega_lite_chart")) == 3


def test_a_route_that_sends_receipts_is_held_to_them(told: Lived) -> None:
    set_routes(told, ALPHA)
    page = told.look("deliverability")
    assert not page.warning
    shown = html_of(page)
    assert "receipt never came" in shown
    assert "taken over only" not in shown
    assert cells_of(page, "alpha") == [
        "3", "2 (66.6 %)", "50 %", "1", "1", "1", "4.0 s", "4.0 s", "0.2000",
    ]  # fmt: skip


def test_a_receipt_that_is_not_due_yet_is_awaited(told: Lived) -> None:
    set_routes(told, ALPHA.replace("60", "3600"))
    shown = html_of(told.look("deliverability"))
    assert "receipt still awaited" in shown
    assert "receipt never came" not in shown


def test_a_route_without_receipts_is_not_blamed_for_them(told: Lived) -> None:
    text = ALPHA.replace('receipts = "handset"', 'receipts = "none"')
    set_routes(told, text)
    shown = html_of(told.look("deliverability"))
    assert "taken over only" in shown
    assert "receipt never came" not in shown


def test_why_tries_failed_is_told_in_words_with_a_code_that_stays_text(told: Lived) -> None:
    shown = html_of(told.look("deliverability"))
    assert "route refused it for a reason of its own, nothing was sent" in shown
    assert "<td>&lt;b&gt;21610</td>" in shown
    assert "in its own words" not in shown


def test_routes_that_cannot_be_read_are_one_sentence_and_the_counts_stay(told: Lived) -> None:
    set_routes(told, "no routes here")
    page = told.look("deliverability")
    assert not page.exception
    told_so = page.warning[0].value.replace("\\", "")
    assert "Prices, and which routes send receipts, are not known" in told_so
    assert cells_of(page, "alpha")[0] == "3"


def test_days_and_channels_are_chosen(told: Lived) -> None:
    told.clock.go_on(days=8)
    page = told.look("deliverability")
    assert cells_of(page, "2026-11-23")[0] == "3"
    page.selectbox(key="days_span").select("7 days").run()
    assert "Nothing was tried on these days." in text_of(page)
    page.selectbox(key="days_span").select("all").run()
    assert cells_of(page, "2026-11-23")[0] == "3"
    page.selectbox(key="days_channel").select("email").run()
    assert "Nothing was tried on these days." in text_of(page)


def test_days_are_chosen_from_one_to_another(told: Lived) -> None:
    told.clock.go_on(days=20)
    page = told.look("deliverability")
    page.selectbox(key="days_span").select("from … to …").run()
    assert "Nothing was tried on these days." in text_of(page)
    page.date_input(key="days_from_to").set_value((date(2026, 11, 20), date(2026, 11, 23))).run()
    assert not page.exception
    assert cells_of(page, "2026-11-23")[0] == "3"


def test_where_nothing_was_ever_tried_the_page_says_so(lived: Lived) -> None:
    page = lived.look("deliverability", "viewer")
    assert not page.exception
    assert "Nothing was tried on these days." in text_of(page)


@contextmanager
def started_anew(lived: Lived) -> Iterator[None]:
    """Let the first count since a start of the dashboards go on until the context ends."""
    figures = DayFigures(lived.ledger, lived.clock, lived.house.settings)
    may_end = Event()
    with ThreadPoolExecutor(1) as busy:
        busy.submit(may_end.wait, 60)
        figures.counting.finders, figures.counting.patience_s = busy, 0
        lived.house.day_figures = figures
        try:
            yield
        finally:
            may_end.set()


def test_days_that_are_kept_are_shown_while_the_first_count_is_made(told: Lived) -> None:
    told.clock.go_on(days=2)
    told.look("deliverability")
    with started_anew(told):
        page = told.look("deliverability")
    assert not page.exception
    assert cells_of(page, "2026-11-23")[0] == "3"
    assert "2026-11-23 to 2026-11-25, as counted before" in text_of(page).replace("\\", "")
    assert [one.value for one in page.info][-1] == (
        "The tries of today are being counted, and missing here."
    )


def test_what_nobody_has_counted_yet_is_not_said_to_be_nothing(told: Lived) -> None:
    told.clock.go_on(days=2)
    with started_anew(told):
        page = told.look("deliverability")
    assert "None of these days is counted." in text_of(page)
    assert "Nothing was tried" not in text_of(page)
    assert [one.value for one in page.info][-1] == (
        "The tries of today, and those of 2 days before, are being counted, and missing here."
    )


def test_the_download_has_a_line_for_each_day_route_and_country(told: Lived) -> None:
    set_routes(told, ALPHA)
    routes = read_routes(told.house.settings)
    found = told.house.day_figures.read(DayChoice(), routes)
    [heading, row] = csv.reader(io.StringIO(write_rows(found)))
    line = dict(zip(heading, row, strict=True))
    assert (line["day_utc"], line["route"], line["country"]) == ("2026-11-23", "alpha", "US")
    assert (line["tries"], line["receipt_never_came"], line["not_delivered"]) == ("3", "1", "1")
    assert (line["receipt_90_pct_s"], line["sms_segments"], line["cost"]) == ("4.0", "4", "0.2")


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(1, 1, "100 %"), (9_999_999, 10_000_000, "99.9 %"), (0, 5, "0 %"), (1, 3, "33.3 %")],
)
def test_only_all_of_it_is_100_pct(part: int, whole: int, told: str) -> None:
    assert tell_share(part, whole) == told


def test_costs_that_are_not_known_are_not_left_out() -> None:
    assert tell_cost(Line(cost=Decimal("1234.5"), unpriced_count=3)) == (
        "1,234.50 + 3 SMS segments of unknown price"
    )
    assert "unknown" in tell_cost(Line(unpriced_count=1))


def test_every_reason_has_words() -> None:
    for what in ("receipt_failed", "receipt_permanent", "receipt_missing", "other", "refused"):
        assert "_" not in tell_reason(FailureReason(what, None))
    full = tell_reason(FailureReason("refused", "552 5.2.2"))
    assert full.endswith("no route can help this recipient: the mailbox is full")


def test_days_are_counted_back_from_today() -> None:
    today = date(2026, 11, 23)
    assert choose_days(7, today) == (today - timedelta(days=6), None)
    assert choose_days(None, today) == (None, None)
