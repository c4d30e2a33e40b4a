"""What is special about SMS when they are recorded: opt-outs, shared numbers."""

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from rollcall.ledger.opt_outs import opted_out_among

OPTED_OUT: Final = "opted out (STOP)"

_NOT_QUEUED: Final[dict[str, Any]] = {"next_attempt_at": None, "is_canary": False}


@dataclass(slots=True)
class SmsRules:
    """Completes the rows of SMS deliveries, in the order in which they are recorded.

    Attributes:
        shared_numbers: Numbers that several recipients have, unless links are personal.
        life_safety: Whether people are texted who asked for no more texts.
        leader_ids: The deliveries recorded before that stand for others to the same number.
    """

    shared_numbers: frozenset[str] = frozenset()
    life_safety: bool = False
    leader_ids: dict[str, str] = field(default_factory=dict)

    def apply(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        """Fill in opt-out and leader of those rows that are SMS with an address."""
        texts = [row for row in rows if row["channel"] == "sms" and row["address"]]
        opted_out = opted_out_among(connection, {row["address"] for row in texts})
        for row in texts:
            row["is_opted_out"] = row["address"] in opted_out
            if row["status"] != "waiting":
                continue
            if row["is_opted_out"] and not self.life_safety:
                row.update(_NOT_QUEUED, status="not_attempted", reason=OPTED_OUT)
            elif row["address"] in self.shared_numbers:
                self._follow(row)

    def _follow(self, row: dict[str, Any]) -> None:
        """Let the first delivery to a number lead, and stand for the others."""
        leader_id = self.leader_ids.setdefault(row["address"], row["delivery_id"])
        if leader_id != row["delivery_id"]:
            row.update(_NOT_QUEUED, same_as=leader_id)
