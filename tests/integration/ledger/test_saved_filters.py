"""Dynamic filters: whoever changes them at once, nothing that uses another is ever left without."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rollcall.domain.message_templates import MessageSettings, TemplateKind
from rollcall.domain.saved_filters import gather
from rollcall.domain.selection import Selection, parse_selection
from rollcall.errors import InputError, RollcallError, SelectionError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.message_origins import load_message_filters
from rollcall.ledger.messages import accept_message, load_message
from rollcall.ledger.saved_filters import (
    delete_filter,
    list_filters,
    list_users,
    load_filter,
    load_saved_filters,
    rename_filter,
    save_filter,
)
from rollcall.ledger.templates import load_template, save_template
from tests.integration.ledger.records import NOW, a_message, at_once

LATER = NOW + timedelta(hours=1)
JAPAN = parse_selection({"filters": [{"countries": ["JP"]}]})
FRANCE = parse_selection({"filters": [{"countries": ["FR"]}]})


def using(*names: str, **rest: Any) -> Selection:
    return Selection(saved_filters=names, **rest)


def settings_using(*names: str) -> MessageSettings:
    content = {"subject": "Drill", "text": "Hello"}
    return MessageSettings.model_validate({"content": content, "selection": using(*names)})


def test_what_is_saved_is_read_back_as_it_was(ledger: Ledger) -> None:
    saved = save_filter(ledger, " Japan now ", JAPAN, NOW)
    assert (saved.name, saved.selection) == ("Japan now", JAPAN)
    assert (saved.created_at, saved.updated_at, saved.last_used_at) == (NOW, NOW, None)
    assert load_filter(ledger, "Japan now") == saved
    assert load_saved_filters(ledger) == {"Japan now": JAPAN}


def test_filters_are_listed_by_name_whatever_the_case(ledger: Ledger) -> None:
    for name in ("b", "C", "a", "É"):
        save_filter(ledger, name, JAPAN, NOW)
    assert [one.name for one in list_filters(ledger)] == ["a", "b", "C", "É"]


def test_a_taken_name_is_kept_unless_it_is_to_be_replaced(ledger: Ledger) -> None:
    first = save_filter(ledger, "A", JAPAN, NOW)
    with pytest.raises(InputError, match="a dynamic filter 'A' already: --replace changes it"):
        save_filter(ledger, "A", FRANCE, LATER)
    assert load_filter(ledger, "A") == first

    changed = save_filter(ledger, "A", FRANCE, LATER, replace=True)

    assert changed.saved_filter_id == first.saved_filter_id
    assert (changed.selection, changed.created_at, changed.updated_at) == (FRANCE, NOW, LATER)


def test_saving_the_same_again_changes_nothing(ledger: Ledger) -> None:
    first = save_filter(ledger, "A", JAPAN, NOW)
    assert save_filter(ledger, "A", JAPAN, LATER) == first


@pytest.mark.parametrize("replace", [True, False])
def test_names_that_differ_in_case_only_are_not_both_kept(ledger: Ledger, replace: bool) -> None:
    save_filter(ledger, "Japan now", JAPAN, NOW)
    with pytest.raises(InputError, match="'Japan now' already, which differs from 'JAPAN NOW'"):
        save_filter(ledger, "JAPAN NOW", JAPAN, NOW, replace=replace)


def test_a_name_that_is_not_there_is_told_with_the_one_that_was_meant(ledger: Ledger) -> None:
    save_filter(ledger, "Japan now", JAPAN, NOW)
    asks: list[Callable[[], object]] = [
        lambda: load_filter(ledger, "japan now"),
        lambda: rename_filter(ledger, "japan now", "B", NOW),
        lambda: delete_filter(ledger, "japan now"),
    ]
    for ask in asks:
        with pytest.raises(
            InputError, match=r"no dynamic filter 'japan now' \(did you mean 'Japan"
        ):
            ask()


def test_a_filter_that_uses_what_does_not_exist_is_not_saved(ledger: Ledger) -> None:
    with pytest.raises(SelectionError, match="dynamic filter 'A': there is no dynamic filter 'B'"):
        save_filter(ledger, "A", using("B"), NOW)
    assert list_filters(ledger) == []


def test_a_filter_that_leads_to_itself_is_not_saved(ledger: Ledger) -> None:
    with pytest.raises(SelectionError, match="circle: 'A' → 'A'"):
        save_filter(ledger, "A", using("A"), NOW)
    save_filter(ledger, "A", JAPAN, NOW)
    save_filter(ledger, "B", using("A"), NOW)
    excluding = parse_selection({"everyone": True, "exclude": {"saved_filters": ["B"]}})
    with pytest.raises(SelectionError, match="circle: 'A' → 'B' → 'A'"):
        save_filter(ledger, "A", excluding, NOW, replace=True)
    assert load_filter(ledger, "A").selection == JAPAN


def test_renaming_is_followed_by_everything_that_uses_it(ledger: Ledger) -> None:
    save_filter(ledger, "A", JAPAN, NOW)
    save_filter(ledger, "B", using("A", exclude={"saved_filters": ["A"]}), NOW)
    kinds: tuple[TemplateKind, ...] = ("one_way", "chat")
    for kind in kinds:
        save_template(ledger, kind, "T", settings_using("A"), NOW)

    renamed = rename_filter(ledger, "A", "a new name", LATER)

    assert (renamed.name, renamed.selection, renamed.updated_at) == ("a new name", JAPAN, LATER)
    assert load_filter(ledger, "B").selection == using(
        "a new name", exclude={"saved_filters": ["a new name"]}
    )
    for kind in kinds:
        assert load_template(ledger, kind, "T").settings == settings_using("a new name")


def test_a_name_may_change_its_case_but_not_to_anothers(ledger: Ledger) -> None:
    save_filter(ledger, "japan", JAPAN, NOW)
    save_filter(ledger, "France", FRANCE, NOW)
    assert rename_filter(ledger, "japan", "Japan", NOW).name == "Japan"
    with pytest.raises(InputError, match="dynamic filter 'France' already"):
        rename_filter(ledger, "Japan", "france", NOW)


def test_what_is_in_use_is_not_deleted_and_its_users_are_named(ledger: Ledger) -> None:
    save_filter(ledger, "A", JAPAN, NOW)
    save_filter(ledger, "B", using("A"), NOW)
    save_template(ledger, "chat", "T", settings_using("A"), NOW)
    assert list_users(ledger, "A") == ["dynamic filter 'B'", "template 'T'"]
    with pytest.raises(InputError, match="'A' is used by dynamic filter 'B', template 'T'"):
        delete_filter(ledger, "A")

    delete_filter(ledger, "B")

    assert [one.name for one in list_filters(ledger)] == ["A"]


def test_twenty_that_save_one_name_at_once_are_one_filter(ledger: Ledger) -> None:
    saved = at_once(20, lambda _: save_filter(ledger, "A", JAPAN, NOW))
    assert len({one.saved_filter_id for one in saved}) == 1
    assert len(list_filters(ledger)) == 1


def test_changes_at_once_never_close_a_circle(ledger: Ledger) -> None:
    names = "ABCD"
    for name in names:
        save_filter(ledger, name, JAPAN, NOW)

    def point_to_next(number: int) -> bool:
        following = names[(number + 1) % len(names)]
        try:
            save_filter(ledger, names[number], using(following), NOW, replace=True)
        except SelectionError:
            return False
        return True

    assert sum(at_once(len(names), point_to_next)) == len(names) - 1
    saved = load_saved_filters(ledger)
    for name in names:
        assert name in gather(using(name), saved)


def test_deleting_and_using_at_once_leaves_nobody_without(ledger: Ledger) -> None:
    def delete_or_use(number: int) -> bool:
        try:
            if number % 2:
                save_filter(ledger, f"user {number}", using("A"), NOW)
            else:
                delete_filter(ledger, "A")
        except RollcallError:
            return False
        return True

    for _ in range(5):
        save_filter(ledger, "A", JAPAN, NOW)
        at_once(4, delete_or_use)
        saved = load_saved_filters(ledger)
        for name in saved:
            assert name in gather(using(name), saved)
        for name in saved.keys() - {"A"}:
            delete_filter(ledger, name)


def test_a_message_keeps_what_its_filters_stood_for(ledger: Ledger) -> None:
    save_filter(ledger, "A", JAPAN, NOW)
    save_filter(ledger, "B", using("A"), NOW)
    save_filter(ledger, "unused", FRANCE, NOW)
    message, _ = accept_message(ledger, a_message("k", selection=using("B")), LATER)

    save_filter(ledger, "A", FRANCE, LATER, replace=True)
    rename_filter(ledger, "A", "C", LATER)
    delete_filter(ledger, "B")

    assert load_message_filters(ledger, message.message_id) == {"A": JAPAN, "B": using("A")}


def test_what_a_message_uses_is_marked_as_used_then(ledger: Ledger) -> None:
    for name, selection in {"A": JAPAN, "B": using("A"), "unused": FRANCE}.items():
        save_filter(ledger, name, selection, NOW)
    accept_message(ledger, a_message("k", selection=using("B")), LATER)
    assert {one.name: one.last_used_at for one in list_filters(ledger)} == {
        "A": LATER,
        "B": LATER,
        "unused": None,
    }


def test_a_message_with_a_filter_that_is_missing_is_not_accepted(ledger: Ledger) -> None:
    with pytest.raises(SelectionError, match="selection: there is no dynamic filter 'A'"):
        accept_message(ledger, a_message("k", selection=using("A")), NOW)
    save_filter(ledger, "A", JAPAN, NOW)
    _, is_new = accept_message(ledger, a_message("k", selection=using("A")), NOW)
    assert is_new


def test_a_known_message_is_found_again_when_its_filter_is_gone(ledger: Ledger) -> None:
    save_filter(ledger, "A", JAPAN, NOW)
    new = a_message("k", selection=using("A"))
    first, _ = accept_message(ledger, new, NOW)
    delete_filter(ledger, "A")
    assert accept_message(ledger, new, LATER) == (first, False)
    assert load_message(ledger, first.message_id) == first


def test_messages_accepted_at_once_with_the_same_filters_do_not_block_each_other(
    ledger: Ledger,
) -> None:
    for name in "ABCD":
        save_filter(ledger, name, JAPAN, NOW)

    def accept(number: int) -> bool:
        names = "ABCD" if number % 2 else "DCBA"
        return accept_message(ledger, a_message(f"k{number}", selection=using(*names)), NOW)[1]

    assert all(at_once(12, accept))
