"""Each row of Infobip's tables, on submit and in reports."""

from typing import Any

import pytest

from rollcall.domain.receipts import Receipt
from rollcall.routes.sms.infobip_codes import STATUSES, judge_message, read_report

VENDOR_GROUPS = {
    1: {3, 7, 26},
    2: {4, 9, 31},
    3: {2, 5},
    4: {15, 29, 87},
    5: {6, 8, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21, 23, 24, 25, 51, 52, 87, 100},
}
"""The general statuses of messages that the vendor lists, by group."""


@pytest.mark.parametrize(
    ("status_id", "verdict"),
    [
        *((each, "accepted") for each in (2, 3, 5, 7, 23, 26)),
        *((each, "temporary") for each in (21, 100)),
        *((each, "permanent") for each in (52,)),
        *((each, "unknown") for each in (29,)),
        *(
            (each, "rejected")
            for each in (
                4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 24, 25, 31, 51, 87,
            )
        ),
    ],
)  # fmt: skip
def test_status_of_a_submit(status_id: int, verdict: str) -> None:
    status = {"id": status_id, "groupId": 5, "name": "NAME"}
    assert judge_message(status) == (verdict, f"{status_id} NAME")


def test_every_status_that_the_vendor_lists_is_judged() -> None:
    listed = {str(each) for ids in VENDOR_GROUPS.values() for each in ids}
    assert set(STATUSES) == listed


@pytest.mark.parametrize(
    ("group", "verdict"),
    [
        (0, "accepted"),
        (1, "accepted"),
        (2, "rejected"),
        (3, "accepted"),
        (4, "unknown"),
        (5, "rejected"),
        (6, "unknown"),
        (None, "unknown"),
    ],
)
def test_status_that_is_not_listed_is_judged_by_its_group(group: int | None, verdict: str) -> None:
    assert judge_message({"id": 4711, "groupId": group}) == (verdict, "4711")


def test_status_that_says_nothing_is_unknown() -> None:
    assert judge_message({}) == ("unknown", None)


def test_code_that_is_a_sentence_is_not_kept() -> None:
    assert judge_message({"id": 26, "name": "sent to +1 212"}) == ("accepted", "26")


def report(group: int, status_id: int, **error: Any) -> Receipt:
    return read_report(
        {
            "messageId": "m-1",
            "doneAt": "2026-11-23T06:00:00.000+0000",
            "status": {"groupId": group, "id": status_id, "name": "STATUS"},
            "error": {"groupId": 0, "id": 0, "name": "NO_ERROR", "permanent": False} | error,
        },
        "a-1",
    )


@pytest.mark.parametrize(
    ("group", "status_id", "state", "level"),
    [
        *((0, each, "accepted", "carrier") for each in (0,)),
        *((1, each, "accepted", "carrier") for each in (3, 7, 26, 4711)),
        *((2, each, "failed", "carrier") for each in (4, 9, 31)),
        (3, 2, "delivered", "carrier"),
        (3, 5, "delivered", "handset"),
        (3, 4711, "delivered", "carrier"),
        (4, 15, "failed", "carrier"),
        (4, 29, "accepted", "carrier"),
        (4, 87, "failed", "carrier"),
        *((5, each, "failed", "carrier") for each in VENDOR_GROUPS[5] - {23}),
        (5, 23, "accepted", "carrier"),
        (9, 4711, "accepted", "carrier"),
    ],
)
def test_status_of_a_report(group: int, status_id: int, state: str, level: str) -> None:
    receipt = report(group, status_id)
    assert (receipt.state, receipt.level) == (state, level)
    assert (receipt.reference, receipt.provider_id) == ("a-1", "m-1")
    assert receipt.code == f"{status_id} STATUS"
    assert receipt.occurred_at is not None
    assert receipt.is_permanent == (status_id == 52)


HANDSET_PERMANENT = (1, 9, 11, 12, 573, 629)


@pytest.mark.parametrize("error_id", HANDSET_PERMANENT)
def test_permanent_error_of_the_handset_is_final(error_id: int) -> None:
    receipt = report(2, 9, groupId=1, id=error_id, name="EC_X", permanent=True)
    assert receipt.is_permanent
    assert receipt.code == f"{error_id} EC_X"


@pytest.mark.parametrize(
    "error",
    [
        {"groupId": 1, "id": 27, "permanent": False},  # EC_ABSENT_SUBSCRIBER
        {"groupId": 1, "id": 27, "permanent": "true"},
        {"groupId": 1, "id": 565, "permanent": True},  # EC_CANNOT_RECEIVE_SC
        {"groupId": 1, "id": 628, "permanent": True},  # EC_TEMPORARY_HANDSET_FAILURE
        {"groupId": 2, "id": 355, "permanent": True},  # EC_MSG_TEXT_TOO_LONG
        {"groupId": 2, "id": 368, "permanent": True},  # EC_INVALID_SOURCE_ADDRESS
        {"groupId": 3, "id": 1, "permanent": True},
    ],
)
def test_error_that_another_route_may_overcome_is_not_final(error: dict[str, Any]) -> None:
    assert not report(2, 9, **error).is_permanent


def test_what_was_delivered_is_not_permanently_failed() -> None:
    receipt = report(3, 5, groupId=1, id=1, name="EC_X", permanent=True)
    assert not receipt.is_permanent
    assert receipt.code == "5 STATUS"
