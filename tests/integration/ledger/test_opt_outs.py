"""Opt-outs: said once is enough, the first word counts, and a whole audience is asked at once."""

import threading
from datetime import UTC, datetime, timedelta

from rollcall.ledger.engine import Ledger
from rollcall.ledger.opt_outs import (
    OptOutRecord,
    list_opt_outs,
    opt_in,
    opt_out,
    opted_out_among,
)
from tests.people import phone_of

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def an_opt_out(number: int = 1, minutes: int = 0) -> OptOutRecord:
    return OptOutRecord(phone_of(number), "inbound", "alpha", NOW + timedelta(minutes=minutes))


def test_what_was_said_first_is_kept(ledger: Ledger) -> None:
    with ledger.write() as connection:
        assert opt_out(connection, an_opt_out())
        later = OptOutRecord(phone_of(1), "operator", None, NOW + timedelta(days=1))
        assert not opt_out(connection, later)
    assert list_opt_outs(ledger) == [an_opt_out()]


def test_the_latest_is_listed_first(ledger: Ledger) -> None:
    with ledger.write() as connection:
        for number in range(3):
            opt_out(connection, an_opt_out(number, minutes=number))
    assert list_opt_outs(ledger) == [an_opt_out(n, minutes=n) for n in (2, 1, 0)]


def test_who_asks_for_texts_again_gets_them(ledger: Ledger) -> None:
    with ledger.write() as connection:
        opt_out(connection, an_opt_out(1))
        opt_out(connection, an_opt_out(2))
        assert opt_in(connection, phone_of(1))
        assert not opt_in(connection, phone_of(1))
        assert not opt_in(connection, phone_of(3))
    assert list_opt_outs(ledger) == [an_opt_out(2)]


def test_only_who_opted_out_is_found_among_many(ledger: Ledger) -> None:
    opted_out = {phone_of(number) for number in (0, 400, 999)}
    with ledger.write() as connection:
        for number in (0, 400, 999, 500):
            opt_out(connection, an_opt_out(number))
    asked = [phone_of(number) for number in range(1_000) if number != 500]
    many = [*asked[:500], *(f"made-up-{number}" for number in range(40_000)), *asked[500:]]
    with ledger.read() as connection:
        assert opted_out_among(connection, many) == opted_out
        assert opted_out_among(connection, []) == set()


def test_the_same_number_twice_at_once_is_one_row(ledger: Ledger) -> None:
    are_new: list[bool] = []
    both = threading.Barrier(2, timeout=10)

    def say_stop() -> None:
        both.wait()
        with ledger.write() as connection:
            are_new.append(opt_out(connection, an_opt_out()))

    threads = [threading.Thread(target=say_stop) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(are_new) == [False, True]
    assert list_opt_outs(ledger) == [an_opt_out()]
