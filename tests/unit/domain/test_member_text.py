"""What members write is kept as they wrote it, but for what could deceive its reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.chats import MOST_POST_CHARS
from rollcall.domain.member_text import clean_text


@pytest.mark.parametrize(
    "text",
    [
        "We are on the roof.", "سقطت الكهرباء", "屋上にいます", "<b>bold</b> & 'quotes'",
        "a\n\n\tb", "👩‍👩‍👧 fine", "می‌خواهم", "مرحبا\u200f!",
    ],
)  # fmt: skip
def test_ordinary_text_is_kept_to_the_character(text: str) -> None:
    assert clean_text(text) == (text, None)


def test_line_ends_become_line_feeds_and_the_ends_are_trimmed() -> None:
    assert clean_text(" a\r\nb\rc \r\n") == ("a\nb\nc", None)


@pytest.mark.parametrize("sign", ["\u202a", "\u202e", "\u2066", "\u2069", "\u2028", "\ufeff"])
def test_signs_that_only_steer_are_left_out_without_a_word(sign: str) -> None:
    assert clean_text(f"exe{sign}fdp") == ("exefdp", None)


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", chr(0xD800), "\ufffd"])
def test_control_characters_are_refused_and_taken_out(sign: str) -> None:
    assert clean_text(f"a{sign}b") == ("ab", "controls")


@pytest.mark.parametrize("text", ["", "  \n", "\u202e", "\t"])
def test_nothing_is_refused(text: str) -> None:
    assert clean_text(text) == ("", "empty")


def test_the_longest_is_taken_and_not_one_more() -> None:
    assert clean_text("あ" * MOST_POST_CHARS).problem is None
    assert clean_text("あ" * (MOST_POST_CHARS + 1)).problem == "long"


@given(st.text())
def test_what_is_kept_can_be_stored_and_stays_itself(text: str) -> None:
    kept = clean_text(text).text
    assert "\x00" not in kept
    kept.encode()
    assert clean_text(kept).problem in (None, "empty", "long")
    assert clean_text(kept).text == kept
