"""Drafts: their owner's, changed part by part, and sent once whatever dies in between."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from rollcall.domain.draft_recipients import add_names, list_named
from rollcall.domain.drafts import Body, Draft, merge, set_value
from rollcall.domain.selection import parse_selection
from rollcall.errors import InputError
from rollcall.ledger.desk_tables import DraftRow
from rollcall.ledger.drafts import (
    MOST_OF_ONE,
    DraftAccess,
    change_draft,
    delete_draft,
    list_drafts,
    load_draft,
    open_draft,
)
from rollcall.ledger.engine import Ledger
from rollcall.ledger.erasing_texts import ErasedPerson
from rollcall.ledger.erasure import erase_rows, find_traces
from rollcall.ledger.messages import accept_message, set_state
from rollcall.ledger.old_rows import count_old, delete_old, old_drafts
from rollcall.ledger.saved_filters import rename_filter, save_filter
from rollcall.ledger.tables import Message
from tests.integration.ledger.records import NOW, a_message, at_once

LATER = NOW + timedelta(hours=1)
ANA, BO, ADMIN = DraftAccess("ana"), DraftAccess("bo"), DraftAccess("root", sees_all=True)
BODY: Body = {"content": {"subject": "Drill"}, "selection": {"people": ["p0001"]}}


def begin(ledger: Ledger, draft_id: str = "d1", **changes: Any) -> Draft:
    draft = Draft(draft_id, "message", "ana", BODY, NOW, NOW)
    return open_draft(ledger, replace(draft, **changes))


def send(ledger: Ledger, draft_id: str = "d1") -> str:
    return accept_message(ledger, a_message(f"draft-{draft_id}"), NOW)[0].message_id


def test_a_draft_is_read_back_as_it_was(ledger: Ledger) -> None:
    begun = begin(ledger, kind="chat", template="Quake")
    assert load_draft(ledger, "d1", ANA) == begun
    assert (begun.template, begun.message_id, begun.refusal) == ("Quake", None, None)


def test_to_begin_the_same_again_is_one_draft_as_it_was(ledger: Ledger) -> None:
    begun = begin(ledger)
    changed = change_draft(ledger, "d1", lambda body: merge(body, {"a": 1}), ANA, LATER)
    assert begin(ledger, created_at=LATER) == changed != begun
    with pytest.raises(InputError, match="somebody else's"):
        begin(ledger, owner="bo")


def test_a_draft_is_its_owners_and_the_admins(ledger: Ledger) -> None:
    begin(ledger)
    for act in (
        lambda: load_draft(ledger, "d1", BO),
        lambda: change_draft(ledger, "d1", lambda _: {}, BO, LATER),
        lambda: delete_draft(ledger, "d1", BO),
        lambda: load_draft(ledger, "nothing", ANA),
    ):
        with pytest.raises(InputError, match="no such draft, or it is somebody else's"):
            act()
    assert list_drafts(ledger, BO) == []
    assert [one.owner for one in list_drafts(ledger, ADMIN)] == ["ana"]
    assert change_draft(ledger, "d1", lambda _: {"a": 1}, ADMIN, LATER).owner == "ana"


def test_what_is_changed_at_once_is_all_there(ledger: Ledger) -> None:
    begin(ledger)

    def change(number: int) -> Draft:
        edit = add_names("include", "people", [f"q{number}"])
        return change_draft(ledger, "d1", edit, ANA, LATER)

    at_once(6, change)
    names = list_named(load_draft(ledger, "d1", ANA).body, "include", "people")
    assert sorted(names) == ["p0001", *(f"q{number}" for number in range(6))]


def test_an_edit_that_changes_nothing_is_no_change(ledger: Ledger) -> None:
    begun = begin(ledger)
    assert change_draft(ledger, "d1", dict, ANA, LATER) == begun


def test_an_edit_that_fails_changes_nothing(ledger: Ledger) -> None:
    begun = begin(ledger)

    def fail(_body: Body) -> Body:
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        change_draft(ledger, "d1", fail, ANA, LATER)
    assert load_draft(ledger, "d1", ANA) == begun


def test_drafts_are_listed_last_changed_first_and_without_those_sent(ledger: Ledger) -> None:
    for number, draft_id in enumerate(("d1", "d2", "d3")):
        begin(ledger, draft_id, changed_at=NOW + timedelta(minutes=number))
    send(ledger, "d2")
    assert [one.draft_id for one in list_drafts(ledger, ANA)] == ["d3", "d1"]


def test_a_draft_knows_its_message_from_the_moment_it_is_accepted(ledger: Ledger) -> None:
    begin(ledger)
    message_id = send(ledger)
    assert load_draft(ledger, "d1", ANA).message_id == message_id
    with pytest.raises(InputError, match=f"sent already, as message {message_id}"):
        change_draft(ledger, "d1", lambda _: {}, ANA, LATER)
    assert load_draft(ledger, "d1", ANA).body == BODY


def test_a_draft_whose_message_was_refused_is_corrected_and_sent_again(ledger: Ledger) -> None:
    begin(ledger)
    refused_id = send(ledger)
    set_state(ledger, refused_id, "refused", reason="matches nobody", closed_at=NOW)
    refused = load_draft(ledger, "d1", ANA)
    assert (refused.message_id, refused.refusal) == (None, "matches nobody")
    assert list_drafts(ledger, ANA) == [refused]
    changed = change_draft(ledger, "d1", lambda body: set_value(body, ("a",), 1), ANA, LATER)
    assert changed.body == BODY | {"a": 1}
    again_id = send(ledger)
    assert again_id != refused_id
    assert load_draft(ledger, "d1", ANA).message_id == again_id


def test_nobody_has_drafts_without_end(ledger: Ledger) -> None:
    row = {"kind": "message", "owner": "ana", "body": {}, "created_at": NOW, "changed_at": NOW}
    with ledger.write() as connection:
        rows = [{"draft_id": str(number)} | row for number in range(MOST_OF_ONE)]
        connection.execute(insert(DraftRow), rows)
    with pytest.raises(InputError, match="500 drafts already"):
        begin(ledger)
    begin(ledger, owner="bo")
    with pytest.raises(InputError, match="bytes at most"):
        begin(ledger, "d5", owner="bo", body={"a": "x" * 2_000_000})


def test_a_filter_that_is_renamed_is_renamed_in_drafts_too(ledger: Ledger) -> None:
    save_filter(ledger, "Asia", parse_selection({"groups": ["all"]}), NOW)
    begin(ledger, body={"selection": {"saved_filters": ["Asia"]}})
    rename_filter(ledger, "Asia", "East", LATER)
    assert load_draft(ledger, "d1", ANA).body == {"selection": {"saved_filters": ["East"]}}


def test_drafts_go_by_their_age_and_with_the_data_of_their_message(ledger: Ledger) -> None:
    begin(ledger, "old", changed_at=NOW - timedelta(days=20))
    begin(ledger, "sent", changed_at=LATER)
    begin(ledger, "new", changed_at=LATER)
    message_id = send(ledger, "sent")
    old = old_drafts(NOW)
    assert count_old(ledger, old).count == 1
    with ledger.write() as connection:
        mine = update(Message).where(Message.message_id == message_id)
        connection.execute(mine.values(erased_at=LATER))
    assert delete_old(ledger, old, pause=lambda _: None) == 2
    assert [one.draft_id for one in list_drafts(ledger, ADMIN)] == ["new"]


def test_an_erased_person_is_found_in_drafts_and_gone_from_sent_ones(ledger: Ledger) -> None:
    begin(ledger, "unsent")
    begin(ledger, "sent")
    begin(ledger, "other", body={"selection": {"people": ["p0002"]}})
    send(ledger, "sent")
    assert find_traces(ledger, "p0001").is_meant
    who = ErasedPerson("p0001", "erased-1", frozenset())
    erased = erase_rows(ledger, who, [], LATER)
    assert erased.named_in == ("draft 'unsent'",)
    with pytest.raises(InputError, match="no such draft"):
        load_draft(ledger, "sent", ADMIN)
    assert [one.draft_id for one in list_drafts(ledger, ADMIN)] == ["other", "unsent"]
