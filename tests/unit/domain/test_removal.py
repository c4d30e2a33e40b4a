"""What stays of a message or a person whose personal data was removed."""

import pytest

from rollcall.domain.message import MessageRequest
from rollcall.domain.removal import (
    REMOVED,
    compile_terms,
    erase_terms,
    remove_content,
    rewrite_strings,
)


def test_a_request_without_what_it_said_can_still_be_read() -> None:
    told = {
        "content": {
            "subject": "Ana is missing",
            "text": "Ana, call us",
            "sms": "Ana?",
            "language": "en",
            "translations": {"pt": {"subject": "Ana", "text": "Ana"}},
        },
        "selection": {"groups": ["board"]},
        "options": {"include_sms": True},
    }
    removed = remove_content(told)
    assert "Ana" not in str(removed)
    request = MessageRequest.model_validate(removed)
    assert (request.content.subject, request.content.language) == (REMOVED, "en")
    assert removed["selection"] == told["selection"]
    assert remove_content(removed) == removed


@pytest.mark.parametrize(
    ("text", "erased"),
    [
        ("Where is ana o'neill?", "Where is erased?"),
        ("<b>Ana O&#x27;Neill</b>", "<b>erased</b>"),
        ("Ana O'Neills", "Ana O'Neills"),
        ("call +12025550101, now", "call erased, now"),
        ("", ""),
    ],
)
def test_names_and_numbers_are_found_as_whole_words_however_they_are_written(
    text: str, erased: str
) -> None:
    assert erase_terms(text, compile_terms(["Ana O'Neill", "+12025550101"])) == erased


def test_what_is_too_short_to_be_told_from_other_words_is_not_looked_for() -> None:
    assert compile_terms(["", " ", "Bo"]) is None
    assert erase_terms("Bo", None) == "Bo"


def test_every_string_in_a_request_is_rewritten() -> None:
    told = {"a": ["x", {"b": "x"}, 1, None], "x": True}
    assert rewrite_strings(told, lambda _: "y") == {"a": ["y", {"b": "y"}, 1, None], "x": True}
