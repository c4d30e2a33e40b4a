from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rollcall.domain.delivery import NextStep, RetryPolicy, TryNow
from rollcall.domain.health import FAILURES_IN_A_ROW, FIRST_PAUSE_S
from rollcall.domain.tries import Try
from rollcall.ledger.queue import ClaimedDelivery
from rollcall.sending.deciding import TRIES_FOR_A_PROBE, Decider
from rollcall.sending.route_book import RouteBook
from tests.unit.sending.scripted import ScriptedRoute

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
PROBED_AT = NOW + timedelta(seconds=FIRST_PAUSE_S)
DEAD = Try("dead", "unavailable")
REFUSED = Try("alive", "rejected")


def decide(tries: Sequence[Try], *, is_other_alive: bool = True) -> NextStep:
    """Decide when the dead route is due for a probe, and the other one is trusted or is too."""
    book = RouteBook()
    for route_id in ("dead", "alive"):
        book.add(ScriptedRoute(route_id), 3)
    for route_id in ("dead",) if is_other_alive else ("dead", "alive"):
        for _ in range(FAILURES_IN_A_ROW):
            book.note(route_id, "unavailable", NOW)
    decider = Decider(book, {"sms": RetryPolicy(50, True, 4)}, lambda: 0.5)
    delivery = ClaimedDelivery("d", "sms", "+12025550100", "digest", tuple(tries))
    return decider.decide(delivery, tries, PROBED_AT)


def test_a_delivery_that_a_dead_route_has_not_failed_yet_probes_it() -> None:
    assert decide([]) == TryNow("dead")
    assert decide([REFUSED]) == TryNow("dead")


def test_probes_of_dead_routes_do_not_use_up_the_tries_of_one_delivery() -> None:
    tries = [DEAD]
    while len(tries) < TRIES_FOR_A_PROBE:
        assert decide(tries) == TryNow("alive")
        tries.append(REFUSED)
    assert decide(tries) == TryNow("dead")
    assert decide([*tries, DEAD]) == TryNow("alive")


def test_while_no_route_is_trusted_probes_are_made_whoever_they_failed() -> None:
    assert decide([DEAD, REFUSED], is_other_alive=False) == TryNow("dead")


def test_at_the_cap_the_route_that_knows_the_key_is_asked_although_another_is_trusted() -> None:
    """Nothing else may be tried: to spare the probe would leave the delivery waiting for ever."""
    book = RouteBook()
    book.add(ScriptedRoute("keyed"), 3, honours_idempotency_key=True)
    book.add(ScriptedRoute("alive"), 3)
    for _ in range(FAILURES_IN_A_ROW):
        book.note("keyed", "unavailable", NOW)
    lost = [Try("keyed", "uncertain"), Try("alive", "uncertain"), Try("keyed", "unavailable")]
    delivery = ClaimedDelivery("d", "sms", "+12025550100", "digest", tuple(lost))
    decider = Decider(book, {"sms": RetryPolicy(50, True, 2)}, lambda: 0.5)
    assert decider.decide(delivery, lost, PROBED_AT) == TryNow("keyed")
