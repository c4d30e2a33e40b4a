"""What carriers and mail servers share: counting tries, deciding over them, the journal."""

from collections import Counter
from dataclasses import dataclass, replace

from rollcall.clock import SystemClock, format_instant
from rollcall.sandbox.journal import Journal, JournalEntry
from rollcall.sandbox.schedule import (
    Fate,
    FaultRates,
    ReceiptRates,
    Try,
    draw_fate,
    draw_receipt,
    is_greylisted,
)

HOLD_FACTOR = 20.0
"""How many times longer than the client waits a "time out" holds its request."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message as a carrier received it.

    Attributes:
        reference: The delivery's id.
        address: Number or mailbox.
        idempotency_key: None for mail.
        attempt_id: The try's own id, where receipts are to come.
        callback_url: Where they are to come.
    """

    reference: str
    address: str
    idempotency_key: str | None = None
    attempt_id: str | None = None
    callback_url: str | None = None


class AcceptanceDesk:
    """Decides over the tries that reach one carrier and writes down what it accepts.

    Args:
        carrier: Whose desk it is.
        seed: What faults are drawn from.
        faults: How often the carrier misbehaves.
        journal: Where acceptances are written.
        receipts: How often its receipts are wrong; None for who sends none.
    """

    def __init__(
        self,
        carrier: str,
        seed: int,
        faults: FaultRates,
        journal: Journal,
        receipts: ReceiptRates | None = None,
    ) -> None:
        self._carrier = carrier
        self._seed = seed
        self._faults = faults
        self._journal = journal
        self._receipts = receipts
        self._tries: Counter[str] = Counter()
        self._greetings: Counter[str] = Counter()
        self._accepted_count = 0
        self._clock = SystemClock()

    def judge(self, parcel: Parcel) -> tuple[Fate, str]:
        """Decide over one more try of a delivery.

        An accepted message stands in the journal before this returns.

        Returns:
            Its fate, and the carrier's id for it, empty if it was not accepted.
        """
        self._tries[parcel.reference] += 1
        tried = Try(self._carrier, parcel.reference, self._tries[parcel.reference])
        fate = draw_fate(self._seed, tried, self._faults)
        if fate.is_accepted and self._receipts is not None:
            receipt = draw_receipt(self._seed, tried, fate, self._receipts)
            fate = replace(fate, is_delivered=receipt.is_delivered, receipt=receipt)
        return fate, self._record(parcel, fate) if fate.is_accepted else ""

    def greet(self, mailbox: str, greylist_pct: float) -> bool:
        """Tell whether a mailbox may be delivered to now; False asks for patience."""
        self._greetings[mailbox] += 1
        tried = Try(self._carrier, mailbox, self._greetings[mailbox])
        return not is_greylisted(self._seed, tried, greylist_pct)

    def _record(self, parcel: Parcel, fate: Fate) -> str:
        self._accepted_count += 1
        provider_id = f"{self._carrier}-{self._accepted_count:07d}"
        self._journal.record(
            JournalEntry(
                carrier=self._carrier,
                provider_id=provider_id,
                reference=parcel.reference,
                idempotency_key=parcel.idempotency_key,
                address=parcel.address,
                at=format_instant(self._clock.now()),
                is_delivered=fate.is_delivered,
                fault=fate.fault.value,
            )
        )
        return provider_id
