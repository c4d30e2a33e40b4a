import pytest

from rollcall.domain.message import parse_request
from rollcall.errors import ConfigError
from rollcall.sending.accepting import require_routes
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
