"""The Twilio route: requests against Twilio's own description of them, codes, and look-ups."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest
from twilio.http.response import Response  # type: ignore[import-untyped] # it ships no hints
from twilio.rest import Client  # type: ignore[import-untyped] # it ships no hints

from rollcall.domain.receipts import Receipt
from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.sms.twilio_codes import SUBMIT_CODES
from tests.integration.routes.openapi import open_paths, read_description
from tests.integration.routes.provider_server import Reply, Seen, read_seen
from tests.integration.routes.sms_providers import (
    ACCOUNT,
    NUMBER,
    OURS,
    PROVIDERS,
    PUBLIC_URL,
    SECRET,
    SID,
    TOKEN,
    FixedClock,
    as_json,
    open_provider,
    submission,
)

TWILIO = PROVIDERS[0]
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
DESCRIBED = tuple(
    f"/2010-04-01/Accounts/{{AccountSid}}/{path}"
    for path in ("Messages.json", "Messages/{Sid}.json")
)
SENT_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
LATER = FixedClock(SENT_AT + timedelta(minutes=5))
NASTY = 'Flood &To=+1 "}]}, {to} \r\nX-Evil: 1 洪水 %00+'

PERMANENT = {"21211", "21217", "21610", "21614", "21635"}
THROTTLED = {"14107", "20429", "21611", "30001", "30022", "63017"}


@pytest.fixture(scope="module")
def described() -> OpenAPI:
    return open_paths(read_description("twilio_api_v2010.json"), DESCRIBED)


def as_described(seen: Seen) -> MockRequest:
    """Put a request before openapi-core, as if it had gone to Twilio."""
    return MockRequest(
        "https://api.twilio.com",
        seen.method.lower(),
        seen.path,
        args=seen.query,
        headers=seen.headers,
        data=seen.body or None,
        content_type=seen.headers.get("content-type", "application/json"),
    )


async def submit_and_see(**changes: Any) -> Seen:
    async with open_provider("twilio", TWILIO.taken, **changes) as (route, server):
        await route.submit(submission(NASTY))
    return read_seen(server.seen[0])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"validity_s": 3600},
        {"sender": None, "messaging_service_sid": "MG" + "0e" * 16},
        {"receipt_secret": None},
    ],
)
async def test_submit_is_as_twilio_describes_it(described: OpenAPI, changes: Any) -> None:
    described.validate_request(as_described(await submit_and_see(**changes)))


async def test_the_description_would_refuse_a_wrong_submit(described: OpenAPI) -> None:
    seen = await submit_and_see()
    without_to = seen.body.replace(b"To=", b"Towards=")
    with pytest.raises(OpenAPIError):
        described.validate_request(
            as_described(Seen(seen.method, seen.target, seen.headers, without_to))
        )
    unsigned = {"content-type": seen.headers["content-type"]}
    with pytest.raises(OpenAPIError):
        described.validate_request(
            as_described(Seen(seen.method, seen.target, unsigned, seen.body))
        )


async def test_form_carries_the_text_whatever_is_in_it() -> None:
    seen = await submit_and_see(validity_s=600)
    assert (seen.method, seen.target) == ("POST", f"{MESSAGES}.json")
    assert seen.form == {
        "To": NUMBER,
        "From": OURS,
        "Body": NASTY,
        "StatusCallback": f"{PUBLIC_URL}/receipts/bravo/{SECRET}?ref=a-1",
        "ValidityPeriod": "600",
    }
    assert seen.signed_in == f"{ACCOUNT}:{TOKEN}"


async def test_without_receipts_no_callback_is_asked_for() -> None:
    assert "StatusCallback" not in (await submit_and_see(receipt_secret=None)).form


async def test_api_key_signs_in_instead_of_the_token() -> None:
    key = "SK" + "0d" * 16
    seen = await submit_and_see(api_key_sid=key, api_key_secret="s3cret")
    assert seen.signed_in == f"{key}:s3cret"


class Recorder:
    """Takes the place of the network below Twilio's SDK."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def request(self, method: str, url: str, **asked: Any) -> Any:
        self.asked = {"method": method, "url": url, **asked}
        return Response(201, json.dumps({"sid": SID}))


async def test_submit_is_what_twilios_sdk_sends() -> None:
    recorder = Recorder()
    Client(ACCOUNT, TOKEN, http_client=recorder).messages.create(
        to=NUMBER,
        from_=OURS,
        body=NASTY,
        status_callback=f"{PUBLIC_URL}/receipts/bravo/{SECRET}?ref=a-1",
    )
    seen, asked = await submit_and_see(), recorder.asked
    assert (seen.method, seen.form) == (asked["method"], asked["data"])
    assert asked["url"] == f"https://api.twilio.com{seen.target}"
    assert seen.signed_in == ":".join(asked["auth"])


@pytest.mark.parametrize("code", sorted(SUBMIT_CODES))
async def test_code_of_a_refusal_means(code: str) -> None:
    async with open_provider("twilio", TWILIO.refuse(code)) as (route, _):
        with pytest.raises(SendError) as caught:
            await route.submit(submission())
    assert caught.value.provider_code == code
    assert isinstance(caught.value, RecipientError) == (code in PERMANENT)
    if isinstance(caught.value, RouteError):
        assert caught.value.fault == ("throttled" if code in THROTTLED else "rejected")


async def test_message_taken_with_an_error_is_unknown() -> None:
    taken = as_json({"sid": SID, "error_code": 30999}, 201)
    async with open_provider("twilio", taken) as (route, _):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(submission())


def message(**changes: Any) -> dict[str, Any]:
    plain = {
        "sid": SID,
        "to": NUMBER,
        "body": "Flood: leave now",
        "status": "delivered",
        "error_code": None,
        "date_created": format_datetime(SENT_AT + timedelta(seconds=2)),
        "date_sent": None,
        "date_updated": format_datetime(SENT_AT + timedelta(seconds=9)),
    }
    return plain | changes


def page(messages: Iterable[dict[str, Any]], more: str | None = None) -> Reply:
    return as_json({"messages": list(messages), "next_page_uri": more, "page_size": 1000})


async def look_up(
    reply: Reply, provider_id: str | None = None, clock: FixedClock = LATER, **changes: Any
) -> tuple[Receipt | None, Seen]:
    async with open_provider("twilio", reply, clock=clock, **changes) as (route, server):
        receipt = await route.look_up(submission(), provider_id, SENT_AT)
    return receipt, read_seen(server.seen[0])


@pytest.mark.parametrize(
    ("reply", "provider_id"), [(as_json(message()), SID), (page([message()]), None)]
)
async def test_look_up_is_as_twilio_describes_it(
    described: OpenAPI, reply: Reply, provider_id: str | None
) -> None:
    _, seen = await look_up(reply, provider_id)
    described.validate_request(as_described(seen))


async def test_known_id_is_asked_for() -> None:
    receipt, seen = await look_up(as_json(message()), SID)
    assert seen.target == f"{MESSAGES}/{SID}.json"
    assert receipt == Receipt(
        "delivered", "a-1", SID, "handset", occurred_at=SENT_AT + timedelta(seconds=9)
    )


async def test_failed_message_is_told_with_its_code() -> None:
    receipt, _ = await look_up(as_json(message(status="undelivered", error_code=30005)), SID)
    assert receipt is not None
    assert (receipt.state, receipt.is_permanent, receipt.code) == ("failed", True, "30005")


async def test_id_that_twilio_does_not_know_tells_nothing() -> None:
    """It may have been deleted; only the list can say that there never was one."""
    assert (await look_up(Reply(404, b'{"code": 20404}'), SID))[0] is None


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(401, b'{"code": 20003}'), RouteError),
        (Reply(429, b'{"code": 20429}'), RouteError),
        (Reply(503), OutcomeUnknownError),
        (None, OutcomeUnknownError),
    ],
)
@pytest.mark.parametrize("provider_id", [SID, None])
async def test_look_up_that_fails_raises(
    reply: Reply, error: type[SendError], provider_id: str | None
) -> None:
    async with open_provider("twilio", reply) as (route, _):
        with pytest.raises(error):
            await route.look_up(submission(), provider_id, SENT_AT)


async def test_lost_message_is_found_by_number_text_and_time() -> None:
    receipt, seen = await look_up(page([message(status="queued")]))
    assert parse_qs(seen.target.partition("?")[2]) == {"To": [NUMBER], "PageSize": ["1000"]}
    assert receipt is not None
    assert (receipt.state, receipt.provider_id, receipt.reference) == ("accepted", SID, "a-1")


async def test_of_several_the_nearest_in_time_is_taken() -> None:
    near = message(sid="SM-near", date_created=format_datetime(SENT_AT + timedelta(seconds=1)))
    early = message(sid="SM-early", date_created=format_datetime(SENT_AT - timedelta(seconds=50)))
    for messages in ([near, early], [early, near]):
        receipt, _ = await look_up(page(messages))
        assert receipt is not None
        assert receipt.provider_id == "SM-near"


async def test_empty_list_proves_that_nothing_was_sent() -> None:
    assert (await look_up(page([])))[0] == Receipt("missing", "a-1")


async def test_old_messages_to_the_number_do_not_hide_that_nothing_was_sent() -> None:
    old = message(date_created=format_datetime(SENT_AT - timedelta(hours=1)))
    assert (await look_up(page([old])))[0] == Receipt("missing", "a-1")


@pytest.mark.parametrize(
    "reply",
    [
        page([message(body="Flood: leave now ")]),
        page([message(date_created=format_datetime(SENT_AT + timedelta(hours=1)))]),
        page([message(date_created="yesterday")]),
        page([message(date_created=None)]),
        page([], more="/2010-04-01/…&Page=1"),
        page([message(status="misted")]),
        Reply(404),
        Reply(200, b"<html>hotel</html>"),
        Reply(200, b'{"messages": {}}'),
        Reply(200, b'{"messages": [7]}'),
    ],
)
async def test_list_that_leaves_a_doubt_proves_nothing(reply: Reply) -> None:
    assert (await look_up(reply))[0] is None


async def test_empty_list_proves_nothing_at_once() -> None:
    """The list may lag behind: to believe it too early would send twice."""
    soon = FixedClock(SENT_AT + timedelta(seconds=59))
    assert (await look_up(page([]), clock=soon))[0] is None
    then = FixedClock(SENT_AT + timedelta(seconds=60))
    assert (await look_up(page([]), clock=then))[0] == Receipt("missing", "a-1")
