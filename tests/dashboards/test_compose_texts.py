"""The composer's options and texts: kept in the draft as they are written, read as people would."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rollcall.domain.acts import Actor
from rollcall.domain.drafts import Body, Draft, DraftKind
from rollcall.ledger.log import list_messages
from tests.dashboards.houses import ROUTES, SMS_ROUTE, Lived, html_of, text_of
from tests.dashboards.test_progress import queue_failing
from tests.people import phone_of, write_people

ADMIN = Actor("the admin", "admin")
TOLD: Body = {
    "content": {"subject": "Drill", "text": "Hello {{ name }}"},
    "selection": {"groups": ["all"]},
}
CHAT: Body = {"title": "Roll", "post": "Say so.", "selection": {"groups": ["all"]}}


@pytest.fixture
def peopled(lived: Lived, tmp_path: Path) -> Lived:
    write_people(tmp_path / "source", count=5)
    sms = SMS_ROUTE.format(name="alpha", price="0.05") + SMS_ROUTE.format(name="bravo", price="0.2")
    (tmp_path / "routes.toml").write_text(ROUTES + sms, "utf-8")
    return lived


def begin(lived: Lived, kind: DraftKind = "message", **changes: Any) -> Draft:
    body = (TOLD if kind == "message" else CHAT) | changes
    return lived.house.drafting.open(ADMIN, kind, body)


def body_of(lived: Lived, draft: Draft) -> Body:
    return lived.house.drafting.load(ADMIN, draft.draft_id).body


def look(lived: Lived, draft: Draft, step: str) -> AppTest:
    page = lived.look("compose", "admin", draft=draft.draft_id, step=step)
    assert not page.exception
    return page


def told_of(page: AppTest) -> str:
    said = (*page.error, *page.success, *page.warning, *page.markdown)
    return "\n".join(one.value for one in said).replace("\\", "")


def key(draft: Draft, *path: str) -> str:
    return f"field_{'_'.join(path)}_{draft.draft_id}"


def labels_of(page: AppTest) -> list[str]:
    return [one.label for one in page.checkbox]


def test_a_route_that_only_fails_is_named_where_standard_sms_would_wait_for_it(
    peopled: Lived,
) -> None:
    queue_failing(peopled, "bravo")
    draft = begin(peopled, options={"include_sms": True})
    assert "fail just now" not in told_of(look(peopled, draft, "options"))
    queue_failing(peopled, "alpha")
    page = look(peopled, draft, "options")
    assert "**The route alpha does nothing but fail just now.** SMS of standard" in told_of(page)
    page.checkbox(key=key(draft, "options", "high_quality_sms")).check().run()
    assert "fail just now" not in told_of(page)


def test_options_are_kept_as_they_are_ticked(peopled: Lived) -> None:
    draft = begin(peopled)
    page = look(peopled, draft, "options")
    page.checkbox(key=key(draft, "options", "include_sms")).check().run()
    page.checkbox(key=key(draft, "options", "high_quality_sms")).check().run()
    assert "Standard quality goes over alpha alone: 0.05 a segment" in told_of(page)
    assert "up to 0.2 a segment" in told_of(page)
    options = {"include_sms": True, "high_quality_sms": True}
    assert body_of(peopled, draft)["options"] == options
    page.checkbox(key=key(draft, "options", "include_sms")).uncheck().run()
    assert not page.exception
    assert body_of(peopled, draft)["options"] == {"include_sms": False}
    peopled.house.drafting.load(ADMIN, draft.draft_id).read()


def test_managers_only_is_offered_where_a_facility_is_meant(peopled: Lived) -> None:
    label = "Of facilities only the managers"
    assert label not in labels_of(look(peopled, begin(peopled), "options"))
    in_japan = begin(peopled, selection={"filters": [{"countries": ["JP"]}]})
    assert label in labels_of(look(peopled, in_japan, "options"))
    forgotten = begin(peopled, options={"managers_only": True})
    assert label in labels_of(look(peopled, forgotten, "options"))


def test_a_moment_to_give_up_is_in_the_zone_of_who_writes(peopled: Lived) -> None:
    draft = begin(peopled)
    page = look(peopled, draft, "options")
    page.checkbox(key=f"expires_{draft.draft_id}").check().run()
    assert body_of(peopled, draft)["expires_at"] == "2026-11-24T06:00:00Z"
    field = page.datetime_input(key=key(draft, "expires_at"))
    assert str(field.value) == "2026-11-24 15:00:00"  # in Tokyo
    field.set_value(datetime(2026, 11, 24, 18)).run()  # noqa: DTZ001 - as the field has it
    assert body_of(peopled, draft)["expires_at"] == "2026-11-24T09:00:00Z"
    page.checkbox(key=f"expires_{draft.draft_id}").uncheck().run()
    assert "expires_at" not in body_of(peopled, draft)


def test_reminders_are_added_changed_and_removed(peopled: Lived) -> None:
    draft = begin(peopled, "chat")
    page = look(peopled, draft, "options")
    add = f"rung_add_{draft.draft_id}"
    page.button(key=add).click().run()
    page.button(key=add).click().run()
    page.number_input(key=key(draft, "ladder", "0", "after_min")).set_value(45).run()
    page.text_input(key=key(draft, "ladder", "1", "notify")).set_value("manager, p0001").run()
    assert body_of(peopled, draft)["ladder"] == [
        {"after_min": 45, "channels": ["email"]},
        {"after_min": 60, "channels": ["email"], "notify": ["manager", "p0001"]},
    ]
    page.button(key=f"rung_drop_0_{draft.draft_id}").click().run()
    assert [one["after_min"] for one in body_of(peopled, draft)["ladder"]] == [60]
    assert not page.exception


def test_a_reminder_that_another_window_changed_is_not_changed_on_top_of_that(
    peopled: Lived,
) -> None:
    draft = begin(peopled, "chat", ladder=[{"after_min": 5, "channels": ["email"]}])
    page = look(peopled, draft, "options")
    theirs = [{"after_min": 9, "channels": ["sms"]}]
    peopled.house.drafting.change(ADMIN, draft.draft_id, lambda body: body | {"ladder": theirs})
    page.button(key=f"rung_drop_0_{draft.draft_id}").click().run()
    assert "changed in another window" in told_of(page)
    assert body_of(peopled, draft)["ladder"] == theirs


def test_where_it_happened_is_read_or_refused_in_a_sentence(peopled: Lived) -> None:
    draft = begin(peopled, "chat")
    page = look(peopled, draft, "options")
    field = key(draft, "near")
    page.text_input(key=field).set_value("Tokyo").run()
    assert "write latitude and longitude" in told_of(page)
    page.text_input(key=field).set_value("35.7, 139.7").run()
    assert body_of(peopled, draft)["near"] == {"latitude": 35.7, "longitude": 139.7}


@pytest.mark.parametrize(("kind", "name"), [("message", "content"), ("chat", None)])
def test_texts_are_kept_and_their_segments_counted(
    peopled: Lived, kind: DraftKind, name: str | None
) -> None:
    draft = begin(peopled, kind)
    base = (name,) if name else ()
    text = "text" if kind == "message" else "post"
    page = look(peopled, draft, "texts")
    page.text_area(key=key(draft, *base, text)).set_value("“" + "x" * 80).run()
    told = told_of(page)
    assert "SMS, " in told
    assert "(UCS-2)" in told
    assert "Less room for the sake of: “" in told
    body = body_of(peopled, draft)
    assert (body["content"] if name else body)[text] == "“" + "x" * 80


def test_languages_are_added_written_and_removed(peopled: Lived) -> None:
    draft = begin(peopled)
    page = look(peopled, draft, "texts")
    page.selectbox(key=f"language_new_{draft.draft_id}").set_value("ja").run()
    page.button(key=f"language_add_{draft.draft_id}").click().run()
    assert not page.exception
    path = ("content", "translations", "ja")
    page.text_input(key=key(draft, *path, "subject")).set_value("訓練").run()
    page.text_area(key=key(draft, *path, "sms")).set_value("短い").run()
    page.text_area(key=key(draft, *path, "sms")).set_value("").run()
    japanese = body_of(peopled, draft)["content"]["translations"]["ja"]
    assert japanese == {"subject": "訓練", "text": ""}
    assert "the version in ja has no text" in told_of(page)
    page.button(key=f"language_remove_ja_{draft.draft_id}").click().run()
    assert "translations" not in body_of(peopled, draft)["content"]


def test_a_language_is_there_once(peopled: Lived) -> None:
    draft = begin(peopled, content={"subject": "s", "text": "t", "language": "en"})
    page = look(peopled, draft, "texts")
    page.selectbox(key=f"language_new_{draft.draft_id}").set_value("en").run()
    page.button(key=f"language_add_{draft.draft_id}").click().run()
    assert "there is a version in en already" in told_of(page)


def test_a_chosen_recipient_is_shown_what_they_would_read(peopled: Lived) -> None:
    draft = begin(peopled, options={"include_sms": True})
    page = look(peopled, draft, "texts")
    assert "Hello Maria Example" in html_of(page)
    page.text_input(key=f"reading_search_{draft.draft_id}").set_value("Person 3").run()
    page.button(key=f"reading_choose_p0003_{draft.draft_id}").click().run()
    assert not page.exception
    assert "Chosen: **Person 3**" in text_of(page)
    assert "Hello Person 3" in html_of(page)
    assert "Maria" not in html_of(page)


def test_texts_of_a_draft_are_shown_and_never_read_as_html(peopled: Lived) -> None:
    draft = begin(peopled, content={"subject": "<b>x</b>", "text": "<img src=x>\n\u202eline"})
    shown = html_of(look(peopled, draft, "texts"))
    assert "&lt;img src=x&gt;\n line" in shown
    assert "&lt;b&gt;x&lt;/b&gt;" in shown
    assert "<img" not in shown


def test_a_test_goes_to_the_typed_address_once_until_it_is_allowed_again(peopled: Lived) -> None:
    draft = begin(peopled)
    page = look(peopled, draft, "texts")
    send = f"trial_send_{draft.draft_id}"
    page.button(key=send).click().run()
    assert "type an email address or a number" in told_of(page)
    page.text_input(key="test_email").set_value("ana@example.org").run()
    for _ in range(3):
        page.button(key=send).click().run()
    [message] = list_messages(peopled.ledger)
    assert message.request["content"]["text"] == "TEST: Hello {{ name }}"
    assert f"the very same test was sent already, as message {message.message_id}" in told_of(page)
    page.button(key=f"trial_again_{draft.draft_id}").click().run()
    page.button(key=send).click().run()
    assert len(list_messages(peopled.ledger)) == 2


def test_a_test_goes_to_oneself_as_found_among_the_people(peopled: Lived) -> None:
    draft = begin(peopled, options={"include_email": False, "include_sms": True})
    page = look(peopled, draft, "texts")
    page.text_input(key=f"trial_search_{draft.draft_id}").set_value(phone_of(2)).run()
    page.button(key=f"trial_choose_p0002_{draft.draft_id}").click().run()
    page.button(key=f"trial_send_{draft.draft_id}").click().run()
    assert not page.exception
    [message] = list_messages(peopled.ledger)
    assert message.request["selection"]["people"] == ["p0002"]
