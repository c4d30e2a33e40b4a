from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rollcall.domain.delivery import Finish, RetryPolicy, TryNow, WaitFor
from rollcall.domain.health import FIRST_PAUSE_S, LOST_IN_A_ROW
from rollcall.domain.receipts import ReceiptSummary
from rollcall.domain.routing import Coverage
from rollcall.domain.tries import Try
from rollcall.ledger.queue import ClaimedDelivery
from rollcall.sending.deciding import NOT_SERVED, Decider
from rollcall.sending.route_book import RouteBook, RouteTraits
from tests.unit.sending.scripted import ScriptedRoute

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
STUBBORN = RetryPolicy(max_tries=50, uses_alternatives=True, copies_cap=2)
STANDARD = RetryPolicy(max_tries=5, uses_alternatives=False, copies_cap=2)
SOMEBODY = ClaimedDelivery("d1", "sms", "+12025550100", "digest", (), "US")
JAPAN_ONLY = RouteTraits(coverage=Coverage(frozenset({"JP"})))


def decider(policy: RetryPolicy, book: RouteBook) -> Decider:
    return Decider(book, {"sms": policy}, lambda: 0.5)


def open_book(*keyed_ids: str) -> RouteBook:
    book = RouteBook()
    for route_id in ("alpha", "bravo"):
        book.add(ScriptedRoute(route_id), 3, honours_idempotency_key=route_id in keyed_ids)
    return book


def decide_unserved(tries: Sequence[Try]) -> object:
    book = RouteBook()
    book.add(ScriptedRoute("tokyo"), 3, traits=JAPAN_ONLY)
    return decider(STUBBORN, book).decide(SOMEBODY, tries, NOW)


def test_who_no_route_serves_is_not_delivered() -> None:
    assert decide_unserved([]) == Finish("not_delivered", NOT_SERVED)
    assert decide_unserved([Try("gone", "rejected", ended_at=NOW)]) == Finish(
        "not_delivered", NOT_SERVED
    )


def test_what_a_route_took_is_not_called_undelivered_once_it_is_taken_out_of_the_file() -> None:
    assert decide_unserved([Try("gone", "accepted", ended_at=NOW)]) == Finish("accepted")
    proven = Try("gone", "accepted", ended_at=NOW, receipt=ReceiptSummary("delivered", "handset"))
    assert decide_unserved([proven]) == Finish("delivered")


def test_what_may_have_arrived_over_a_route_that_is_gone_is_unconfirmed() -> None:
    step = decide_unserved([Try("gone", "uncertain", ended_at=NOW)])
    assert step == Finish("unconfirmed", NOT_SERVED)


def lose(book: RouteBook, route_id: str) -> None:
    """Open a route's breaker."""
    for _ in range(LOST_IN_A_ROW):
        book.note(route_id, "uncertain", NOW, "US")


def test_answers_lost_under_one_key_are_one_copy_also_while_their_route_is_down() -> None:
    book = open_book("alpha")
    lose(book, "alpha")
    lost = [Try("alpha", "uncertain", ended_at=NOW)] * 2
    assert decider(STUBBORN, book).decide(SOMEBODY, lost, NOW) == TryNow("bravo")


def test_standard_quality_waits_for_its_own_route_and_not_for_another_that_is_up() -> None:
    book = open_book()
    lose(book, "alpha")
    back_at = NOW + timedelta(seconds=FIRST_PAUSE_S)
    assert decider(STANDARD, book).decide(SOMEBODY, [], NOW) == WaitFor(back_at)
    later = back_at - timedelta(milliseconds=1)
    assert isinstance(decider(STANDARD, book).decide(SOMEBODY, [], later), WaitFor)
    assert decider(STANDARD, book).decide(SOMEBODY, [], back_at) == TryNow("alpha")


def test_at_the_cap_only_the_route_that_knows_the_key_is_waited_for() -> None:
    book = open_book("alpha", "bravo")
    lose(book, "alpha")
    lost = [Try("alpha", "uncertain", ended_at=NOW), Try("gone", "uncertain", ended_at=NOW)]
    back_at = NOW + timedelta(seconds=FIRST_PAUSE_S)
    assert decider(STUBBORN, book).decide(SOMEBODY, lost, NOW) == WaitFor(back_at)


def test_canaries_of_each_country_take_the_routes_in_turn() -> None:
    """By chance all of a small country may else take one route: nothing is learnt of the other."""
    chosen = decider(STUBBORN, open_book())
    first = []
    for number in range(8):
        country = ("US", "JP")[number % 2]
        canary = ClaimedDelivery(
            f"d{number}", "sms", "+12025550100", "digest", (), country, is_canary=True
        )
        steps = {chosen.decide(canary, [], NOW) for _ in range(3)}
        assert len(steps) == 1
        first.append((country, steps.pop()))
    routes = [TryNow("alpha"), TryNow("alpha"), TryNow("bravo"), TryNow("bravo")] * 2
    assert first == list(zip(["US", "JP"] * 4, routes, strict=True))
