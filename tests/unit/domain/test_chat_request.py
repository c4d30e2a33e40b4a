import json
from typing import Any

import pytest

from rollcall.domain.chat_request import make_following_chat, parse_chat
from rollcall.domain.message import FollowUp, MessageRequest, parse_request
from rollcall.errors import InputError

CHAT: dict[str, Any] = {
    "title": "Flood in Example City",
    "post": "Are you safe?",
    "sms": "Flood: are you safe, {{ name }}?",
    "language": "en",
    "translations": {"de": {"title": "Hochwasser", "post": "Sind Sie in Sicherheit?"}},
    "selection": {"people": ["p1"]},
    "options": {"include_sms": True, "members_see_replies": True, "managers_only": True},
    "near": {"latitude": 47.5, "longitude": 8.0},
    "link_days": 7,
    "ladder": [{"after_min": 15, "channels": ["sms"]}],
    "expires_at": "2036-11-24T06:00:00Z",
}


def parse(**changes: Any) -> MessageRequest:
    told = {key: value for key, value in (CHAT | changes).items() if value is not None}
    return parse_chat(json.dumps(told))


def follow(changes: dict[str, Any] | None, before: MessageRequest | None = None) -> MessageRequest:
    return make_following_chat(before or parse(), "m1", json.dumps(changes) if changes else None)


def test_a_chat_is_a_message_that_invites_to_it() -> None:
    request = parse()
    assert request.kind == "chat_invite"
    assert request.content.subject == "Flood in Example City"
    assert request.content.text == "Are you safe?"
    assert request.content.translations["de"].text == "Sind Sie in Sicherheit?"
    assert request.chat is not None
    assert request.chat.members_see_replies
    assert (request.chat.near, request.chat.link_days) == (request.chat.near, 7)
    assert request.chat.near is not None
    assert request.chat.near.latitude == 47.5
    assert [rung.after_min for rung in request.chat.ladder] == [15]
    assert request.expires_at is not None
    assert request.options.managers_only


def test_a_chat_asks_whether_people_are_ok_and_shows_replies_to_nobody_unless_it_is_said() -> None:
    request = parse(options=None, ladder=None)
    assert request.options.ok_request
    assert request.options.include_email
    assert request.options.include_push
    assert not request.options.include_sms
    assert request.chat is not None
    assert not request.chat.members_see_replies
    assert not parse(options={"ok_request": False}, ladder=None).options.ok_request


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"titel": "x"}, "unknown key 'titel' (did you mean 'title'?)"),
        ({"options": {"members_see_reply": True}}, "did you mean 'members_see_replies'?"),
        ({"content": {"subject": "s", "text": "t"}}, "chat: unknown key 'content'"),
        ({"title": None}, "title: field required"),
        ({"post": "  "}, "post: is blank"),
        ({"post": "Dear {{ name }}"}, "post: everybody reads the same: '{{' has no place in it"),
        ({"title": "{% if x %}"}, "title: everybody reads the same"),
        ({"translations": {"de": {"title": "T", "post": "{{ x }}"}}}, "translations.de.post"),
        ({"translations": {"de": {"title": "T"}}}, "translations.de.post: field required"),
        ({"translations": {"no such": {"title": "T", "post": "P"}}}, "no such"),
        (
            {
                "translations": {
                    "pt-br": CHAT["translations"]["de"],
                    "pt-BR": CHAT["translations"]["de"],
                }
            },
            "the translation 'pt-BR' is given twice",
        ),
        ({"selection": None}, "selection: field required"),
        ({"selection": {"grups": ["g"]}}, "did you mean 'groups'"),
        ({"near": {"latitude": 91, "longitude": 0}}, "near.latitude"),
        ({"near": {"lat": 1, "longitude": 0}}, "near: unknown key 'lat'"),
        ({"link_days": 0}, "link_days"),
        ({"ladder": [{"after_min": 5}, {"after_min": 5}]}, "each reminder must come later"),
        ({"ladder": [{"after": 5}]}, "unknown key 'after'"),
        ({"options": {"high_quality_sms": True}}, "high_quality_sms needs include_sms"),
        ({"options": {"ok_request": False}}, "nobody is reminded of an answer"),
        (
            {"options": {"include_email": False, "include_push": False}},
            "no channel is left",
        ),
    ],
)
def test_a_mistake_is_named_in_one_sentence(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(**changes)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "told"), [("[]", "must be an object"), ("{", "not valid JSON")])
def test_what_is_no_object_is_refused(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_chat(text)


def test_a_chat_that_follows_keeps_what_is_not_said_and_goes_to_those_not_ok() -> None:
    request = follow(None)
    before = parse()
    assert request.follow_up == FollowUp(message_id="m1", who="not_ok")
    assert request.selection is None
    assert (request.content, request.options, request.chat) == (
        before.content,
        before.options,
        before.chat,
    )
    assert request.expires_at is None


def test_other_words_are_not_followed_by_translations_of_the_old_ones() -> None:
    request = follow({"post": "Still there?"})
    assert request.content.text == "Still there?"
    assert request.content.subject == "Flood in Example City"
    assert (request.content.sms, request.content.translations) == (None, {})
    assert request.chat == parse().chat


def test_options_are_replaced_whole() -> None:
    request = follow({"options": {}})
    assert not request.options.include_sms
    assert request.chat is not None
    assert not request.chat.members_see_replies


def test_a_chat_that_follows_selects_nobody() -> None:
    with pytest.raises(InputError, match="for those who have not answered OK"):
        follow({"selection": {"everyone": True}})


def test_a_one_way_message_is_followed_by_a_chat_in_words_that_all_can_read() -> None:
    content = {"subject": "Quake", "text": "Dear {{ name }}, act now."}
    told = {"content": content, "selection": {"everyone": True}, "options": {"ok_request": True}}
    before = parse_request(json.dumps(told))
    with pytest.raises(InputError, match="post: everybody reads the same"):
        follow(None, before)
    request = follow({"post": "Are you OK?"}, before)
    assert (request.kind, request.content.subject) == ("chat_invite", "Quake")
    assert request.options.ok_request
