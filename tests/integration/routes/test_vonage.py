"""The Vonage route: what it sends, and what the parts of an answer mean."""

import re
from typing import Any

import pytest

from rollcall.errors import (
    ConfigError,
    OutcomeUnknownError,
    RecipientError,
    RouteError,
    SendError,
)
from rollcall.routes.base import Acceptance
from rollcall.routes.registry import build_route, read_route_settings
from rollcall.routes.sms.vonage_codes import SUBMIT_CODES
from tests.integration.routes.provider_server import Reply, Seen, read_seen
from tests.integration.routes.sms_providers import (
    ENTRIES,
    NUMBER,
    OURS,
    PROVIDERS,
    PUBLIC_URL,
    SECRET,
    as_json,
    open_provider,
    submission,
)

VONAGE = PROVIDERS[1]
NASTY = 'Flood &to=+1 "}]}, {to} \r\nX-Evil: 1 洪水 %00+'

PERMANENT = {"7", "33"}
THROTTLED = {"1", "10"}
UNKNOWN = {"5"}


async def submit_and_see(text: str = NASTY, **changes: Any) -> Seen:
    async with open_provider("vonage", VONAGE.taken, **changes) as (route, server):
        await route.submit(submission(text))
    return read_seen(server.seen[0])


def answer(*parts: dict[str, Any]) -> Reply:
    return as_json({"message-count": str(len(parts)), "messages": list(parts)})


async def submit_failing(reply: Reply) -> SendError:
    async with open_provider("vonage", reply) as (route, _):
        with pytest.raises(SendError) as caught:
            await route.submit(submission())
    return caught.value


async def test_form_carries_the_text_whatever_is_in_it() -> None:
    seen = await submit_and_see(validity_s=600)
    assert (seen.method, seen.target) == ("POST", "/sms/json")
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen.form == {
        "from": OURS.removeprefix("+"),
        "to": NUMBER.removeprefix("+"),
        "text": NASTY,
        "type": "unicode",
        "client-ref": "a-1",
        "callback": f"{PUBLIC_URL}/receipts/bravo/{SECRET}",
        "ttl": "600000",
    }
    assert seen.signed_in == "abcd1234:abcdef0123456789"


async def test_fields_keep_to_the_limits_that_vonage_describes() -> None:
    """`sms.yml` of Vonage's API descriptions: digits of `to`, length of `client-ref`, `ttl`."""
    form = (await submit_and_see(validity_s=20)).form
    assert re.fullmatch(r"\d{7,15}", form["to"])
    assert len(form["client-ref"]) <= 40
    assert 20_000 <= int(form["ttl"]) <= 604_800_000


@pytest.mark.parametrize(("text", "kind"), [("Löwe {1} €", "text"), ("洪水", "unicode")])
async def test_text_outside_gsm_says_so(text: str, kind: str) -> None:
    assert (await submit_and_see(text)).form["type"] == kind


async def test_without_receipts_no_callback_is_asked_for() -> None:
    form = (await submit_and_see(receipt_secret=None)).form
    assert "callback" not in form
    assert "ttl" not in form


def test_address_that_vonage_would_refuse_is_told_at_start() -> None:
    entry = {"id": "bravo", "kind": "vonage", "receipt_secret": "s" * 60}
    settings = read_route_settings(ENTRIES["vonage"] | entry)
    with pytest.raises(ConfigError, match=r"bravo.*characters") as caught:
        build_route(settings, None, PUBLIC_URL)
    assert "ssss" not in str(caught.value)


@pytest.mark.parametrize("code", sorted(SUBMIT_CODES))
async def test_status_of_a_refusal_means(code: str) -> None:
    error = await submit_failing(VONAGE.refuse(code))
    assert error.provider_code == code
    assert isinstance(error, RecipientError) == (code in PERMANENT)
    assert isinstance(error, OutcomeUnknownError) == (code in UNKNOWN)
    if isinstance(error, RouteError):
        assert error.fault == ("throttled" if code in THROTTLED else "rejected")


async def test_throttling_inside_http_200_tells_its_wait() -> None:
    text = "Throughput Rate Exceeded - please wait [ 250 ] and retry"
    error = await submit_failing(answer({"status": "1", "error-text": text}))
    assert isinstance(error, RouteError)
    assert (error.fault, error.retry_after_s) == ("throttled", 0.25)


async def test_long_text_is_taken_when_every_part_is() -> None:
    parts = ({"status": "0", "message-id": f"0A0{number}"} for number in (1, 2, 3))
    async with open_provider("vonage", answer(*parts)) as (route, _):
        assert await route.submit(submission()) == Acceptance("0A01", "200")


@pytest.mark.parametrize("other", [{"status": "1"}, {"status": "6"}, {}, {"status": None}])
async def test_long_text_that_was_taken_in_part_is_unknown(other: dict[str, Any]) -> None:
    """A part of it is on its way: to call it refused would send it twice."""
    part = {"status": "0", "message-id": "0A01"}
    for parts in ((part, other), (other, part)):
        assert isinstance(await submit_failing(answer(*parts)), OutcomeUnknownError)


async def test_long_text_of_which_no_part_was_taken_is_refused() -> None:
    error = await submit_failing(answer({"status": "9"}, {"status": "9"}))
    assert isinstance(error, RouteError)
    assert (error.fault, error.provider_code) == ("rejected", "9")


async def test_check_asks_for_the_balance() -> None:
    async with open_provider("vonage", Reply(200)) as (route, server):
        await route.check()
    seen = read_seen(server.seen[0])
    assert (seen.method, seen.target) == ("GET", "/account/get-balance")
    assert seen.signed_in == "abcd1234:abcdef0123456789"
