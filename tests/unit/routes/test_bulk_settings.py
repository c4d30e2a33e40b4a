"""Settings of the routes with bulk endpoints, as their pages show them."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from rollcall.errors import ConfigError
from rollcall.routes.config import parse_routes
from rollcall.routes.registry import build_route, read_route_settings
from rollcall.routes.sms.infobip import InfobipSettings
from rollcall.routes.sms.sinch import SinchSettings
from tests.architecture.project import PROJECT

INFOBIP: dict[str, Any] = {
    "id": "bravo",
    "kind": "infobip",
    "base_url": "https://xyz123.api.infobip.com",
    "api_key": "key",
    "sender": "Rollcall",
}
SINCH: dict[str, Any] = {
    "id": "charlie",
    "kind": "sinch",
    "service_plan_id": "plan",
    "api_token": "token",
    "sender": "12025550100",
}
RECEIPTS = {"receipt_secret": "s" * 16}


def read_example(name: str) -> str:
    page = (PROJECT / f"docs/routes/{name}.md").read_text("utf-8")
    found = re.search(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("name", "settings_type"), [("infobip", InfobipSettings), ("sinch", SinchSettings)]
)
def test_example_on_the_page_makes_a_route(name: str, settings_type: type) -> None:
    text = read_example(name)
    secrets = dict.fromkeys(re.findall(r"env:(\w+)", text), "x" * 32)
    (settings,) = parse_routes(text, "example", secrets)
    assert isinstance(settings, settings_type)
    assert settings.receipts == "handset"
    assert settings.answers_lookups
    route = build_route(settings)
    assert (route.route_id, route.channel) == (name, "sms")
    assert len(secrets) == 3


@pytest.mark.parametrize("secret", [r'"env:\w+"', r'"env:ROLLCALL_SECRET_\w+_PATH"'])
@pytest.mark.parametrize("name", ["infobip", "sinch"])
def test_secret_that_is_not_set_is_told_by_name(name: str, secret: str) -> None:
    text = read_example(name)
    missing = re.findall(secret, text)[-1].strip('"').removeprefix("env:")
    secrets = {each: "x" * 32 for each in re.findall(r"env:(\w+)", text) if each != missing}
    with pytest.raises(ConfigError, match=f"the secret {missing} is not set"):
        parse_routes(text, "example", secrets)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (INFOBIP | RECEIPTS, "receipt_secret needs webhook_username and webhook_password"),
        (INFOBIP | RECEIPTS | {"webhook_username": "u"}, "receipt_secret needs"),
        (INFOBIP | RECEIPTS | {"webhook_password": "p"}, "receipt_secret needs"),
        (INFOBIP | {"webhook_username": "u:v", "webhook_password": "p"}, "no colon"),
        (INFOBIP | {"bulk_size": 1001}, "less than or equal to 1000"),
        (INFOBIP | {"bulk_size": 0}, "greater than or equal to 1"),
        (INFOBIP | {"answers_lookups": False}, "receipts need a receipt_secret"),
        (SINCH | RECEIPTS, "receipt_secret needs webhook_secret"),
        (SINCH | {"service_plan_id": "a/../b"}, "match pattern"),
        (SINCH | {"sender": ""}, "at least 1 character"),
    ],
)
def test_mistake_is_told(entry: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        read_route_settings(entry)


def test_only_infobip_recognises_a_repeat() -> None:
    assert read_route_settings(INFOBIP).honours_idempotency_key
    assert not read_route_settings(SINCH).honours_idempotency_key


@pytest.mark.parametrize("entry", [INFOBIP, SINCH])
def test_secrets_are_never_shown(entry: dict[str, Any]) -> None:
    told = {"webhook_password": "hidden", "webhook_username": "u"} if entry is INFOBIP else {}
    secret = {"api_key": "hidden"} if entry is INFOBIP else {"api_token": "hidden"}
    assert "hidden" not in repr(read_route_settings(entry | told | secret))


@pytest.mark.parametrize("entry", [INFOBIP, SINCH])
def test_try_may_last_for_a_bulk_and_for_its_messages_alone(entry: dict[str, Any]) -> None:
    settings = read_route_settings(entry | {"connect_timeout_s": 1, "answer_timeout_s": 10})
    assert settings.longest_try_s == 62.0
