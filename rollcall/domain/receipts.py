"""What a provider reports about an attempt after it was made: a receipt, and what it proves."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ReceiptState = Literal["accepted", "delivered", "failed", "missing"]
"""What a receipt says of an attempt.

accepted:  the provider or a network has it, and the end is open (queued, sent, buffered)
delivered: it arrived, as far as the receipt's level can tell
failed:    this attempt will never arrive
missing:   the provider, asked by our reference, has never had it: it was not sent
"""

EvidenceLevel = Literal["carrier", "handset"]
"""How far a receipt can see.

carrier: the destination network, or the recipient's mail server, took the message
handset: the recipient's telephone did
"""

ReceiptSource = Literal["webhook", "look_up", "bounce"]

_RANK: dict[ReceiptState, int] = {"missing": 0, "accepted": 1, "failed": 2, "delivered": 3}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One report about one attempt; holds no personal data.

    Attributes:
        state: What it says.
        reference: Our own reference as it came back: the id of the attempt, or of the delivery.
        provider_id: The provider's id for the attempt.
        level: How far it can see; of the state `delivered` only.
        is_permanent: Of the state `failed`: no route can reach this recipient.
        code: The provider's own code.
        occurred_at: When it happened, as the provider says (aware).
    """

    state: ReceiptState
    reference: str | None = None
    provider_id: str | None = None
    level: EvidenceLevel = "carrier"
    is_permanent: bool = False
    code: str | None = None
    occurred_at: datetime | None = None

    def digest(self, route_id: str) -> str:
        """Return what makes two reports the same report: a replay or a repeat changes nothing."""
        moment = self.occurred_at.isoformat() if self.occurred_at else None
        told = (route_id, self.reference, self.provider_id, self.state, self.level)
        return hashlib.sha256(
            repr((*told, self.is_permanent, self.code, moment)).encode()
        ).hexdigest()


@dataclass(frozen=True, slots=True)
class ReceiptSummary:
    """What all receipts of one attempt amount to."""

    state: ReceiptState
    level: EvidenceLevel = "carrier"
    is_permanent: bool = False
    code: str | None = None


def summarise(receipts: list[ReceiptSummary]) -> ReceiptSummary | None:
    """Fold the receipts of one attempt, in whatever order they came.

    `delivered` wins over everything, at the highest level seen; then `failed`, permanently if any
    says so; then `accepted`; `missing` counts only while nothing else was reported.
    """
    if not receipts:
        return None
    return max(receipts, key=_strength)


def _strength(receipt: ReceiptSummary) -> tuple[int, bool, bool, str]:
    is_handset = receipt.level == "handset"
    return (_RANK[receipt.state], is_handset, receipt.is_permanent, receipt.code or "")
