"""Bodies of drafts: changed part by part, read strictly only when they are sent."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.drafts import (
    MOST_BODY_BYTES,
    Draft,
    DraftKind,
    merge,
    read_path,
    rename_filter_in,
    require_storable,
    set_value,
)
from rollcall.errors import InputError, RequestError, SelectionError

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
KEYS = st.sampled_from(["a", "b", "c"])
BODIES = st.recursive(
    st.dictionaries(KEYS, st.integers() | st.text(max_size=3), max_size=3),
    lambda inner: st.dictionaries(KEYS, inner | st.integers(), max_size=3),
    max_leaves=8,
)
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(tuple)


def a_draft(body: dict[str, Any], kind: DraftKind = "message") -> Draft:
    return Draft("d1", kind, "Ana", body, NOW, NOW)


@given(BODIES, PATHS, st.integers())
def test_what_is_set_is_read_back_and_the_body_before_stays(
    body: dict[str, Any], path: tuple[str, ...], value: int
) -> None:
    before = repr(body)
    assert read_path(set_value(body, path, value), path) == value
    assert repr(body) == before


@given(BODIES, PATHS)
def test_what_is_taken_away_is_gone(body: dict[str, Any], path: tuple[str, ...]) -> None:
    assert read_path(set_value(body, path, None), path) is None


def test_nothing_empty_is_left_around_what_was_taken_away() -> None:
    body = {"options": {"include_sms": True}, "title": "Drill"}
    assert set_value(body, ("options", "include_sms"), None) == {"title": "Drill"}


def test_a_part_changes_its_own_keys_and_no_other() -> None:
    body = {"content": {"subject": "Drill", "text": "Hello"}, "selection": {"groups": ["all"]}}
    merged = merge(body, {"content": {"text": "Take care", "sms": "Care"}})
    assert merged == {
        "content": {"subject": "Drill", "text": "Take care", "sms": "Care"},
        "selection": {"groups": ["all"]},
    }
    assert merge(merged, {"content": {"sms": None}, "selection": None}) == {
        "content": {"subject": "Drill", "text": "Take care"}
    }


@pytest.mark.parametrize(
    ("kind", "body", "title"),
    [
        ("message", {"content": {"subject": "Drill"}}, "Drill"),
        ("chat", {"title": "Are you there?"}, "Are you there?"),
        ("message", {"title": "of a chat"}, ""),
        ("message", {"content": "nonsense"}, ""),
        ("chat", {}, ""),
    ],
)
def test_a_draft_is_called_by_its_subject_or_title(
    kind: DraftKind, body: dict[str, Any], title: str
) -> None:
    assert a_draft(body, kind).title == title


def test_a_draft_is_read_as_the_command_line_reads_it() -> None:
    body = {"content": {"subject": "Drill", "text": "Hello"}, "selection": {"groups": ["all"]}}
    assert a_draft(body).read().kind == "one_way"
    chat = {"title": "Drill", "post": "Hello", "selection": {"groups": ["all"]}}
    assert a_draft(chat, "chat").read().kind == "chat_invite"
    with pytest.raises(RequestError, match="content"):
        a_draft({"selection": {"groups": ["all"]}}).read()
    with pytest.raises(SelectionError, match="names nobody"):
        a_draft(body | {"selection": {}}).read()


def test_a_renamed_filter_is_renamed_wherever_a_draft_names_it() -> None:
    exclude = {"saved_filters": ["Asia"], "groups": ["Asia"]}
    body = {"selection": {"saved_filters": ["Tokyo", "Asia"], "exclude": exclude}}
    renamed = rename_filter_in(body, "Asia", "East")["selection"]
    assert renamed["saved_filters"] == ["Tokyo", "East"]
    assert renamed["exclude"] == {"saved_filters": ["East"], "groups": ["Asia"]}
    assert rename_filter_in({}, "Asia", "East") == {}


def test_a_body_has_an_end() -> None:
    require_storable({"a": "x" * (MOST_BODY_BYTES - 20)})
    with pytest.raises(InputError, match="2,000,000 bytes at most"):
        require_storable({"a": "x" * MOST_BODY_BYTES})
