import json
from typing import Any

import pytest

from rollcall.domain.chat_posts import make_notice, parse_post
from rollcall.domain.chat_request import parse_chat
from rollcall.errors import InputError

OPENING = parse_chat(
    json.dumps(
        {
            "title": "Flood",
            "post": "Are you safe?",
            "language": "en",
            "translations": {"de": {"title": "Hochwasser", "post": "Sind Sie sicher?"}},
            "selection": {"everyone": True},
            "options": {"include_sms": True, "high_quality_sms": True, "life_safety": True},
        }
    )
)


def test_a_notice_goes_to_all_members_with_the_post_in_their_language() -> None:
    told = {"post": "Stay inside.", "translations": {"de": {"post": "Bleiben Sie drinnen."}}}
    notice = make_notice(parse_post(json.dumps(told)), OPENING, "m1", "c1", ("email", "sms"))
    assert (notice.kind, notice.notice_in) == ("chat_notice", "c1")
    assert notice.follow_up is not None
    assert notice.follow_up.who == "members"
    assert (notice.content.subject, notice.content.text) == ("Flood", "Stay inside.")
    assert notice.content.translations["de"].subject == "Hochwasser"
    assert notice.options.high_quality_sms
    assert notice.options.life_safety
    assert notice.has_links


def test_a_notice_goes_only_the_ways_that_were_asked_for() -> None:
    notice = make_notice(parse_post('{"post": "Stay."}'), OPENING, "m1", "c1", ("email",))
    assert notice.channels() == ("email",)
    assert not notice.options.high_quality_sms


@pytest.mark.parametrize(
    ("told", "mistake"),
    [
        ({"text": "x"}, "unknown key 'text'"),
        ({"post": ""}, "post"),
        ({"post": "Dear {{ name }}"}, "everybody reads the same"),
        ({"post": "x", "translations": {"de": {"post": "{# x"}}}, "translations.de.post"),
        ([], "post: "),
    ],
)
def test_a_mistake_in_a_post_is_named(told: Any, mistake: str) -> None:
    with pytest.raises(InputError, match=mistake):
        parse_post(json.dumps(told))
