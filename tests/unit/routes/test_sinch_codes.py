"""Each row of Sinch's tables."""

import pytest

from rollcall.routes.sms.sinch_codes import CODES, STATES, judge_report


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Queued", "accepted"),
        ("Dispatched", "accepted"),
        ("Aborted", "failed"),
        ("Cancelled", "failed"),
        ("Canceled", "failed"),
        ("Rejected", "failed"),
        ("Deleted", "failed"),
        ("Delivered", "delivered"),
        ("Failed", "failed"),
        ("Expired", "failed"),
        ("Unknown", "accepted"),
    ],
)
def test_status_decides_in_whatever_case(status: str, state: str) -> None:
    for written in (status, status.upper(), status.lower()):
        assert judge_report(written, "4711") == (state, False)
        assert judge_report(written, None) == (state, False)


def test_every_status_is_tested() -> None:
    assert len(STATES) == 11


@pytest.mark.parametrize("code", [400, 401])
def test_code_of_a_message_on_its_way(code: int) -> None:
    assert judge_report("news", str(code)) == ("accepted", False)


@pytest.mark.parametrize("code", [*range(402, 409), *range(410, 419)])
def test_code_of_sinchs_own_failures_leaves_other_routes_a_chance(code: int) -> None:
    assert judge_report("news", str(code)) == ("failed", False)
    assert judge_report("Aborted", str(code)) == ("failed", False)


@pytest.mark.parametrize("code", [100, 150, 152, 204, 205, 206])
def test_code_of_a_number_that_cannot_be_reached_is_final(code: int) -> None:
    assert judge_report("Failed", str(code)) == ("failed", True)
    assert judge_report("news", str(code)) == ("failed", True)


def test_every_code_is_tested() -> None:
    own = {str(code) for code in (*range(400, 409), *range(410, 419))}
    assert set(CODES) == own | {"100", "150", "152", "204", "205", "206"}


@pytest.mark.parametrize("status", ["Delivered", "Dispatched", "Unknown"])
def test_what_did_not_fail_is_never_final(status: str) -> None:
    assert not judge_report(status, "150").is_permanent


@pytest.mark.parametrize("code", [None, "4711", "151"])
def test_what_nobody_knows_leaves_the_end_open(code: str | None) -> None:
    assert judge_report("news", code) == ("accepted", False)
