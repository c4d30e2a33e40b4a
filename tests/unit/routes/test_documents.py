from datetime import UTC, datetime
from typing import Any

import pytest

from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import MalformedCallbackError
from rollcall.routes.sms.documents import (
    read_callback_object,
    read_code,
    read_moment,
    read_number,
    read_object,
    read_part,
    read_parts,
    read_text,
    surest,
)

SIX = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-23T06:00:00.000+0000", SIX),
        ("2026-11-23T06:00:00.000Z", SIX),
        ("2026-11-23T07:00:00+01:00", SIX),
        ("2026-11-23T06:00:00", SIX),
        ("yesterday", None),
        ("", None),
        (1764000000, None),
        (None, None),
    ],
)
def test_moment_is_utc_or_none(written: Any, moment: datetime | None) -> None:
    found = read_moment({"at": written}, "at")
    assert found == moment
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize("body", [b"", b"[1]", b"1", b"null", b"\xff", b"{", b"[" * 99_999])
def test_what_is_no_object_is_none_or_malformed(body: bytes) -> None:
    assert read_object(body) is None
    with pytest.raises(MalformedCallbackError):
        read_callback_object(body)


@pytest.mark.parametrize(
    ("told", "text"),
    [("a", "a"), (0, "0"), ("", None), (True, None), (1.5, None), (None, None), (["a"], None)],
)
def test_text_is_text_or_a_whole_number(told: Any, text: str | None) -> None:
    assert read_text({"name": told}, "name") == text
    assert read_text({}, "name") is None


@pytest.mark.parametrize(
    ("told", "code"),
    [("E400", "E400"), (23, "23"), ("two words", None), ("x" * 49, None), ("+12125550100", None)],
)
def test_code_is_one_word(told: Any, code: str | None) -> None:
    assert read_code({"code": told}, "code") == code


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("12125550100", "+12125550100"),
        ("+12125550100", "+12125550100"),
        ("13013", "13013"),
        ("Rollcall", "Rollcall"),
        (None, None),
    ],
)
def test_number_gets_its_plus(told: Any, number: str | None) -> None:
    assert read_number({"from": told}, "from") == number


def test_parts_of_another_form_are_left_out() -> None:
    assert read_part({"a": {"b": 1}}, "a") == {"b": 1}
    assert read_part({"a": [1]}, "a") == {}
    assert read_parts({"a": [{"b": 1}, 2, None]}, "a") == [{"b": 1}]
    assert read_parts({"a": {"b": 1}}, "a") == []


def test_surest_receipt_is_the_one_that_settles_most() -> None:
    told = [Receipt("failed"), Receipt("delivered"), Receipt("accepted"), Receipt("missing")]
    assert surest(told) == Receipt("delivered")
    assert surest(told[2:]) == Receipt("accepted")
    assert surest([]) is None
