"""Templates: kept apart by kind, sound in what they use."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rollcall.domain.message_templates import MessageSettings, TemplateKind
from rollcall.domain.selection import parse_selection
from rollcall.errors import InputError, SelectionError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import accept_message
from rollcall.ledger.saved_filters import save_filter
from rollcall.ledger.templates import (
    delete_template,
    list_templates,
    load_template,
    rename_template,
    require_savable,
    save_template,
)
from tests.integration.ledger.records import NOW, a_message, at_once

LATER = NOW + timedelta(hours=1)


def settings(**selection: Any) -> MessageSettings:
    return MessageSettings.model_validate(
        {
            "content": {
                "subject": "Drill",
                "text": "Hello",
                "translations": {"ja": {"subject": "訓練", "text": "走れ。"}},
            },
            "selection": selection or {"everyone": True},
            "options": {"include_sms": True},
        }
    )


def test_what_is_saved_is_read_back_as_it_was(ledger: Ledger) -> None:
    kept = settings(filters=[{"countries": ["JP"], "emergency": False}])
    saved = save_template(ledger, "one_way", " Quake ", kept, NOW)
    assert (saved.kind, saved.name, saved.settings) == ("one_way", "Quake", kept)
    assert (saved.created_at, saved.updated_at, saved.last_used_at) == (NOW, NOW, None)
    assert load_template(ledger, "one_way", "Quake") == saved


@pytest.mark.parametrize(("kind", "other"), [("one_way", "chat"), ("chat", "one_way")])
def test_templates_of_one_kind_are_not_there_for_the_other(
    ledger: Ledger, kind: TemplateKind, other: TemplateKind
) -> None:
    save_template(ledger, kind, "Quake", settings(), NOW)
    assert list_templates(ledger, other) == []
    asks: list[Callable[[], object]] = [
        lambda: load_template(ledger, other, "Quake"),
        lambda: rename_template(ledger, other, "Quake", "B", NOW),
        lambda: delete_template(ledger, other, "Quake"),
    ]
    for ask in asks:
        with pytest.raises(InputError, match=r"no template for .* 'Quake'$"):
            ask()
    assert [one.name for one in list_templates(ledger, kind)] == ["Quake"]


def test_the_same_name_may_be_used_once_for_each_kind(ledger: Ledger) -> None:
    save_template(ledger, "one_way", "Quake", settings(), NOW)
    save_template(ledger, "chat", "Quake", settings(people=["p1"]), NOW)
    delete_template(ledger, "one_way", "Quake")
    assert load_template(ledger, "chat", "Quake").settings == settings(people=["p1"])


def test_a_taken_name_is_kept_unless_it_is_to_be_replaced(ledger: Ledger) -> None:
    first = save_template(ledger, "one_way", "T", settings(), NOW)
    other = settings(people=["p1"])
    with pytest.raises(InputError, match="'T' already: --replace changes it"):
        save_template(ledger, "one_way", "T", other, LATER)
    with pytest.raises(InputError, match="'T' already: --replace changes it"):
        require_savable(ledger, "one_way", "T", other)
    with pytest.raises(InputError, match="differs from 't' in case only"):
        save_template(ledger, "one_way", "t", other, LATER, replace=True)
    assert save_template(ledger, "one_way", "T", settings(), LATER) == first
    require_savable(ledger, "one_way", "T", settings())

    changed = save_template(ledger, "one_way", "T", other, LATER, replace=True)

    assert changed.template_id == first.template_id
    assert (changed.settings, changed.created_at, changed.updated_at) == (other, NOW, LATER)


def test_a_template_that_uses_what_does_not_exist_is_not_saved(ledger: Ledger) -> None:
    kept = settings(saved_filters=["A"])
    with pytest.raises(SelectionError, match="there is no dynamic filter 'A'"):
        save_template(ledger, "one_way", "T", kept, NOW)
    with pytest.raises(SelectionError, match="there is no dynamic filter 'A'"):
        require_savable(ledger, "one_way", "T", kept)
    save_filter(ledger, "A", parse_selection({"everyone": True}), NOW)
    assert save_template(ledger, "one_way", "T", kept, NOW).settings == kept


def test_renaming_keeps_the_template_and_respects_others(ledger: Ledger) -> None:
    first = save_template(ledger, "one_way", "a", settings(), NOW)
    save_template(ledger, "one_way", "B", settings(), NOW)
    renamed = rename_template(ledger, "one_way", "a", "A", LATER)
    assert (renamed.template_id, renamed.name) == (first.template_id, "A")
    with pytest.raises(InputError, match="'B' already, which differs from 'b'"):
        rename_template(ledger, "one_way", "A", "b", LATER)


def test_twenty_that_save_one_name_at_once_are_one_template(ledger: Ledger) -> None:
    saved = at_once(20, lambda _: save_template(ledger, "one_way", "T", settings(), NOW))
    assert len({one.template_id for one in saved}) == 1
    assert len(list_templates(ledger, "one_way")) == 1


def test_a_message_says_from_then_on_what_it_was_made_from(ledger: Ledger) -> None:
    saved = save_template(ledger, "one_way", "T", settings(), NOW)
    message, _ = accept_message(ledger, a_message("k", template="T"), LATER)
    assert (message.template_id, message.template_name) == (saved.template_id, "T")
    assert load_template(ledger, "one_way", "T").last_used_at == LATER


def test_a_template_of_the_other_kind_or_gone_makes_no_message(ledger: Ledger) -> None:
    save_template(ledger, "chat", "T", settings(), NOW)
    with pytest.raises(InputError, match="template 'T' was deleted meanwhile"):
        accept_message(ledger, a_message("k", template="T"), NOW)
    assert load_template(ledger, "chat", "T").last_used_at is None
