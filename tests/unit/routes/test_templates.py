from pydantic import JsonValue

from rollcall.routes.templates import fill_text, find_placeholders

TEMPLATE: JsonValue = {
    "to": "{to}",
    "messages": [{"text": "{sender}: {text}", "flash": False}],
    "parts": 1,
}


def test_placeholders_are_found_however_deep() -> None:
    assert find_placeholders(TEMPLATE) == {"to", "sender", "text"}


def test_text_that_looks_like_a_placeholder_is_left_alone() -> None:
    assert fill_text("{text}", {"text": "{to} {text}", "to": "+491"}) == "{to} {text}"


def test_braces_around_anything_else_are_left_alone() -> None:
    assert fill_text('{"a": {}} { to } {to}', {"to": "x"}) == '{"a": {}} { to } x'
