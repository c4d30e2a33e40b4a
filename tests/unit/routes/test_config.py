import re
from decimal import Decimal
from typing import Any

import pytest

from rollcall.errors import ConfigError
from rollcall.routes.config import parse_mailboxes, parse_routes
from rollcall.routes.settings import SmtpSettings
from rollcall.routes.sms.http_settings import HttpSmsSettings

SMS = """
[[route]]
id = "bravo"
kind = "http_sms"
url = "https://carrier.example/sms"
headers = { Authorization = "Bearer env:ROLLCALL_SECRET_BRAVO" }
body = { to = "{to}", text = "{text}", from = "{sender}", key = "env:ROLLCALL_SECRET_KEY" }
sender = "Rollcall"
"""
MAIL = """
[[route]]
id = "relay"
kind = "smtp"
priority = 5
host = "mail.example.org"
sender = "Crisis Team <crisis@example.org>"
username = "crisis"
password = "env:ROLLCALL_SECRET_MAIL"
"""
SECRETS = {
    "ROLLCALL_SECRET_BRAVO": "tok-3n",
    "ROLLCALL_SECRET_KEY": "k3y",
    "ROLLCALL_SECRET_MAIL": "pa55",
    "HOME": "/root",
}


MAILBOX = """
[[mailbox]]
route = "relay"
host = "imap.example.org"
username = "bounces"
password = "env:ROLLCALL_SECRET_MAIL"
"""


def parse(text: str) -> list[Any]:
    return parse_routes(text, "routes.toml", SECRETS)


def test_preferred_routes_come_first() -> None:
    mail, sms = parse(SMS + MAIL)
    assert isinstance(mail, SmtpSettings)
    assert isinstance(sms, HttpSmsSettings)
    assert (mail.priority, sms.priority) == (5, 100)


def test_secrets_are_put_in_wherever_they_are_named() -> None:
    mail, sms = parse(SMS + MAIL)
    assert mail.password.get_secret_value() == "pa55"
    assert sms.headers["Authorization"].get_secret_value() == "Bearer tok-3n"
    assert sms.body["key"] == "k3y"


def test_secrets_never_show() -> None:
    shown = repr(parse(SMS + MAIL))
    assert not any(secret in shown for secret in ("pa55", "tok-3n", "k3y"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[route]", "routes.toml: is not TOML"),
        ("", "routes.toml: holds no [[route]]"),
        ("route = 3", "routes.toml: holds no [[route]]"),
        ("[[routes]]\nid = 'a'", "unknown key 'routes'"),
        (SMS + SMS, "two routes have the id 'bravo'"),
        (SMS + "colour = 'red'", "route 'bravo': colour: Extra inputs are not permitted"),
        (SMS.replace("BRAVO", "GONE"), "headers.Authorization: the secret ROLLCALL_SECRET_GONE"),
        (SMS.replace("ROLLCALL_SECRET_BRAVO", "HOME"), "a secret's name begins with ROLLCALL_"),
        (SMS.replace("http_sms", "smpp"), "route 'bravo': Input tag 'smpp'"),
        (SMS.replace('"bravo"', '"b r"'), "route 'b r': id: "),
        (SMS.replace("{text}", "{txt}"), "{txt} is no placeholder here"),
        (SMS.replace("{text}", "hello"), "body never says {text}"),
        (SMS.replace('sender = "Rollcall"', ""), "body says {sender}, but no sender is set"),
        (SMS.replace("Bearer", "{to}"), "headers: {to} is no placeholder here"),
        (SMS.replace("Bearer", "a\\r\\nX: b"), "'Authorization' is no header that can be sent"),
        (SMS.replace("https://", "ftp://"), "route 'bravo': url: "),
        (SMS + "body_format = 'form'\nmax_connections = 0", "route 'bravo': max_connections: "),
        (SMS + "username = 'u'", "username and password go together"),
        (SMS + "codes = { accepted = [200, 200] }", "200 is listed twice"),
        (SMS + "codes = { permanent = [21211] }", "21211 is no HTTP status; write a provider"),
        (SMS + "price_per_segment = -0.01", "route 'bravo': price_per_segment: "),
        (SMS + "price_per_segment = nan", "route 'bravo': price_per_segment: "),
        (SMS + "price_per_segment = '1 EUR'", "route 'bravo': price_per_segment: "),
        (SMS + "codes = { fine = [200] }", "codes.fine: Extra inputs are not permitted"),
        (MAIL.replace("crisis@example.org", "crisis"), "route 'relay': sender: should look like"),
        (MAIL.replace("Crisis Team", "Crisis\\r\\nBcc: x"), "sender: should look like"),
        (MAIL + "port = 99999", "route 'relay': port: "),
        (MAIL + "security = 'maybe'", "route 'relay': security: "),
        (MAIL.replace('username = "crisis"', ""), "username and password go together"),
        (MAIL.replace('host = "mail.example.org"', ""), "route 'relay': host: Field required"),
    ],
)
def test_each_mistake_is_one_sentence_that_names_its_place(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not any(secret in str(caught.value) for secret in SECRETS.values())


def test_price_is_the_decimal_that_was_written() -> None:
    (route,) = parse(SMS + "price_per_segment = 0.045")
    assert isinstance(route, HttpSmsSettings)
    assert route.price_per_segment == Decimal("0.045")


def test_form_takes_no_nested_body() -> None:
    nested = SMS.replace('"{to}"', '{ number = "{to}" }') + "body_format = 'form'"
    with pytest.raises(ConfigError, match="texts and numbers only when sent as form"):
        parse(nested)


def test_json_takes_a_nested_body() -> None:
    (sms,) = parse(SMS.replace('"{to}"', '[{ number = "{to}" }]'))
    assert sms.body["to"] == [{"number": "{to}"}]


def test_mailbox_goes_with_the_route_whose_bounces_it_holds() -> None:
    [(mailbox, route)] = parse_mailboxes(MAIL + MAILBOX, "routes.toml", SECRETS)
    assert isinstance(route, SmtpSettings)
    assert route.sender == "Crisis Team <crisis@example.org>"
    assert (mailbox.port, mailbox.security, mailbox.folder) == (993, "tls", "INBOX")
    assert mailbox.password.get_secret_value() == "pa55"
    assert "pa55" not in repr(mailbox)
    assert parse_mailboxes(MAIL, "routes.toml", SECRETS) == []
    assert [each.id for each in parse(MAIL + MAILBOX)] == ["relay"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (MAILBOX.replace("relay", "gone"), "mailbox 1: route: no route of kind 'smtp' is called"),
        (SMS + MAILBOX.replace("relay", "bravo"), "no route of kind 'smtp' is called 'bravo'"),
        (MAILBOX + "colour = 'red'", "mailbox 1: colour: Extra inputs are not permitted"),
        (MAILBOX + "security = 'ssl'", "mailbox 1: security: "),
        (MAILBOX + "folder = 'Zurück'", "mailbox 1: folder: should be the name as the server"),
        (MAILBOX.replace("MAIL", "GONE"), "mailbox 1: password: the secret ROLLCALL_SECRET_GONE"),
        ("[mailbox]\nroute = 'relay'", "a mailbox is written as [[mailbox]]"),
    ],
)
def test_mistake_in_a_mailbox_is_told_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)) as caught:
        parse_mailboxes(MAIL + text, "routes.toml", SECRETS)
    assert str(caught.value).startswith("routes.toml: ")
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize(
    ("return_path", "is_taken"),
    [
        ("bounces+{attempt}@bounces.example.org", True),
        ("bounces@example.org", False),
        ("b+{delivery}@example.org", False),
        ("b+{attempt}@example.org> SIZE=1", False),
    ],
)
def test_return_path_has_to_name_the_attempt(return_path: str, is_taken: bool) -> None:
    text = MAIL + f'return_path = "{return_path}"'
    if is_taken:
        assert parse(text)[0].return_path == return_path
    else:
        with pytest.raises(ConfigError, match="return_path"):
            parse(text)
