# ruff: noqa: RUF001 - characters that look alike are what these tests are about

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollcall.domain.segments import (
    BASIC_CHARACTERS,
    EXTENSION_CHARACTERS,
    count_segments,
    non_gsm_characters,
)


def pairs_near_cuts(single: str, pair: str, width: int) -> st.SearchStrategy[str]:
    """Texts whose pairs stand where a part may end, and whose end is near the end of a part."""
    gaps = st.lists(st.integers(width - 3, width), max_size=4)
    tails = st.integers(width - 4, width + 1)
    return st.builds(
        lambda gaps, tail: "".join(single * gap + pair for gap in gaps) + single * tail, gaps, tails
    )


GSM_TEXTS = st.one_of(
    st.text(alphabet=BASIC_CHARACTERS + EXTENSION_CHARACTERS * 5, max_size=700),
    pairs_near_cuts("a", "€", width=153),
)
UNICODE_TEXTS = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400),
    st.text(alphabet="aé“😀👩🏽", max_size=400),
    pairs_near_cuts("字", "😀", width=67),
)


def split_by_hand(text: str, width: int, single: int) -> int:
    """Put characters into parts one by one; a character that does not fit opens the next part."""
    sizes = [_measure(character, width) for character in text]
    if sum(sizes) <= single:
        return min(len(sizes), 1)
    parts, room = 0, 0
    for size in sizes:
        if size > room:
            parts, room = parts + 1, width
        room -= size
    return parts


def _measure(character: str, width: int) -> int:
    if width == 153:
        return 2 if character in EXTENSION_CHARACTERS else 1
    return 2 if ord(character) > 0xFFFF else 1


@settings(deadline=None)  # a busy machine is no failure
@given(GSM_TEXTS)
@example("a" * 152 + "€" + "a" * 152)
@example("€" * 80)
@example("€" * 81)
def test_gsm_text_is_split_as_by_hand(text: str) -> None:
    size = count_segments(text)

    assert size.encoding == "GSM-7"
    assert size.units == sum(_measure(character, 153) for character in text)
    assert size.segments == split_by_hand(text, width=153, single=160)


@settings(deadline=None)  # a busy machine is no failure
@given(UNICODE_TEXTS)
@example("😀" * 35)
@example("😀" * 36)
@example("字" * 66 + "😀" + "字" * 65)
def test_other_text_is_split_as_by_hand(text: str) -> None:
    ucs2_text = text + "字"
    size = count_segments(ucs2_text)

    assert size.encoding == "UCS-2"
    assert size.units == len(ucs2_text.encode("utf-16-be")) // 2
    assert size.segments == split_by_hand(ucs2_text, width=67, single=70)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("a" * 151 + "€" + "a" * 153, "GSM-7", 306, 2),
        ("字" * 70, "UCS-2", 70, 1),
        ("字" * 71, "UCS-2", 71, 2),
        ("字" * 134, "UCS-2", 134, 2),
        ("字" * 66 + "😀" + "字" * 66, "UCS-2", 134, 3),
        ("Ç", "GSM-7", 1, 1),
        ("ç", "UCS-2", 1, 1),
    ],
)
def test_known_sizes(text: str, encoding: str, units: int, segments: int) -> None:
    assert count_segments(text) == (encoding, units, segments)


def test_escape_is_no_character_of_its_own() -> None:
    assert count_segments("\x1b").encoding == "UCS-2"


def test_the_tables_hold_128_and_10_different_characters() -> None:
    assert len(set(BASIC_CHARACTERS)) == len(BASIC_CHARACTERS) == 127  # and the escape
    assert len(set(EXTENSION_CHARACTERS) - set(BASIC_CHARACTERS)) == 10


def test_typographic_characters_are_listed_once_in_order() -> None:
    assert non_gsm_characters("“Don’t panic” – it’s €5") == ["“", "’", "”", "–"]


@settings(deadline=None)  # a busy machine is no failure
@given(st.one_of(GSM_TEXTS, UNICODE_TEXTS))
def test_a_text_is_ucs2_exactly_when_characters_force_it(text: str) -> None:
    assert (count_segments(text).encoding == "UCS-2") == bool(non_gsm_characters(text))
