import json

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from rollcall.routes.templates import (
    compile_template,
    fill_template,
    fill_text,
    find_placeholders,
)

TEMPLATE: JsonValue = {
    "to": "{to}",
    "messages": [{"text": "{sender}: {text}", "flash": False}],
    "parts": 1,
}


def test_placeholders_are_found_however_deep() -> None:
    assert find_placeholders(TEMPLATE) == {"to", "sender", "text"}


def test_numbers_and_truth_values_stay_what_they_are() -> None:
    filled = fill_template(TEMPLATE, {"to": "+491", "text": "hi", "sender": "us"})
    assert filled == {"to": "+491", "messages": [{"text": "us: hi", "flash": False}], "parts": 1}


def test_text_that_looks_like_a_placeholder_is_left_alone() -> None:
    assert fill_text("{text}", {"text": "{to} {text}", "to": "+491"}) == "{to} {text}"


def test_braces_around_anything_else_are_left_alone() -> None:
    assert fill_text('{"a": {}} { to } {to}', {"to": "x"}) == '{"a": {}} { to } x'


@given(st.text(), st.text())
def test_no_text_breaks_out_of_its_place(text: str, number: str) -> None:
    filled = fill_template({"to": "{to}", "text": "{text}"}, {"to": number, "text": text})
    assert json.loads(json.dumps(filled)) == {"to": number, "text": text}


@given(
    st.recursive(
        st.text()
        | st.sampled_from(["{to}", "{text}", "a {to}", "{gone}", "{to}{text}"])
        | st.none(),
        lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    ),
    st.text(),
)
def test_a_template_made_ready_fills_as_any_other(template: JsonValue, text: str) -> None:
    values = {"to": "+491", "text": text}
    assert compile_template(template)(values) == fill_template(template, values)
