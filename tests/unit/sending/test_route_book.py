from datetime import UTC, datetime, timedelta

import pytest

from rollcall.domain.delivery import Outcome
from rollcall.domain.message import Channel
from rollcall.sending.route_book import FAILURES_TO_REST, REST, RouteBook
from tests.unit.sending.scripted import ScriptedRoute

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def open_book(**channels: Channel) -> RouteBook:
    book = RouteBook()
    for route_id, channel in channels.items():
        keyed = route_id == "bravo"
        book.add(ScriptedRoute(route_id, channel), 3, honours_idempotency_key=keyed)
    return book


def fail(book: RouteBook, route_id: str, times: int, now: datetime = NOW) -> None:
    for _ in range(times):
        book.note(route_id, "unavailable", now)


def order(book: RouteBook, now: datetime = NOW) -> list[str]:
    return [choice.route_id for choice in book.choices("sms", now)]


def test_routes_serve_only_their_channel_in_the_order_they_were_added() -> None:
    book = open_book(mail="email", alpha="sms", bravo="sms")
    assert order(book) == ["alpha", "bravo"]
    assert [choice.route_id for choice in book.choices("email", NOW)] == ["mail"]
    assert [route.route_id for route in book.routes()] == ["mail", "alpha", "bravo"]


def test_channel_without_a_route_is_not_served() -> None:
    book = open_book(mail="email")
    assert (book.serves("email"), book.serves("sms")) == (True, False)


def test_choice_knows_whether_repeats_are_recognised() -> None:
    choices = open_book(alpha="sms", bravo="sms").choices("sms", NOW)
    assert [choice.honours_idempotency_key for choice in choices] == [False, True]


def test_route_that_cannot_be_reached_is_put_last_for_a_while() -> None:
    book = open_book(alpha="sms", bravo="sms")
    fail(book, "alpha", FAILURES_TO_REST - 1)
    assert order(book) == ["alpha", "bravo"]
    fail(book, "alpha", 1)
    assert order(book) == ["bravo", "alpha"]
    assert order(book, NOW + REST - timedelta(microseconds=1)) == ["bravo", "alpha"]
    assert order(book, NOW + REST) == ["alpha", "bravo"]


def test_resting_route_that_fails_its_probe_rests_again() -> None:
    book = open_book(alpha="sms", bravo="sms")
    fail(book, "alpha", FAILURES_TO_REST)
    later = NOW + REST
    fail(book, "alpha", 1, later)
    assert order(book, later) == ["bravo", "alpha"]


def test_route_that_takes_requests_and_never_answers_is_rested_too() -> None:
    book = open_book(alpha="sms", bravo="sms")
    for _ in range(FAILURES_TO_REST):
        book.note("alpha", "uncertain", NOW)
    assert order(book) == ["bravo", "alpha"]


def test_after_a_rest_one_try_at_a_time_probes_the_route() -> None:
    book = open_book(alpha="sms", bravo="sms")
    entry = book.entries["alpha"]
    assert [entry.admit(NOW), entry.admit(NOW)] == [True, True]
    fail(book, "alpha", FAILURES_TO_REST)
    assert not entry.admit(NOW)
    later = NOW + REST
    assert [entry.admit(later), entry.admit(later)] == [True, False]
    book.note("alpha", "accepted", later)
    assert [entry.admit(later), entry.admit(later)] == [True, True]


@pytest.mark.parametrize("outcome", ["accepted", "throttled", "rejected", "temporary", "refused"])
def test_any_answer_ends_a_rest(outcome: Outcome) -> None:
    book = open_book(alpha="sms", bravo="sms")
    fail(book, "alpha", FAILURES_TO_REST)
    book.note("alpha", outcome, NOW)
    assert order(book) == ["alpha", "bravo"]
    fail(book, "alpha", FAILURES_TO_REST - 1)
    assert order(book) == ["alpha", "bravo"]


def test_last_route_left_is_offered_even_while_it_rests() -> None:
    book = open_book(alpha="sms")
    fail(book, "alpha", FAILURES_TO_REST)
    assert order(book) == ["alpha"]


def test_preferred_route_stays_preferred_while_it_rests() -> None:
    book = open_book(alpha="sms", bravo="sms")
    fail(book, "alpha", FAILURES_TO_REST)
    assert [choice.route_id for choice in book.preferred("sms")] == ["alpha"]


async def test_one_route_that_fails_to_close_does_not_keep_others_open() -> None:
    book = RouteBook()
    routes = [
        ScriptedRoute("alpha", answer=OSError("stuck")),
        ScriptedRoute("bravo"),
    ]
    for route in routes:
        book.add(route, 1, honours_idempotency_key=False)
    await book.aclose()
    assert [route.is_closed for route in routes] == [True, True]
