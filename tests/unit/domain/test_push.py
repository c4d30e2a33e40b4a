import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.push import (
    MAX_BODY_CHARS,
    MAX_PAYLOAD_BYTES,
    PushSubscription,
    shorten,
    write_payload,
)

LINK = "https://safe.example.org/c/AAAAAAAAAAAAAAAAAAAAAA"


def test_a_notification_says_title_text_link_and_which_it_is() -> None:
    told = json.loads(write_payload("Flood", "Are you safe?", LINK, "d1"))
    assert told == {"title": "Flood", "body": "Are you safe?", "url": LINK, "id": "d1"}


def test_a_message_without_links_leads_to_the_app() -> None:
    assert json.loads(write_payload("Flood", "Stay inside.", None, "d1"))["url"] == ""


@given(title=st.text(max_size=300), text=st.text(max_size=3_000))
def test_every_text_fits_and_its_link_is_whole(title: str, text: str) -> None:
    payload = write_payload(title, text, LINK, "d1")
    told = json.loads(payload)
    assert len(payload) <= MAX_PAYLOAD_BYTES
    assert (told["url"], told["id"]) == (LINK, "d1")


@pytest.mark.parametrize("character", ["\0", "洪", "😀", '"', "\ud800"])
def test_the_longest_text_of_any_character_fits(character: str) -> None:
    payload = write_payload(character * 300, character * 20_000, LINK, "d1")
    assert len(payload) <= MAX_PAYLOAD_BYTES
    assert json.loads(payload)["body"]


def test_a_long_text_is_cut_between_words_and_says_so() -> None:
    cut = shorten("word " * 500, MAX_BODY_CHARS)
    assert len(cut) <= MAX_BODY_CHARS
    assert cut.endswith("word…")


def test_a_text_without_spaces_is_cut_where_it_must_be() -> None:
    assert shorten("洪" * 50, 10) == "洪" * 9 + "…"
    assert shorten("short", 10) == "short"


def test_a_subscription_does_not_tell_its_address_by_accident() -> None:
    told = repr(PushSubscription("device", "https://push.example.org/secret", "key", "auth"))
    assert told == "PushSubscription(device_id='device')"
