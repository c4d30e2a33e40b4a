"""What Infobip's statuses and errors mean.

From the vendor's list "Response status and error codes" (general status codes, GSM error codes), as
of July 2026; what each means for us is our own judgement.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rollcall.domain.receipts import Receipt, ReceiptState
from rollcall.routes.sms.documents import read_code, read_moment, read_part, read_text
from rollcall.routes.verdicts import CodeMeanings, Verdict

STATUSES: CodeMeanings = {
    "2": "accepted",  # DELIVERED_TO_OPERATOR
    "3": "accepted",  # PENDING_WAITING_DELIVERY
    "4": "rejected",  # UNDELIVERABLE_REJECTED_OPERATOR
    "5": "accepted",  # DELIVERED_TO_HANDSET
    "6": "rejected",  # REJECTED_NETWORK: outside their coverage
    "7": "accepted",  # PENDING_ENROUTE
    "8": "rejected",  # REJECTED_PREFIX_MISSING: by a list of theirs that others may have newer
    "9": "rejected",  # UNDELIVERABLE_NOT_DELIVERED
    "10": "rejected",  # REJECTED_DND: such lists let other senders pass
    "11": "rejected",  # REJECTED_SOURCE: sender not registered
    "12": "rejected",  # REJECTED_NOT_ENOUGH_CREDITS
    "13": "rejected",  # REJECTED_SENDER: sender on the account's blocklist
    "14": "rejected",  # REJECTED_DESTINATION_BLOCKLISTED: on the account's or an operator's list
    "15": "rejected",  # EXPIRED_EXPIRED
    "17": "rejected",  # REJECTED_PREPAID_PACKAGE_EXPIRED
    "18": "rejected",  # REJECTED_DESTINATION_NOT_REGISTERED: a trial account
    "19": "rejected",  # REJECTED_ROUTE_NOT_AVAILABLE
    "20": "rejected",  # REJECTED_FLOODING_FILTER: per number and hour, so no brake on the route
    "21": "temporary",  # REJECTED_SYSTEM_ERROR: "retry the submission"
    "23": "accepted",  # REJECTED_DUPLICATE_MESSAGE_ID: the first submit was taken
    "24": "rejected",  # REJECTED_INVALID_UDH
    "25": "rejected",  # REJECTED_MESSAGE_TOO_LONG
    "26": "accepted",  # PENDING_ACCEPTED
    "29": "unknown",  # EXPIRED_DLR_UNKNOWN
    "31": "rejected",  # UNDELIVERABLE_NOT_SENT
    "51": "rejected",  # MISSING_TO
    "52": "permanent",  # REJECTED_DESTINATION: a prefix or length that no operator has
    "87": "rejected",  # SIGNALS_BLOCKED: taken for fraud
    "100": "temporary",  # UNDELIVERABLE_REJECTED_PLATFORM: "when the service is accessible"
}
"""Status id → what it means for a message that was submitted."""

STATUS_GROUPS: CodeMeanings = {
    "0": "accepted",  # OK
    "1": "accepted",  # PENDING
    "2": "rejected",  # UNDELIVERABLE
    "3": "accepted",  # DELIVERED
    "4": "unknown",  # EXPIRED
    "5": "rejected",  # REJECTED
}
"""Status group → what a status of it means that is not listed above."""

GROUP_STATES: Mapping[str, ReceiptState] = {
    "0": "accepted",
    "1": "accepted",
    "2": "failed",
    "3": "delivered",
    "4": "failed",
    "5": "failed",
}
"""Status group → what a report of it says."""

OPEN_STATUSES = frozenset({"23", "29"})
"""Statuses that prove no failure, whatever their group: the repeat of a message id was refused, and
the end of the first is open; expired without any word from the operator."""

DELIVERED_TO_HANDSET = "5"
"""The one status that a telephone stands for; `DELIVERED_TO_OPERATOR` is the network's word."""

HANDSET_ERRORS = "1"
"""The group of errors about telephone and subscriber. The flag `permanent` of the others is about
the sender, the text or the account, and another route may do better."""

NOT_THE_RECIPIENTS = frozenset({"565", "628"})
"""Errors of that group flagged permanent which another sender or a later try may overcome:
`EC_CANNOT_RECEIVE_SC` (no short codes), `EC_TEMPORARY_HANDSET_FAILURE`."""


def judge_message(status: dict[str, Any]) -> tuple[Verdict, str | None]:
    """Judge the `status` of one message in an answer; return the verdict and the code to keep."""
    return _judge(read_text(status, "id"), read_text(status, "groupId"), read_text(status, "name"))


@lru_cache(maxsize=256)  # a bulk's answer says the same of nearly every message
def _judge(
    status_id: str | None, group: str | None, name: str | None
) -> tuple[Verdict, str | None]:
    verdict = STATUSES.get(status_id or "") or STATUS_GROUPS.get(group or "", "unknown")
    return verdict, _name_code({"id": status_id, "name": name})


def read_report(result: dict[str, Any], reference: str | None) -> Receipt:
    """Read one report or log entry about one message."""
    status, error = read_part(result, "status"), read_part(result, "error")
    state = _read_state(status)
    is_handset = state == "delivered" and read_text(status, "id") == DELIVERED_TO_HANDSET
    has_error = read_text(error, "id") not in (None, "0")
    return Receipt(
        state=state,
        reference=reference,
        provider_id=read_text(result, "messageId"),
        level="handset" if is_handset else "carrier",
        is_permanent=state == "failed" and _is_permanent(status, error),
        code=_name_code(error) if has_error and state == "failed" else _name_code(status),
        occurred_at=read_moment(result, "doneAt") or read_moment(result, "sentAt"),
    )


def _read_state(status: dict[str, Any]) -> ReceiptState:
    if read_text(status, "id") in OPEN_STATUSES:
        return "accepted"
    return GROUP_STATES.get(read_text(status, "groupId") or "", "accepted")


def _is_permanent(status: dict[str, Any], error: dict[str, Any]) -> bool:
    if STATUSES.get(read_text(status, "id") or "") == "permanent":
        return True
    return (
        error.get("permanent") is True
        and read_text(error, "groupId") == HANDSET_ERRORS
        and read_text(error, "id") not in NOT_THE_RECIPIENTS
    )


def _name_code(meaning: dict[str, Any]) -> str | None:
    """Return id and name, e.g. `27 EC_ABSENT_SUBSCRIBER`."""
    told = (read_code(meaning, "id"), read_code(meaning, "name"))
    return " ".join(filter(None, told)) or None
