import json
from typing import Any

import pytest

from rollcall.domain.message import parse_request
from rollcall.domain.message_templates import (
    TemplateKind,
    apply_template,
    export_template,
    parse_export,
    parse_settings,
)
from rollcall.errors import InputError

MESSAGE: dict[str, Any] = {
    "content": {
        "subject": "Drill",
        "text": "Hello {{ name }}",
        "language": "en",
        "translations": {"ja": {"subject": "訓練", "text": "走れ。"}},
    },
    "selection": {"filters": [{"countries": ["JP"], "emergency": False}]},
    "options": {"include_sms": True},
}
SETTINGS = parse_settings(json.dumps(MESSAGE))


def test_settings_are_everything_but_when_the_message_expires() -> None:
    expiring = MESSAGE | {"expires_at": "2026-11-24T06:00:00Z"}
    assert parse_settings(json.dumps(expiring)) == SETTINGS
    assert SETTINGS.to_json() == MESSAGE


def test_a_template_used_whole_is_the_message_it_came_from() -> None:
    assert apply_template(SETTINGS, None) == parse_request(json.dumps(MESSAGE))


@pytest.mark.parametrize(
    "changes",
    [
        {"selection": {"people": ["p1"]}},
        {"options": {}},
        {"content": {"subject": "s", "text": "t"}},
        {"expires_at": "2026-11-24T06:00:00Z", "selection": {"everyone": True}},
    ],
)
def test_keys_that_are_changed_are_replaced_whole_and_no_others(changes: dict[str, Any]) -> None:
    changed = apply_template(SETTINGS, json.dumps(changes))
    assert changed == parse_request(json.dumps(MESSAGE | changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ('{"select": {}}', "unknown key 'select'"),
        ('{"selection": {"countries": ["JP"]}}', "unknown key 'countries'"),
        ("[]", "must be an object"),
        ("{", "not valid JSON"),
        ('{"options": {}, "options": {}}', "given twice"),
    ],
)
def test_changes_that_cannot_be_meant_are_refused(changes: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        apply_template(SETTINGS, changes)


@pytest.mark.parametrize("kind", ["one_way", "chat"])
def test_what_is_exported_is_imported_as_it_was(kind: TemplateKind) -> None:
    exported = json.dumps(export_template(kind, "Quake 訓練", SETTINGS))
    assert parse_export(exported, kind) == ("Quake 訓練", SETTINGS)


def test_a_template_of_the_other_kind_is_refused() -> None:
    exported = json.dumps(export_template("chat", "Quake", SETTINGS))
    with pytest.raises(InputError, match="'Quake' is for chats, not for one-way messages"):
        parse_export(exported, "one_way")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rollcall_template": 2}, "rollcall_template is 2, this version reads 1"),
        ({"rollcall_template": True}, "rollcall_template is True"),
        ({"kind": "letter"}, "kind"),
        ({"extra": 1}, "unknown key 'extra'"),
        ({"settings": MESSAGE | {"expires_at": "2026-11-24T06:00:00Z"}}, "expires_at"),
        ({"settings": MESSAGE | {"selection": {}}}, "names nobody"),
        ({"settings": MESSAGE | {"selection": {"grups": ["g"]}}}, "did you mean 'groups'"),
        ({"settings": []}, "settings"),
    ],
)
def test_a_file_that_is_no_template_of_this_version_is_refused(
    change: dict[str, Any], told: str
) -> None:
    exported = export_template("one_way", "Quake", SETTINGS) | change
    with pytest.raises(InputError, match=told):
        parse_export(json.dumps(exported), "one_way")


def test_a_message_is_no_exported_template() -> None:
    with pytest.raises(InputError, match="rollcall_template is None"):
        parse_export(json.dumps(MESSAGE), "one_way")
