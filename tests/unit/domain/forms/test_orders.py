"""A form means what the same order means on the command line."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollcall.domain.chat_request import ChatOptions, ChatSettings, parse_chat
from rollcall.domain.forms.choices import ChatChoices, MessageChoices
from rollcall.domain.forms.fields import FormPart
from rollcall.domain.forms.orders import (
    NEW_CHAT,
    NEW_MESSAGE,
    NEW_POST,
    ChatForm,
    MessageForm,
    PostForm,
)
from rollcall.domain.message import MessageOptions, MessageRequest, parse_request
from rollcall.domain.message_templates import MessageSettings, parse_settings
from rollcall.errors import InputError, RequestError

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TEXT = {"subject": "Drill", "text": "Hello {{ name }}"}
POST = {"title": "Drill", "post": "Are you OK?"}
TO_ALL = {"groups": ["all"]}
DIGEST = "0" * 64


def message(base: MessageSettings | None = None, /, **filled_in: Any) -> MessageRequest:
    return MessageForm.model_validate(filled_in).make_request(base, NOW)


def chat(base: MessageSettings | None = None, /, **filled_in: Any) -> MessageRequest:
    return ChatForm.model_validate(filled_in).make_request(base, NOW)


def template_of(kind: Any, **told: Any) -> MessageSettings:
    return parse_settings(json.dumps(told), kind)


def test_a_message_that_is_filled_in_is_the_message_written_in_json() -> None:
    filled_in = message(
        wording=TEXT | {"sms": "Hi", "language": "en"},
        recipients=TO_ALL,
        options={"include_sms": "yes", "high_quality_sms": "yes", "include_email": "no"},
        expires_in_hours=2,
        expected_audience=DIGEST,
        confirmed=True,
    )
    written = {
        "content": TEXT | {"sms": "Hi", "language": "en"},
        "selection": TO_ALL,
        "options": {"include_sms": True, "high_quality_sms": True, "include_email": False},
        "expires_at": "2026-11-26T14:00:00Z",
        "expected_audience": DIGEST,
        "confirmed": True,
    }
    assert filled_in == parse_request(json.dumps(written))


def test_a_chat_that_is_filled_in_is_the_chat_written_in_json() -> None:
    filled_in = chat(
        wording=POST,
        recipients=TO_ALL,
        options={"members_see_replies": "yes", "include_push": "no"},
        reminders=[{"after_min": 30}, {"after_min": 60, "notify": ["manager"]}],
        near="48.85, 2.35",
        link_days=3,
    )
    written = POST | {
        "selection": TO_ALL,
        "options": {"members_see_replies": True, "include_push": False},
        "ladder": [{"after_min": 30}, {"after_min": 60, "notify": ["manager"]}],
        "near": {"latitude": 48.85, "longitude": 2.35},
        "link_days": 3,
    }
    assert filled_in == parse_chat(json.dumps(written))


def test_every_option_can_be_filled_in() -> None:
    assert MessageChoices.model_fields.keys() == MessageOptions.model_fields.keys()
    assert ChatChoices.model_fields.keys() == ChatOptions.model_fields.keys()
    settings = ChatSettings.model_fields.keys() - {"translations"}
    reachable = chat(wording=POST, recipients=TO_ALL).model_dump()
    assert settings - {"title", "post", "sms", "language", "selection", "options", "ladder"} == {
        "near",
        "link_days",
    }
    assert reachable["selection"]["groups"] == ("all",)


def test_of_a_template_only_what_is_filled_in_is_replaced() -> None:
    template = template_of(
        "one_way",
        content=TEXT | {"translations": {"fr": {"subject": "Essai", "text": "Bonjour"}}},
        selection=TO_ALL,
        options={"include_sms": True, "life_safety": True},
    )
    whole = message(template, template="T")
    assert MessageSettings(**{k: getattr(whole, k) for k in MessageSettings.model_fields}) == (
        template
    )
    changed = message(
        template, template="T", options={"life_safety": "no"}, recipients={"people": ["p1"]}
    )
    assert changed.options == MessageOptions(include_sms=True)
    assert changed.selection is not None
    assert (changed.selection.groups, changed.selection.people) == ((), ("p1",))
    assert changed.content == template.content


def test_a_text_of_its_own_leaves_no_word_of_the_template_in_another_language() -> None:
    told = {"selection": TO_ALL}
    french = {"fr": {"title": "Essai", "post": "Ça va ?"}}
    of_chats = template_of("chat", **POST, sms="Old", language="en", translations=french, **told)
    opened = chat(of_chats, template="T", wording={"title": "New", "post": "Go home"})
    assert opened.content.model_dump() == {
        "subject": "New",
        "text": "Go home",
        "sms": None,
        "language": None,
        "translations": {},
    }
    translations = {"fr": {"subject": "Essai", "text": "Bonjour"}}
    of_messages = template_of("one_way", content=TEXT | {"translations": translations}, **told)
    sent = message(of_messages, template="T", wording={"subject": "New", "text": "Go home"})
    assert sent.content.translations == {}


@pytest.mark.parametrize(
    ("filled_in", "sentence"),
    [
        ({"recipients": TO_ALL}, "what to send is missing"),
        ({"wording": TEXT}, "recipients are missing"),
        ({"wording": TEXT, "recipients": TO_ALL, "expected_audience": "me"}, "is no digest"),
        (
            {"wording": TEXT, "recipients": TO_ALL, "options": {"high_quality_sms": "yes"}},
            "high_quality_sms needs include_sms",
        ),
        (
            {"wording": TEXT, "recipients": TO_ALL, "options": {"include_email": "no"}},
            "no channel is left",
        ),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_sentence(
    filled_in: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        message(**filled_in)


def test_a_place_that_is_none_is_said_in_a_sentence() -> None:
    for near in ("Paris", "48.85", "91, 0"):
        with pytest.raises(InputError, match="near"):
            chat(wording=POST, recipients=TO_ALL, near=near)


def test_a_post_needs_words_and_a_chat() -> None:
    form = PostForm(chat_id="c1", post="At noon.", sms="Noon", notify=("push", "email"))
    assert form.make_post().model_dump(exclude_defaults=True) == {"post": "At noon.", "sms": "Noon"}
    assert form.ways() == ("email", "push")
    for incomplete in (NEW_POST, PostForm(chat_id="c1"), PostForm(post="At noon.")):
        with pytest.raises(InputError, match="what to post is missing"):
            incomplete.make_post()
    with pytest.raises(RequestError, match="everybody reads the same"):
        PostForm(chat_id="c1", post="{{ name }}").make_post()


def test_prefect_is_given_only_what_was_filled_in_and_reads_it_back() -> None:
    assert [one.model_dump(mode="json") for one in (NEW_MESSAGE, NEW_CHAT, NEW_POST)] == [{}] * 3
    filled_in = {
        "template": "T",
        "recipients": {"filters": [{"countries": ["Japan"], "past_travel": {"airports": ["LON"]}}]},
        "options": {"include_sms": "yes"},
    }
    form = MessageForm.model_validate(filled_in)
    kept = json.loads(form.model_dump_json())
    assert kept == filled_in
    assert MessageForm.model_validate(kept) == form


def test_the_name_of_a_run_tells_nothing_of_the_text() -> None:
    form = MessageForm.model_validate({"template": "T", "wording": TEXT, "recipients": TO_ALL})
    assert form.tell() == "template T, group all"
    assert MessageForm.model_validate({"wording": TEXT}).tell() == ""


def test_expiry_is_counted_from_the_order() -> None:
    sent = message(wording=TEXT, recipients=TO_ALL, expires_in_hours=0.5)
    assert sent.expires_at == NOW + timedelta(minutes=30)


def list_parts(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema, *schema.get("$defs", {}).values()]


@pytest.mark.parametrize("form", [MessageForm, ChatForm, PostForm])
def test_both_interfaces_of_prefect_can_draw_it(form: type[FormPart]) -> None:
    """Measured: V1 draws `oneOf` as raw JSON, a default that is no moment blocks it."""
    schema = form.model_json_schema()
    text = json.dumps(schema)
    assert "oneOf" not in text
    for part in list_parts(schema):
        assert part["additionalProperties"] is False
        positions = [one["position"] for one in part["properties"].values()]
        assert len(set(positions)) == len(positions)
        for one in part["properties"].values():
            assert one.get("title") or "$ref" in one  # a part of the same title brings it
            assert one["description"]
            assert "default" not in one or one.get("format") != "date-time"
    assert len(text) < 60_000
