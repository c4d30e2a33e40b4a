"""Whom a draft means, beside it: counted after each change, explained a page at a time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rollcall.domain.push import PushSubscription
from rollcall.ledger.opt_outs import OptOutRecord, opt_out
from tests.dashboards.composing import begin, labelled, press, write_source
from tests.dashboards.houses import START, Lived, html_of, text_of
from tests.integration.devices import add_device
from tests.people import phone_of, write_people


@pytest.fixture
def peopled(lived: Lived, tmp_path: Path) -> Lived:
    write_source(tmp_path / "source")
    return lived


def look(lived: Lived, selection: dict[str, Any], **body: Any) -> AppTest:
    begin(lived, body | {"selection": selection})
    page = lived.look("compose", draft="d1")
    assert not page.exception
    return page


def warnings_of(page: AppTest) -> str:
    return "\n".join(one.value for one in page.warning).replace("\\", "")


def test_a_draft_for_nobody_says_so(peopled: Lived) -> None:
    assert "Nobody is chosen yet." in text_of(look(peopled, {}))


def test_numbers_follow_each_change(peopled: Lived) -> None:
    page = look(peopled, {"people": ["ana", "bo"]})
    assert "### 2 people" in text_of(page)
    labelled(page.multiselect, "People").set_value(["ana"]).run()
    assert "### 1 person" in text_of(page)


def test_who_is_not_reached_is_told_with_the_reason_and_listed(peopled: Lived) -> None:
    page = look(peopled, {"groups": ["it"]})
    assert "**Not reached: 1 person** (no email address: 1)" in warnings_of(page)
    labelled(page.checkbox, "Only those not reached").check().run()
    assert "Bo &lt;b&gt;Cruz&lt;/b&gt;</th><td>not reached: no email address" in html_of(page)
    assert "Cy Roux" not in html_of(page)


def test_channels_that_are_chosen_count(peopled: Lived) -> None:
    page = look(peopled, {"groups": ["it"]}, options={"include_sms": True})
    assert "Not reached" not in warnings_of(page)


def test_who_asked_for_no_more_texts_is_counted(peopled: Lived) -> None:
    with peopled.ledger.write() as connection:
        opt_out(connection, OptOutRecord(phone_of(2), "operator", None, START))
    page = look(peopled, {"people": ["bo"]}, options={"include_sms": True})
    assert "no email address, asked for no more SMS (STOP): 1" in warnings_of(page)
    assert "1 asked for no more SMS (STOP)." in html_of(page)


def test_an_app_counts_that_takes_notifications_and_no_other(peopled: Lived) -> None:
    by_app = {"include_email": False, "include_push": True}
    page = look(peopled, {"people": ["ana"]}, options=by_app)
    assert "**Not reached: 1 person** (no app that takes notifications: 1)" in warnings_of(page)


def test_a_notified_app_reaches_its_person(peopled: Lived) -> None:
    subscribed = PushSubscription("d1", "https://push.example.org/d1", "key", "auth")
    add_device(peopled.ledger, "ana", subscribed)
    by_app = {"include_email": False, "include_push": True}
    assert "Not reached" not in warnings_of(look(peopled, {"people": ["ana"]}, options=by_app))


def test_each_one_is_there_for_a_reason_in_the_viewers_time(peopled: Lived) -> None:
    page = look(peopled, {"filters": [{"countries": ["JP"]}], "facilities": ["tokyo"]})
    told = html_of(page)
    assert "filter 1: countries: JP, by report of 23 Nov 2026, 14:00:00 JST, 1.0 h old" in told
    assert "manager of facility tokyo (filter 1: countries: JP; named)" in told
    assert "1 facility among them." in told


def test_managers_only_leaves_other_contacts_out_and_says_so(peopled: Lived) -> None:
    page = look(peopled, {"facilities": ["tokyo"]}, options={"managers_only": True})
    assert "### 1 person" in text_of(page)
    assert "1 contacts of facilities, left out by managers-only" in [
        one.label for one in page.expander
    ]
    assert "contact of tokyo, but not its manager" in html_of(page)


def test_a_mistake_is_one_sentence(peopled: Lived) -> None:
    page = look(peopled, {"groups": ["gone"]})
    assert "unknown group 'gone'" in page.error[0].value.replace("\\", "")


def test_a_filter_that_says_nothing_is_told(peopled: Lived) -> None:
    page = look(peopled, {"people": ["ana"], "filters": [{}]})
    assert "1 filter says nothing yet" in warnings_of(page)
    assert "### 1 person" in text_of(page)


def test_many_are_shown_a_page_at_a_time(lived: Lived, tmp_path: Path) -> None:
    write_people(tmp_path / "source", count=60)
    page = look(lived, {"groups": ["all"]})
    assert "1 to 25 of 60" in text_of(page)
    press(press(page, "Next"), "Next")
    assert "51 to 60 of 60" in text_of(page)
    assert "Person 59</th>" in html_of(page)
    assert labelled(page.button, "Next").disabled
    press(page, "Previous")
    assert "26 to 50 of 60" in text_of(page)
    assert "### 60 people" in text_of(page)


def test_a_page_goes_on_while_people_are_being_counted(peopled: Lived) -> None:
    glances, is_over = peopled.house.glances, Event()
    glances.answers.finders, glances.answers.patience_s = ThreadPoolExecutor(1), 0.01
    glances.answers.finders.submit(is_over.wait, 60)
    page = look(peopled, {"people": ["ana"]})
    assert "Counting …" in text_of(page)
    is_over.set()
    glances.answers.patience_s = 60
    assert "### 1 person" in text_of(page.run())
    glances.answers.finders.shutdown()


def test_without_a_source_nobody_can_be_counted(lived: Lived) -> None:
    page = look(lived, {"everyone": True})
    assert page.error


def test_a_saved_filter_that_is_gone_is_told(peopled: Lived) -> None:
    page = look(peopled, {"saved_filters": ["Gone"]})
    assert "there is no dynamic filter 'Gone'" in page.error[0].value.replace("\\", "")
