"""What is special about SMS when they are recorded: opt-outs, shared numbers, countries."""

from dataclasses import dataclass, field
from typing import Any, Final, Self

from sqlalchemy import Connection

from rollcall.domain.phones import find_phone_country
from rollcall.ledger.opt_outs import opted_out_among
from rollcall.ledger.shared_numbers import find_shared_numbers

OPTED_OUT: Final = "opted out (STOP)"


@dataclass(slots=True)
class SmsRules:
    """Completes the rows of SMS deliveries, chunk by chunk in the order of `person_id`.

    Attributes:
        shared_numbers: Numbers that several recipients have.
        life_safety: Whether people are texted who asked for no more texts.
    """

    shared_numbers: set[str]
    life_safety: bool
    _leader_ids: dict[str, str] = field(init=False, default_factory=dict)

    @classmethod
    def prepare(
        cls, connection: Connection, message_id: str, *, is_personal: bool, life_safety: bool
    ) -> Self:
        """Look up what the rules need to know; personal links are never shared."""
        shared = set() if is_personal else find_shared_numbers(connection, message_id)
        return cls(shared, life_safety)

    def apply(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        """Fill in country, opt-out and leader of those rows that are SMS with an address."""
        texts = [row for row in rows if row["channel"] == "sms" and row["address"]]
        opted_out = opted_out_among(connection, {row["address"] for row in texts})
        for row in texts:
            row["country"] = find_phone_country(row["address"])
            row["is_opted_out"] = row["address"] in opted_out
            if row["status"] != "waiting":
                continue
            if row["is_opted_out"] and not self.life_safety:
                row |= {"status": "not_attempted", "reason": OPTED_OUT, "next_attempt_at": None}
            elif row["address"] in self.shared_numbers:
                self._follow(row)

    def _follow(self, row: dict[str, Any]) -> None:
        """Let the first delivery to a number lead, and stand for the others."""
        leader_id = self._leader_ids.setdefault(row["address"], row["delivery_id"])
        if leader_id != row["delivery_id"]:
            row |= {"same_as": leader_id, "next_attempt_at": None}
