from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from rollcall.domain.health import FAILURES_IN_A_ROW, FIRST_PAUSE_S, LOST_IN_A_ROW
from rollcall.domain.message import Channel
from rollcall.domain.routing import Coverage
from rollcall.domain.tries import Outcome
from rollcall.sending.route_book import PROBES_AT_ONCE, Recipient, RouteBook, RouteTraits
from tests.unit.sending.scripted import ScriptedRoute

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
PAUSE = timedelta(seconds=FIRST_PAUSE_S)
SOMEBODY = Recipient("sms", "+12025550100", "US")
IN_JAPAN = Recipient("sms", "+815012345678", "JP")


def open_book(**channels: Channel) -> RouteBook:
    book = RouteBook()
    for route_id, channel in channels.items():
        keyed = route_id == "bravo"
        book.add(ScriptedRoute(route_id, channel), 3, honours_idempotency_key=keyed)
    return book


def describe_book(**traits: RouteTraits) -> RouteBook:
    book = RouteBook()
    for route_id, one in traits.items():
        book.add(ScriptedRoute(route_id), 3, traits=one)
    return book


def fail(book: RouteBook, route_id: str, times: int, now: datetime = NOW) -> None:
    for _ in range(times):
        book.note(route_id, "unavailable", now, "US")


def order(book: RouteBook, now: datetime = NOW, recipient: Recipient = SOMEBODY) -> list[str]:
    return [choice.route_id for choice in book.choices(recipient, now)]


def test_routes_serve_only_their_channel_in_the_order_they_were_added() -> None:
    book = open_book(mail="email", alpha="sms", bravo="sms")
    assert order(book) == ["alpha", "bravo"]
    assert order(book, recipient=Recipient("email")) == ["mail"]
    assert [route.route_id for route in book.routes()] == ["mail", "alpha", "bravo"]


def test_channel_without_a_route_is_not_served() -> None:
    book = open_book(mail="email")
    assert (book.serves("email"), book.serves("sms")) == (True, False)


def test_choice_knows_whether_repeats_are_recognised() -> None:
    choices = open_book(alpha="sms", bravo="sms").choices(SOMEBODY, NOW)
    assert [choice.honours_idempotency_key for choice in choices] == [False, True]


def test_route_that_only_fails_is_left_alone_until_its_probe() -> None:
    book = open_book(alpha="sms", bravo="sms")
    fail(book, "alpha", FAILURES_IN_A_ROW)
    assert order(book) == ["bravo"]
    assert order(book, NOW + PAUSE - timedelta(microseconds=1)) == ["bravo"]
    assert order(book, NOW + PAUSE) == ["alpha", "bravo"]


def test_route_that_takes_requests_and_never_answers_is_left_sooner() -> None:
    book = open_book(alpha="sms", bravo="sms")
    for _ in range(LOST_IN_A_ROW):
        book.note("alpha", "uncertain", NOW, "US")
    assert order(book) == ["bravo"]


def test_half_open_route_gets_one_probe_at_a_time_and_a_success_closes_it() -> None:
    book = open_book(alpha="sms", bravo="sms")
    entry = book.entries["alpha"]
    fail(book, "alpha", FAILURES_IN_A_ROW)
    later = NOW + PAUSE
    assert not entry.admit("US", NOW)
    assert [entry.admit("US", later), entry.admit("US", later)] == [True, False]
    assert order(book, later) == ["bravo"]
    book.note("alpha", "accepted", later, "US")
    assert [entry.admit("US", later), entry.admit("US", later)] == [True, True]


def test_failed_probe_doubles_the_pause() -> None:
    book = open_book(alpha="sms", bravo="sms")
    fail(book, "alpha", FAILURES_IN_A_ROW)
    later = NOW + PAUSE
    assert book.entries["alpha"].admit("US", later)
    fail(book, "alpha", 1, later)
    assert order(book, later + PAUSE) == ["bravo"]
    assert order(book, later + 2 * PAUSE) == ["alpha", "bravo"]


@pytest.mark.parametrize("outcome", ["throttled", "temporary", "refused"])
def test_what_is_no_ill_health_never_opens_a_breaker(outcome: Outcome) -> None:
    book = open_book(alpha="sms")
    for _ in range(100):
        book.note("alpha", outcome, NOW, "US", 0.0)
    assert order(book) == ["alpha"]


def test_route_that_asks_for_patience_is_left_for_so_long() -> None:
    book = open_book(alpha="sms", bravo="sms")
    book.note("alpha", "throttled", NOW, "US", 30.0)
    assert order(book) == ["bravo"]
    assert order(book, NOW + timedelta(seconds=30)) == ["alpha", "bravo"]


def test_while_all_routes_are_down_nothing_is_tried_but_probes() -> None:
    book = open_book(alpha="sms")
    fail(book, "alpha", FAILURES_IN_A_ROW)
    assert order(book) == []
    assert book.claim_limit("sms", 500, NOW) == 0
    assert book.usable_at(book.serving(SOMEBODY), NOW) == NOW + PAUSE
    assert book.claim_limit("sms", 500, NOW + PAUSE) == PROBES_AT_ONCE


def test_country_that_a_route_swallows_goes_to_the_others_and_only_that_country() -> None:
    traits = RouteTraits(receipt_deadline_s=60)
    book = describe_book(alpha=traits, bravo=traits)
    for _ in range(200):  # it takes everything, and nothing arrives in Japan
        book.note("alpha", "accepted", NOW, "JP")
    book.note_receipts("alpha", "JP", 0, 7, NOW)
    book.note_receipts("alpha", "US", 7, 0, NOW)
    assert order(book, recipient=IN_JAPAN) == ["bravo", "alpha"]
    assert order(book) == ["alpha", "bravo"]
    book.note_receipts("alpha", "JP", 0, 20, NOW)
    assert order(book, recipient=IN_JAPAN) == ["bravo"]


def test_missing_receipts_never_pause_the_last_route() -> None:
    book = describe_book(alpha=RouteTraits(receipt_deadline_s=60))
    book.note_receipts("alpha", "US", 0, 100, NOW)
    assert order(book) == ["alpha"]
    assert book.claim_limit("sms", 500, NOW) == 500


def test_routes_are_chosen_by_prefix_then_country_then_priority_then_price() -> None:
    book = describe_book(
        any_cheap=RouteTraits(price=Decimal("0.01"), priority=5),
        any_dear=RouteTraits(price=Decimal("0.09"), priority=5),
        any_first=RouteTraits(priority=1),
        japan=RouteTraits(coverage=Coverage(frozenset({"JP"})), priority=9),
        tokyo=RouteTraits(coverage=Coverage(prefixes=("+8150",)), priority=9),
        france=RouteTraits(coverage=Coverage(frozenset({"FR"}))),
    )
    assert order(book, recipient=IN_JAPAN) == [
        "tokyo",
        "japan",
        "any_first",
        "any_cheap",
        "any_dear",
    ]


def test_canaries_begin_with_every_healthy_route_in_turn() -> None:
    book = open_book(alpha="sms", bravo="sms", charlie="sms")
    first = [
        order(book, recipient=Recipient("sms", canary_number=number))[0] for number in range(6)
    ]
    assert first == ["alpha", "bravo", "charlie"] * 2


def test_preferred_route_stays_preferred_while_it_is_down() -> None:
    book = open_book(alpha="sms", bravo="sms")
    fail(book, "alpha", FAILURES_IN_A_ROW)
    assert [choice.route_id for choice in book.preferred(SOMEBODY)] == ["alpha"]


async def test_one_route_that_fails_to_close_does_not_keep_others_open() -> None:
    book = RouteBook()
    routes = [
        ScriptedRoute("alpha", answer=OSError("stuck")),
        ScriptedRoute("bravo"),
    ]
    for route in routes:
        book.add(route, 1)
    await book.aclose()
    assert all(route.is_closed for route in routes)


@pytest.mark.parametrize("asked_s", [100_000.0, 1e15, float("inf")])
def test_nobody_is_obeyed_who_asks_for_more_than_an_hour(asked_s: float) -> None:
    book = open_book(alpha="sms", bravo="sms")
    book.note("alpha", "throttled", NOW, "US", asked_s)
    assert order(book, NOW + timedelta(minutes=59)) == ["bravo"]
    assert order(book, NOW + timedelta(hours=1)) == ["alpha", "bravo"]


def test_what_has_no_way_out_is_claimed_to_be_told_so() -> None:
    book = RouteBook()
    book.add(ScriptedRoute("mail", "email"), 1)
    assert book.claim_limit("push", 500, NOW) == 500
