from datetime import date
from typing import Any

import pytest

from rollcall.domain.draft_texts import (
    base_path,
    compile_texts,
    list_text_faults,
    list_texts,
    measure_sms,
)
from rollcall.domain.drafts import DraftKind
from rollcall.domain.email_layout import compile_layout
from rollcall.domain.template_variables import MessageVariables, RecipientVariables
from rollcall.errors import InputError, RequestError, TemplateError

LAYOUT = compile_layout("{{ subject }}")
NOW = MessageVariables(date(2026, 11, 23), "Meridian Relief")
LINK = "https://safe.example.org/c/-personal-link-token--"


def message(**version: Any) -> dict[str, Any]:
    return {"content": {"subject": "Drill", "text": "Hello"} | version}


def lengths_of(text: str, *, link: str | None = None) -> tuple[int, int, str]:
    [first] = list_texts("message", message(text=text))
    length = measure_sms("message", first, NOW, LAYOUT, link)
    return length.usual.segments, length.longest.segments, "".join(length.costly)


@pytest.mark.parametrize("body", [{}, {"content": None}, {"content": {"subject": 7}}, {"title": 1}])
@pytest.mark.parametrize("kind", ["message", "chat"])
def test_a_draft_that_says_nothing_has_one_empty_version(
    kind: DraftKind, body: dict[str, Any]
) -> None:
    [first] = list_texts(kind, body)
    assert (first.is_first, first.subject, first.text, first.sms) == (True, "", "", "")


def test_versions_are_read_from_where_each_kind_has_them() -> None:
    chat: dict[str, Any] = {"title": "Roll", "post": "Say so.", "language": "en"}
    chat |= {"translations": {"ja": {"title": "点呼", "post": "返事"}}}
    assert [(one.language, one.subject) for one in list_texts("chat", chat)] == [
        ("en", "Roll"),
        ("ja", "点呼"),
    ]
    assert base_path("chat", "ja") == ("translations", "ja")
    assert base_path("message", "ja") == ("content", "translations", "ja")


def test_segments_are_those_of_the_text_and_of_the_longest_name_in_it() -> None:
    assert lengths_of("Hello") == (1, 1, "")
    assert lengths_of("x" * 161) == (2, 2, "")
    assert lengths_of("Hello {{ name }}, " + "x" * 60) == (1, 2, "")


def test_characters_that_cost_room_are_named() -> None:
    assert lengths_of("“Hello”") == (1, 1, "“”")
    assert lengths_of("Hello {{ name }}") == (1, 1, "")


def test_a_personal_link_counts() -> None:
    assert lengths_of("x" * 120) == (1, 1, "")
    assert lengths_of("x" * 120, link=LINK) == (2, 2, "")


def test_what_takes_too_many_sms_is_told() -> None:
    with pytest.raises(TemplateError, match="takes 11 SMS in GSM-7, 10 are allowed"):
        lengths_of("x" * 1_531)


def test_each_version_that_is_not_whole_is_told_by_its_language() -> None:
    body = message(text="", translations={"ja": {"subject": "", "text": "x"}, "de": {}})
    faults = list_text_faults("message", body, LAYOUT, include_sms=False, link=None)
    assert faults == [
        "the first version has no text",
        "the version in ja has no subject",
        "the version in de has no subject",
    ]


def test_a_chat_says_title_and_post() -> None:
    told = list_text_faults("chat", {"title": "Roll"}, LAYOUT, include_sms=False, link=LINK)
    assert told == ["the first version has no first post"]
    templated = {"title": "Roll", "post": "Hello {{ name }}"}
    [fault] = list_text_faults("chat", templated, LAYOUT, include_sms=False, link=LINK)
    assert "everybody reads the same" in fault


def test_an_unknown_variable_and_a_wrong_tag_are_told() -> None:
    wrong = message(text="{{ nmae }}", translations={"x!": {"subject": "s", "text": "t"}})
    first, second = list_text_faults("message", wrong, LAYOUT, include_sms=True, link=None)
    assert "nmae" in first
    assert "'x!' is no language tag" in second


def test_a_language_that_is_not_finished_hides_no_other_one() -> None:
    body = message(
        language="en",
        translations={
            "ja": {"subject": "訓練", "text": "こんにちは"},
            "de": {"subject": "", "text": ""},
        },
    )
    compiled = compile_texts("message", body, LAYOUT, None)
    read = [
        compiled.render_email(RecipientVariables("Ana", tag), NOW).subject
        for tag in ("ja-JP", "de", "en", None)
    ]
    assert read == ["訓練", "Drill", "Drill", "Drill"]


def test_without_a_first_version_there_is_nothing_to_read() -> None:
    with pytest.raises(RequestError, match="the first version has no subject"):
        compile_texts("message", {}, LAYOUT, None)


def test_a_faulty_text_is_an_input_error() -> None:
    with pytest.raises(InputError):
        compile_texts("message", message(text="{% for %}"), LAYOUT, None)
