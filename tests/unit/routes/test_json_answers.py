import pytest
from pydantic import JsonValue

from rollcall.routes.sms.json_answers import judge_answer, pick, pick_text, read_json
from rollcall.routes.verdicts import Verdict

DOCUMENT: JsonValue = {"a": [{"b": "x"}, {"b": 7}, {"b": ""}, {"b": True}, {"b": None}], "0": "y"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"<html>"])
def test_what_is_no_json_is_nothing(body: bytes) -> None:
    assert read_json(body) is None


def test_json_is_read() -> None:
    assert read_json(b'{"a": [1, null]}') == {"a": [1, None]}


@pytest.mark.parametrize(
    "body",
    ['{"a": 1}'.encode("utf-8-sig"), '{"a": 1}'.encode("utf-16")],
    ids=["byte order mark", "UTF-16"],
)
def test_json_is_read_however_it_is_encoded(body: bytes) -> None:
    assert read_json(body) == {"a": 1}


def test_half_a_surrogate_pair_does_not_hide_the_rest() -> None:
    assert pick(read_json(b'{"id": "m1", "echo": "\\ud83d"}'), "id") == "m1"


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (("a", 0, "b"), "x"),
        (("a", 1, "b"), "7"),
        (("a", 2, "b"), None),
        (("a", 3, "b"), None),
        (("a", 4, "b"), None),
        (("a", 5, "b"), None),
        (("a", "0"), None),
        ((0,), None),
        (("0",), "y"),
        (("0", "y"), None),
        (("a",), None),
        ((), None),
    ],
)
def test_only_a_plain_value_is_a_text(steps: tuple[str | int, ...], found: str | None) -> None:
    assert pick_text(DOCUMENT, *steps) == found


def test_part_of_a_document_is_picked() -> None:
    assert pick(DOCUMENT, "a", 0) == {"b": "x"}
    assert pick(None, "a") is None


CODES: dict[str, Verdict] = {"7": "permanent", "8": "accepted"}


@pytest.mark.parametrize(
    ("status", "code", "provider_id", "verdict"),
    [
        (200, None, "m-1", "accepted"),
        (200, None, None, "unknown"),
        (200, "9", "m-1", "unknown"),
        (200, "7", "m-1", "permanent"),
        (500, "7", None, "permanent"),
        (409, "8", None, "accepted"),
        (400, "9", None, "rejected"),
        (429, "9", None, "throttled"),
        (503, None, None, "unknown"),
    ],
)
def test_listed_code_decides_then_the_status_and_doubt(
    status: int, code: str | None, provider_id: str | None, verdict: Verdict
) -> None:
    assert judge_answer(CODES, status, code, provider_id) == verdict
