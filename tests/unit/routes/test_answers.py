"""One row each of what carriers answer, and what it means."""

import json
import pickle
from datetime import UTC, datetime

import pytest

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance
from rollcall.routes.sms.answers import Answer, read_answer
from rollcall.routes.verdicts import read_retry_after
from tests.unit.routes.conftest import MakeCarrier

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
PATHS = {"id_path": "messages.0.id", "code_path": "error.code"}
CODES = {"codes": {"permanent": ["21211", 410], "accepted": ["ok", 409], "temporary": [503]}}


def body(provider_id: object = None, code: object = None) -> bytes:
    return json.dumps({"messages": [{"id": provider_id}], "error": {"code": code}}).encode()


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (429, "throttled"),
        (401, "rejected"),
        (403, "rejected"),
        (404, "rejected"),
        (400, "rejected"),
        (301, "rejected"),
        (307, "rejected"),
    ],
)
def test_status_alone_is_a_definite_refusal(
    make_carrier: MakeCarrier, status: int, fault: str
) -> None:
    with pytest.raises(RouteError) as caught:
        read_answer(make_carrier(), Answer(status, b""), NOW)
    assert (caught.value.fault, caught.value.provider_code) == (fault, str(status))


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 100])
def test_failing_server_may_have_sent_it(make_carrier: MakeCarrier, status: int) -> None:
    with pytest.raises(OutcomeUnknownError):
        read_answer(make_carrier(), Answer(status, b""), NOW)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_acceptance_where_no_id_is_promised(
    make_carrier: MakeCarrier, status: int
) -> None:
    acceptance = read_answer(make_carrier(), Answer(status, b"<html>"), NOW)
    assert acceptance == Acceptance(None, str(status))


@pytest.mark.parametrize("provider_id", ["m-1", 4711])
def test_the_providers_id_is_found(make_carrier: MakeCarrier, provider_id: object) -> None:
    answer = Answer(202, body(provider_id))
    assert read_answer(make_carrier(**PATHS), answer, NOW) == Acceptance(str(provider_id), "202")


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"<html>hotel</html>",
        b"{",
        b"[]",
        b"null",
        b'{"messages": []}',
        b'{"messages": [{"id": ""}]}',
        b'{"messages": [{"id": {"x": 1}}]}',
        b'{"messages": [{"id": true}]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_success_without_the_promised_id_is_unknown(
    make_carrier: MakeCarrier, garbage: bytes
) -> None:
    with pytest.raises(OutcomeUnknownError):
        read_answer(make_carrier(**PATHS), Answer(200, garbage), NOW)


def test_unlisted_code_inside_a_success_is_unknown(make_carrier: MakeCarrier) -> None:
    with pytest.raises(OutcomeUnknownError) as caught:
        read_answer(make_carrier(**PATHS), Answer(200, body("m-1", 29)), NOW)
    assert caught.value.provider_code == "29"


@pytest.mark.parametrize(
    ("status", "code", "error", "fault"),
    [
        (200, 21211, RecipientError, None),
        (400, "21211", RecipientError, None),
        (410, None, RecipientError, None),
        (400, "other", RouteError, "rejected"),
        (503, None, RouteError, "temporary"),
        (503, "21211", RecipientError, None),
    ],
)
def test_listed_codes_decide_before_the_status(
    make_carrier: MakeCarrier,
    status: int,
    code: object,
    error: type[SendError],
    fault: str | None,
) -> None:
    with pytest.raises(error) as caught:
        read_answer(make_carrier(**PATHS, **CODES), Answer(status, body(None, code)), NOW)
    assert getattr(caught.value, "fault", None) == fault


@pytest.mark.parametrize(("status", "code"), [(409, None), (200, "ok"), (400, "ok")])
def test_listed_acceptance_needs_no_id(
    make_carrier: MakeCarrier, status: int, code: object
) -> None:
    answer = Answer(status, body(None, code))
    assert read_answer(make_carrier(**PATHS, **CODES), answer, NOW).provider_id is None


def test_overlong_code_is_cut(make_carrier: MakeCarrier) -> None:
    with pytest.raises(RouteError) as caught:
        read_answer(make_carrier(**PATHS), Answer(400, body(None, "x" * 500)), NOW)
    assert caught.value.provider_code == "x" * 64


@pytest.mark.parametrize(
    ("field", "wait_s"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("Mon, 23 Nov 2026 06:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 05:00:00 GMT", 0.0),
        ("Mon, 23 Nov 2026 06:00:30 -0000", 30.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(
    field: str | None, wait_s: float | None
) -> None:
    assert read_retry_after(field, NOW) == wait_s


def test_throttled_answer_carries_its_wait(make_carrier: MakeCarrier) -> None:
    with pytest.raises(RouteError) as caught:
        read_answer(make_carrier(), Answer(429, b"", "7"), NOW)
    assert caught.value.retry_after_s == 7.0
    assert pickle.loads(pickle.dumps(caught.value)).retry_after_s == 7.0  # noqa: S301 - our own
