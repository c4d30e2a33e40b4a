"""Settings of the providers of SMS: what is refused at start; the manual's examples work."""

import re
from pathlib import Path
from typing import Any

import pytest

from rollcall.errors import ConfigError
from rollcall.routes.config import parse_routes
from rollcall.routes.registry import build_route, read_route_settings
from tests.people import phone_of

MANUAL = Path(__file__).parents[3] / "docs" / "routes"
SECRET = "0123456789abcdefghij"
PLAIN: dict[str, dict[str, Any]] = {
    "twilio": {"account_sid": "AC" + "0f" * 16, "auth_token": "t", "sender": phone_of(1)},
    "vonage": {"api_key": "abcd1234", "api_secret": "s", "sender": "ACME"},
    "telnyx": {"api_key": "KEY0123", "sender": phone_of(1)},
}
KEY = {"api_key_sid": "SK" + "0d" * 16, "api_key_secret": "s"}
NOT_A_KEY = "AAAA"


@pytest.mark.parametrize("kind", PLAIN)
def test_example_of_the_manual_makes_a_route(kind: str) -> None:
    page = (MANUAL / f"{kind}.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    secrets = dict.fromkeys(re.findall(r"env:(\w+)", example), SECRET)
    (settings,) = parse_routes(example, "example", secrets)
    route = build_route(settings, None, "https://crisis.example.org")
    assert (route.channel, settings.receipts) == ("sms", "handset")


@pytest.mark.parametrize("kind", PLAIN)
def test_least_settings_are_enough(kind: str) -> None:
    settings = read_route_settings({"id": "bravo", "kind": kind} | PLAIN[kind])
    assert settings.channel == "sms"
    assert settings.honours_idempotency_key == (kind == "telnyx")
    assert settings.answers_lookups == (kind != "vonage")


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        ("twilio", {"auth_token": None}, "needs an auth_token, or an API key"),
        ("twilio", {"api_key_sid": KEY["api_key_sid"]}, "go together"),
        ("twilio", {"api_key_secret": "s"}, "go together"),
        ("twilio", {"auth_token": None, "receipt_secret": SECRET} | KEY, "need the auth_token"),
        ("twilio", {"sender": None}, "either a sender or"),
        ("twilio", {"messaging_service_sid": "MG" + "0e" * 16}, "either a sender or"),
        ("twilio", {"account_sid": "AC1"}, "account_sid"),
        ("twilio", {"validity_s": 36_001}, "validity_s"),
        ("vonage", {"receipt_secret": SECRET}, "need signature_secret and signature_method"),
        ("vonage", {"signature_secret": "s"}, "go together"),
        ("vonage", {"signature_method": "md5hash"}, "go together"),
        ("vonage", {"signature_secret": "s", "signature_method": "none"}, "signature_method"),
        ("vonage", {"signature_secret": "", "signature_method": "md5"}, "signature_secret"),
        ("vonage", {"validity_s": 19}, "validity_s"),
        ("vonage", {"sender": ""}, "sender"),
        ("telnyx", {"sender": None}, "needs a sender"),
        ("telnyx", {"receipt_secret": SECRET}, "need the public_key"),
        ("telnyx", {"public_key": NOT_A_KEY}, "no Ed25519 key"),
        ("telnyx", {"public_key": "not Base64!"}, "no Ed25519 key"),
        ("telnyx", {"sendr": "x"}, "sendr"),
    ],
)
def test_mistake_is_told_at_start(kind: str, changes: dict[str, Any], told: str) -> None:
    entry = {"id": "bravo", "kind": kind} | PLAIN[kind] | changes
    lines = [f"{name} = {field!r}" for name, field in entry.items() if field is not None]
    with pytest.raises(ConfigError, match=told):
        parse_routes("\n".join(["[[route]]", *lines]), "routes.toml", {})


@pytest.mark.parametrize("kind", PLAIN)
def test_secrets_are_never_shown(kind: str) -> None:
    secrets = {
        "twilio": {
            "auth_token": "hush",
            "api_key_secret": "hush",
            "api_key_sid": KEY["api_key_sid"],
        },
        "vonage": {"api_secret": "hush", "signature_secret": "hush", "signature_method": "jwt"},
        "telnyx": {"api_key": "hush"},
    }[kind]
    settings = read_route_settings({"id": "bravo", "kind": kind} | PLAIN[kind] | secrets)
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump_json()}"
