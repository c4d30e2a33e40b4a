import json
from typing import Any

import pytest

from rollcall.domain.chat_request import parse_chat
from rollcall.domain.message import parse_request
from rollcall.domain.message_templates import (
    MessageSettings,
    TemplateKind,
    apply_template,
    describe_settings,
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

CHAT: dict[str, Any] = {
    "title": "Flood",
    "post": "Are you safe?",
    "language": "en",
    "translations": {"de": {"title": "Hochwasser", "post": "Sind Sie in Sicherheit?"}},
    "selection": {"groups": ["field"]},
    "options": {"include_sms": True, "members_see_replies": True},
    "near": {"latitude": 47.0, "longitude": 8.0},
    "link_days": 7,
    "ladder": [{"after_min": 15}, {"after_min": 60, "notify": ["manager"]}],
}
CHAT_SETTINGS = parse_settings(json.dumps(CHAT), "chat")


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


@pytest.mark.parametrize(("kind", "settings"), [("one_way", SETTINGS), ("chat", CHAT_SETTINGS)])
def test_what_is_exported_is_imported_as_it_was(
    kind: TemplateKind, settings: MessageSettings
) -> None:
    exported = json.dumps(export_template(kind, "Quake 訓練", settings))
    assert parse_export(exported, kind) == ("Quake 訓練", settings)


def test_a_template_of_the_other_kind_is_refused() -> None:
    exported = json.dumps(export_template("chat", "Quake", CHAT_SETTINGS))
    with pytest.raises(InputError, match="'Quake' is for chats, not for one-way messages"):
        parse_export(exported, "one_way")
    exported = json.dumps(export_template("one_way", "Quake", SETTINGS))
    with pytest.raises(InputError, match="'Quake' is for one-way messages, not for chats"):
        parse_export(exported, "chat")


def test_a_template_of_a_chat_is_what_an_administrator_wrote() -> None:
    assert describe_settings("chat", CHAT_SETTINGS) == CHAT
    assert export_template("chat", "Quake", CHAT_SETTINGS)["settings"] == CHAT


def test_keys_of_a_chat_replace_those_of_its_template() -> None:
    changes = {"post": "Stay inside.", "options": {"ok_request": False}, "ladder": []}
    changed = apply_template(CHAT_SETTINGS, json.dumps(changes), "chat")
    assert changed == parse_chat(json.dumps(CHAT | changes))
    assert changed.chat is not None
    assert changed.chat.ladder == ()


def test_a_template_of_a_chat_needs_a_selection() -> None:
    exported = export_template("chat", "Quake", CHAT_SETTINGS)
    del exported["settings"]["selection"]
    with pytest.raises(InputError, match="selection: field required"):
        parse_export(json.dumps(exported), "chat")


def test_a_message_that_opens_a_chat_is_no_one_way_message() -> None:
    with pytest.raises(InputError, match="'chat' has no place here: `rollcall chat open`"):
        parse_settings(json.dumps(MESSAGE | {"chat": {}}))


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
