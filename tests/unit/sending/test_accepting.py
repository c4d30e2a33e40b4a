import pytest

from rollcall.domain.message import parse_request
from rollcall.errors import ConfigError
from rollcall.sending.accepting import recorded_channels, require_routes, tell_left_away
from rollcall.sending.route_book import RouteBook
from tests.unit.sending.scripted import ScriptedRoute

BY_EMAIL = """{"content": {"subject": "s", "text": "t"}, "selection": {"everyone": true}}"""
BY_SMS_TOO = BY_EMAIL[:-1] + ', "options": {"include_sms": true}}'


def open_book(*routes: ScriptedRoute) -> RouteBook:
    book = RouteBook()
    for route in routes:
        book.add(route, 1, honours_idempotency_key=False)
    return book


def test_every_channel_of_a_message_needs_a_route() -> None:
    mail, carrier = ScriptedRoute("mail", "email"), ScriptedRoute("alpha", "sms")
    require_routes(parse_request(BY_EMAIL), open_book(mail))
    require_routes(parse_request(BY_SMS_TOO), open_book(mail, carrier))
    with pytest.raises(ConfigError, match="no route is configured for sms"):
        require_routes(parse_request(BY_SMS_TOO), open_book(mail))
    with pytest.raises(ConfigError, match="no route is configured for email"):
        require_routes(parse_request(BY_EMAIL), open_book(carrier))


def test_notifications_beside_another_channel_are_left_away_without_a_route() -> None:
    beside = parse_request(BY_EMAIL[:-1] + ', "options": {"include_push": true}}')
    mail, app = ScriptedRoute("mail", "email"), ScriptedRoute("app", "push")
    require_routes(beside, open_book(mail))
    assert recorded_channels(beside, open_book(mail)) == ("email",)
    assert recorded_channels(beside, open_book(mail, app)) == ("email", "push")
    told = tell_left_away(beside, serves_push=False)
    assert told == (
        "no route of kind webpush is configured: this goes out by email, not to the app"
    )
    assert tell_left_away(beside, serves_push=True) is None
    assert tell_left_away(parse_request(BY_SMS_TOO), serves_push=False) is None


def test_notifications_alone_need_a_route() -> None:
    alone = parse_request(
        BY_EMAIL[:-1] + ', "options": {"include_push": true, "include_email": false}}'
    )
    assert recorded_channels(alone, open_book()) == ("push",)
    assert tell_left_away(alone, serves_push=False) is None
    with pytest.raises(ConfigError, match="no route is configured for push"):
        require_routes(alone, open_book(ScriptedRoute("mail", "email")))
