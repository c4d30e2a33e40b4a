import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.strict_json import parse_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda parts: st.lists(parts, max_size=3)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), parts, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(JSON)
def test_what_a_program_wrote_is_read_as_it_was(value: object) -> None:
    assert parse_json(json.dumps(value)) == value


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "a": 2}}]'])
def test_key_given_twice_is_refused_at_any_depth(text: str) -> None:
    with pytest.raises(ValueError, match="key 'a' is given twice"):
        parse_json(text)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constant_that_is_no_json_is_refused(constant: str) -> None:
    with pytest.raises(ValueError, match="is no number"):
        parse_json(f"[{constant}]")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_bottomless_nesting_is_refused(opening: str) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json(opening * 100_000)


@pytest.mark.parametrize("text", [r'["\ud800"]', r'{"\udfff": 1}'])
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="surrogate"):
        parse_json(text)


def test_whole_surrogate_pair_is_one_character() -> None:
    assert parse_json(r'"\ud83d\ude00"') == "😀"
