from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.sandbox.schedule import (
    UNCLEAR,
    UNDELIVERED,
    Fate,
    Fault,
    FaultRates,
    ReceiptFault,
    ReceiptRates,
    Try,
    draw_fate,
    draw_receipt,
    is_greylisted,
    is_unknown_mailbox,
    is_unknown_number,
)

MIXED = FaultRates(
    refuse_pct=10,
    throttle_pct=10,
    time_out_pct=10,
    accept_and_drop_pct=10,
    reset_pct=10,
    garbage_pct=10,
)
TRIES = [Try("bravo", f"d-{number}", 1) for number in range(5000)]


@given(st.integers(), st.text(), st.integers(min_value=1))
def test_same_try_has_always_the_same_fate(seed: int, reference: str, number: int) -> None:
    tried = Try("bravo", reference, number)
    assert draw_fate(seed, tried, MIXED) == draw_fate(seed, tried, MIXED)


def test_fates_are_the_same_on_every_machine() -> None:
    faults = [draw_fate(1, Try("bravo", f"d-{n}", 1), MIXED).fault.value for n in range(6)]
    assert faults == ["none", "refuse", "none", "none", "refuse", "accept_and_drop"]


@pytest.mark.parametrize(
    "other", [(2, "bravo", 1), (1, "charlie", 1), (1, "bravo", 2)], ids=["seed", "carrier", "try"]
)
def test_seed_carrier_and_try_each_matter(other: tuple[int, str, int]) -> None:
    seed, carrier, number = other
    changed = [draw_fate(seed, Try(carrier, each.reference, number), MIXED) for each in TRIES]
    assert changed != [draw_fate(1, tried, MIXED) for tried in TRIES]


def test_rates_are_kept() -> None:
    drawn = Counter(draw_fate(1, tried, MIXED).fault for tried in TRIES)
    for fault in Fault:
        share_pct = 40 if fault is Fault.NONE else 10
        assert drawn[fault] / len(TRIES) * 100 == pytest.approx(share_pct, abs=2)


@pytest.mark.parametrize("taken_pct", [0, 50, 100])
def test_unclear_tries_are_taken_as_often_as_planned(taken_pct: float) -> None:
    rates = FaultRates(reset_pct=100, taken_when_unclear_pct=taken_pct)
    taken = sum(draw_fate(1, tried, rates).is_accepted for tried in TRIES)
    assert taken / len(TRIES) * 100 == pytest.approx(taken_pct, abs=2)


def test_only_what_is_accepted_is_delivered() -> None:
    for tried in TRIES:
        fate = draw_fate(1, tried, MIXED)
        assert fate.is_accepted or not fate.is_delivered
        assert fate.is_delivered == (fate.is_accepted and fate.fault is not Fault.ACCEPT_AND_DROP)
        assert fate.fault in UNCLEAR or fate.is_accepted == (
            fate.fault in (Fault.NONE, Fault.ACCEPT_AND_DROP)
        )


def test_greylisting_ends_with_the_second_try() -> None:
    assert is_greylisted(1, Try("mail", "a@example.net", 1), 100)
    assert not is_greylisted(1, Try("mail", "a@example.net", 2), 100)
    assert not is_greylisted(1, Try("mail", "a@example.net", 1), 0)


def test_addresses_that_exist_nowhere() -> None:
    assert is_unknown_number("+4912345670000")
    assert not is_unknown_number("+4912300001234")
    assert is_unknown_mailbox("Nobody.Here@example.net")
    assert not is_unknown_mailbox("nobody@example.net")


@pytest.mark.parametrize(
    "rates", [{"refuse_pct": -1}, {"refuse_pct": 101}, {"refuse_pct": 60, "reset_pct": 60}]
)
def test_impossible_rates_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="per cent"):
        FaultRates(**rates)


RECEIPT_RATES = ReceiptRates(
    never_pct=10,
    failed_pct=10,
    permanent_pct=10,
    duplicate_pct=10,
    shuffled_pct=10,
    early_pct=10,
    forged_pct=10,
)
DELIVERED = Fate(Fault.NONE, is_accepted=True, is_delivered=True)


def test_rates_of_receipts_are_kept() -> None:
    drawn = [draw_receipt(1, tried, DELIVERED, RECEIPT_RATES) for tried in TRIES]
    counts = Counter(each.fault for each in drawn)
    for fault in ReceiptFault:
        share_pct = 30 if fault is ReceiptFault.NONE else 10
        assert counts[fault] / len(TRIES) * 100 == pytest.approx(share_pct, abs=2)
    assert drawn == [draw_receipt(1, tried, DELIVERED, RECEIPT_RATES) for tried in TRIES]


def test_delays_are_spread_whatever_befalls_the_receipt() -> None:
    for fault in ReceiptFault:
        drawn = [draw_receipt(1, tried, DELIVERED, RECEIPT_RATES) for tried in TRIES]
        shares = [each.delay_share for each in drawn if each.fault is fault]
        assert sum(shares) / len(shares) == pytest.approx(0.5, abs=0.06)
        assert 0 <= min(shares) < max(shares) < 1


def test_receipt_of_what_did_not_arrive_never_says_that_it_did() -> None:
    dropped = Fate(Fault.ACCEPT_AND_DROP, is_accepted=True, is_delivered=False)
    for tried in TRIES:
        assert draw_receipt(1, tried, dropped, RECEIPT_RATES).fault is ReceiptFault.NEVER
        receipt = draw_receipt(1, tried, DELIVERED, RECEIPT_RATES)
        assert receipt.is_delivered == (receipt.fault not in UNDELIVERED)


@pytest.mark.parametrize("rates", [{"never_pct": -1}, {"failed_pct": 60, "early_pct": 60}])
def test_impossible_rates_of_receipts_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="per cent"):
        ReceiptRates(**rates)
