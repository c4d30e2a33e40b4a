"""Which fault befalls one try: a function of the seed, so that every run is the same."""

import hashlib
from dataclasses import dataclass, fields
from enum import StrEnum

ALL_PCT = 100.0


class Fault(StrEnum):
    """What a carrier or mail server does to one try.

    none: accepted and delivered. refuse: a definite no. throttle: "slow down". time_out: no answer
    while the client waits. accept_and_drop: accepted, and never delivered. reset: the connection
    ends after the request was read. garbage: an answer that is none.
    """

    NONE = "none"
    REFUSE = "refuse"
    THROTTLE = "throttle"
    TIME_OUT = "time_out"
    ACCEPT_AND_DROP = "accept_and_drop"
    RESET = "reset"
    GARBAGE = "garbage"


UNCLEAR = frozenset({Fault.TIME_OUT, Fault.RESET, Fault.GARBAGE})
"""Faults after which the client cannot know whether its message was taken."""


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often each fault befalls a try, in per cent of all tries.

    Attributes:
        refuse_pct: Definite refusals.
        throttle_pct: Requests to slow down.
        time_out_pct: Answers that never come.
        accept_and_drop_pct: Accepted and never delivered.
        reset_pct: Connections that end instead of an answer.
        garbage_pct: Answers that are none.
        taken_when_unclear_pct: Of the tries that time out, are reset or answered with garbage, how
            many were nevertheless accepted.
    """

    refuse_pct: float = 0.0
    throttle_pct: float = 0.0
    time_out_pct: float = 0.0
    accept_and_drop_pct: float = 0.0
    reset_pct: float = 0.0
    garbage_pct: float = 0.0
    taken_when_unclear_pct: float = 50.0

    def __post_init__(self) -> None:
        rates = [getattr(self, field.name) for field in fields(self)]
        if any(not 0 <= rate <= ALL_PCT for rate in rates):
            raise ValueError("a rate is between 0 and 100 per cent")
        if sum(rates[:-1]) > ALL_PCT:
            raise ValueError("the rates of all faults together exceed 100 per cent")


class ReceiptFault(StrEnum):
    """What a carrier does about the receipt of a message that it accepted.

    none: reports what became of it, once. never: it arrived, and nothing is reported. failed: it
    did not arrive, and that is reported. permanent: likewise, and the number is said not to exist.
    duplicate: the report comes twice. shuffled: "sent" comes after "delivered". early: the report
    comes before the answer to the submit. forged: it did not arrive, and somebody who does not know
    the signing key reports that it did.
    """

    NONE = "none"
    NEVER = "never"
    FAILED = "failed"
    PERMANENT = "permanent"
    DUPLICATE = "duplicate"
    SHUFFLED = "shuffled"
    EARLY = "early"
    FORGED = "forged"


UNDELIVERED = frozenset({ReceiptFault.FAILED, ReceiptFault.PERMANENT, ReceiptFault.FORGED})
"""Faults of receipts by which the recipient does not get the message."""


@dataclass(frozen=True, slots=True)
class ReceiptRates:
    """How often each fault befalls the receipt of an accepted message, in per cent.

    Attributes:
        never_pct: Arrived and not reported.
        failed_pct: Did not arrive this time.
        permanent_pct: Did not arrive and never will.
        duplicate_pct: Reported twice.
        shuffled_pct: Reported in the wrong order.
        early_pct: Reported before the submit was answered.
        forged_pct: Reported with a wrong signature.
    """

    never_pct: float = 0.0
    failed_pct: float = 0.0
    permanent_pct: float = 0.0
    duplicate_pct: float = 0.0
    shuffled_pct: float = 0.0
    early_pct: float = 0.0
    forged_pct: float = 0.0

    def __post_init__(self) -> None:
        rates = [getattr(self, field.name) for field in fields(self)]
        if any(not 0 <= rate <= ALL_PCT for rate in rates):
            raise ValueError("a rate is between 0 and 100 per cent")
        if sum(rates) > ALL_PCT:
            raise ValueError("the rates of all faults together exceed 100 per cent")


@dataclass(frozen=True, slots=True)
class ReceiptFate:
    """What becomes of the receipt of one accepted message.

    Attributes:
        fault: What the carrier does.
        is_delivered: Whether the recipient gets the message.
        delay_share: How much of the longest delay passes before the report, from 0 to 1.
    """

    fault: ReceiptFault
    is_delivered: bool
    delay_share: float


@dataclass(frozen=True, slots=True)
class Try:
    """One try as a carrier sees it.

    Attributes:
        carrier: Who is asked.
        reference: The delivery, by its id.
        number: The how manieth try of that delivery at that carrier, from 1.
    """

    carrier: str
    reference: str
    number: int


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one try.

    Attributes:
        fault: What the carrier does.
        is_accepted: Whether it takes the message over, whatever it answers.
        is_delivered: Whether the recipient gets it.
        receipt: What becomes of its receipt, of a carrier that sends any.
    """

    fault: Fault
    is_accepted: bool
    is_delivered: bool
    receipt: ReceiptFate | None = None


def draw_fate(seed: int, tried: Try, rates: FaultRates) -> Fate:
    """Draw what becomes of a try; the same arguments always give the same."""
    fault = _pick_fault(_draw_pct(seed, "fault", tried), rates)
    if fault in UNCLEAR:
        is_taken = _draw_pct(seed, "taken", tried) < rates.taken_when_unclear_pct
        return Fate(fault, is_accepted=is_taken, is_delivered=is_taken)
    is_accepted = fault in (Fault.NONE, Fault.ACCEPT_AND_DROP)
    return Fate(fault, is_accepted=is_accepted, is_delivered=fault is Fault.NONE)


def draw_receipt(seed: int, tried: Try, fate: Fate, rates: ReceiptRates) -> ReceiptFate:
    """Draw what becomes of the receipt of an accepted try; what was dropped is never reported."""
    fault = _pick_receipt_fault(_draw_pct(seed, "receipt", tried), rates)
    if not fate.is_delivered:
        fault = ReceiptFault.NEVER
    is_delivered = fate.is_delivered and fault not in UNDELIVERED
    return ReceiptFate(fault, is_delivered, _draw_pct(seed, "receipt delay", tried) / ALL_PCT)


def is_greylisted(seed: int, tried: Try, greylist_pct: float) -> bool:
    """Tell whether a mail server asks for patience: only the first time that it sees a mailbox."""
    return tried.number == 1 and _draw_pct(seed, "greylist", tried) < greylist_pct


def is_unknown_number(number: str) -> bool:
    """Tell whether a telephone number exists nowhere: those that end in 0000."""
    return number.endswith("0000")


def is_unknown_mailbox(address: str) -> bool:
    """Tell whether a mailbox exists nowhere: those whose local part begins with `nobody.`."""
    return address.lower().startswith("nobody.")


def _pick_fault(drawn_pct: float, rates: FaultRates) -> Fault:
    shares = (
        (Fault.REFUSE, rates.refuse_pct),
        (Fault.THROTTLE, rates.throttle_pct),
        (Fault.TIME_OUT, rates.time_out_pct),
        (Fault.ACCEPT_AND_DROP, rates.accept_and_drop_pct),
        (Fault.RESET, rates.reset_pct),
        (Fault.GARBAGE, rates.garbage_pct),
    )
    for fault, share_pct in shares:
        if drawn_pct < share_pct:
            return fault
        drawn_pct -= share_pct
    return Fault.NONE


def _pick_receipt_fault(drawn_pct: float, rates: ReceiptRates) -> ReceiptFault:
    for fault in ReceiptFault:
        share_pct = getattr(rates, f"{fault.value}_pct", 0.0)
        if drawn_pct < share_pct:
            return fault
        drawn_pct -= share_pct
    return ReceiptFault.NONE


def _draw_pct(seed: int, question: str, tried: Try) -> float:
    """Draw evenly from [0, 100) by hashing what is asked."""
    asked = repr((seed, question, tried.carrier, tried.reference, tried.number)).encode()
    return int.from_bytes(hashlib.sha256(asked).digest()[:7]) / 2**56 * ALL_PCT
