from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from rollcall.domain.draft_gaps import has_links, is_chosen, list_gaps, usual_option
from rollcall.domain.drafts import Draft, DraftKind
from rollcall.domain.email_layout import compile_layout

LAYOUT = compile_layout("{{ subject }}")
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
WHOLE: dict[DraftKind, dict[str, Any]] = {
    "message": {"content": {"subject": "Drill", "text": "Run."}, "selection": {"groups": ["all"]}},
    "chat": {"title": "Roll", "post": "Say so.", "selection": {"groups": ["all"]}},
}


def a_draft(kind: DraftKind = "message", **changes: Any) -> Draft:
    return Draft("d1", kind, "Ana", WHOLE[kind] | changes, NOW, NOW)


def gaps_of(draft: Draft) -> list[str]:
    link = "https://safe.example.org/c/x" if has_links(draft) else None
    return list_gaps(draft, LAYOUT, link, NOW)


@pytest.mark.parametrize("kind", ["message", "chat"])
def test_a_whole_draft_lacks_nothing(kind: DraftKind) -> None:
    assert gaps_of(a_draft(kind)) == []


def test_each_thing_that_is_missing_is_one_sentence() -> None:
    assert gaps_of(replace(a_draft(), body={})) == [
        "nobody is selected yet",
        "the first version has no subject",
    ]
    assert gaps_of(
        replace(a_draft("chat"), body={"options": {"include_email": False, "include_push": False}})
    ) == [
        "nobody is selected yet",
        "the first version has no title",
        "no channel is chosen: choose email, SMS or the app",
    ]


def test_an_empty_filter_is_told_before_anything_is_looked_up() -> None:
    [gap] = gaps_of(a_draft(selection={"filters": [{}]}))
    assert "has no criterion" in gap


def test_a_moment_that_is_past_is_told() -> None:
    [gap] = gaps_of(a_draft(expires_at="2026-11-23T06:00:00Z"))
    assert "is past" in gap
    assert gaps_of(a_draft(expires_at="2026-11-23T06:00:01Z")) == []


def test_sms_that_are_too_long_count_only_where_sms_are_sent() -> None:
    long = {"subject": "Drill", "text": "x" * 2_000}
    assert gaps_of(a_draft(content=long)) == []
    [gap] = gaps_of(a_draft(content=long, options={"include_sms": True}))
    assert "10 are allowed" in gap


def test_what_only_the_whole_shows_is_told_too() -> None:
    [gap] = gaps_of(a_draft(surprise=1))
    assert "unknown key 'surprise'" in gap
    ladder = [{"after_min": 5}]
    [gap] = gaps_of(a_draft("chat", ladder=ladder, options={"ok_request": False}))
    assert "nobody is reminded of an answer" in gap


def test_options_are_as_usual_where_nothing_is_said() -> None:
    assert [usual_option(kind, "ok_request") for kind in ("message", "chat")] == [False, True]
    assert is_chosen(a_draft(), "include_email")
    assert not is_chosen(a_draft(options={"include_email": False}), "include_email")
    assert has_links(a_draft("chat"))
    assert not has_links(a_draft())
    assert has_links(a_draft(options={"ok_request": True}))
