"""The Telnyx route: requests against what Telnyx's own SDK sends, codes, keys, and look-ups."""

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import telnyx

from rollcall.domain.receipts import Receipt
from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Submission
from rollcall.routes.sms.telnyx_codes import SUBMIT_CODES
from tests.integration.routes.provider_server import Answering, Reply, Seen, read_seen
from tests.integration.routes.scripted import serve_script
from tests.integration.routes.sms_providers import (
    NUMBER,
    OURS,
    PROVIDERS,
    PUBLIC_URL,
    SECRET,
    as_json,
    open_provider,
    submission,
)

TELNYX = PROVIDERS[2]
SENT_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
NASTY = 'Flood &to=+1 "}]}, {to} \r\nX-Evil: 1 洪水 %00+'
WEBHOOK = f"{PUBLIC_URL}/receipts/bravo/{SECRET}?ref=d-1"

PERMANENT = {"10002", "40001", "40012", "40300", "40310"}
THROTTLED = {"10011", "40011", "40016", "40018", "40318"}
UNKNOWN = {"10007", "10008"}
TEMPORARY = {"40320"}


async def submit_and_see(*submissions: Submission, **changes: Any) -> list[Seen]:
    async with open_provider("telnyx", TELNYX.taken, **changes) as (route, server):
        for each in submissions or (submission(NASTY),):
            await route.submit(each)
    return [read_seen(request) for request in server.seen]


async def test_document_carries_the_text_whatever_is_in_it() -> None:
    (seen,) = await submit_and_see(messaging_profile_id="4000eba1")
    assert (seen.method, seen.target) == ("POST", "/v2/messages")
    assert seen.headers["authorization"] == "Bearer KEY0123"
    assert json.loads(seen.body) == {
        "to": NUMBER,
        "from": OURS,
        "text": NASTY,
        "type": "SMS",
        "messaging_profile_id": "4000eba1",
        "webhook_url": WEBHOOK,
    }


async def test_submit_is_what_telnyxs_sdk_sends() -> None:
    (seen,) = await submit_and_see()
    key = seen.headers["idempotency-key"]
    async with serve_script(Answering(TELNYX.taken)) as server:
        address = f"http://127.0.0.1:{server.port}/v2"

        def send() -> None:
            with telnyx.Telnyx(api_key="KEY0123", base_url=address, max_retries=0) as client:
                client.messages.send(
                    to=NUMBER,
                    from_=OURS,
                    text=NASTY,
                    type="SMS",
                    webhook_url=WEBHOOK,
                    idempotency_key=key,
                )

        await asyncio.to_thread(send)
        theirs = read_seen(server.seen[0])
    assert (seen.method, seen.target) == (theirs.method, theirs.target)
    assert json.loads(seen.body) == json.loads(theirs.body)
    for name in ("authorization", "content-type", "idempotency-key"):
        assert seen.headers[name] == theirs.headers[name]


async def test_repeat_is_the_same_to_the_byte() -> None:
    """Else Telnyx refuses it with 422, instead of answering as before."""
    first, second = await submit_and_see(submission(attempt=1), submission(attempt=2))
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


async def test_key_is_one_that_telnyx_takes_and_each_delivery_has_its_own() -> None:
    other = Submission("d-2", "a-1", "d-2-route.one", NUMBER, "Flood")
    first, second = await submit_and_see(submission(), other)
    keys = [seen.headers["idempotency-key"] for seen in (first, second)]
    assert all(re.fullmatch(r"[A-Za-z0-9_:-]{1,255}", key) for key in keys)
    assert keys[0] != keys[1]


async def test_without_keys_each_try_has_a_reference_of_its_own() -> None:
    first, second = await submit_and_see(
        submission(attempt=1), submission(attempt=2), honours_idempotency_key=False
    )
    assert "idempotency-key" not in first.headers
    addresses = [json.loads(seen.body)["webhook_url"] for seen in (first, second)]
    assert [address.rpartition("=")[2] for address in addresses] == ["a-1", "a-2"]


async def test_without_receipts_no_webhook_is_asked_for() -> None:
    (seen,) = await submit_and_see(receipt_secret=None)
    assert "webhook_url" not in json.loads(seen.body)


async def submit_failing(reply: Reply) -> SendError:
    async with open_provider("telnyx", reply) as (route, _):
        with pytest.raises(SendError) as caught:
            await route.submit(submission())
    return caught.value


@pytest.mark.parametrize("code", sorted(SUBMIT_CODES))
async def test_code_of_a_refusal_means(code: str) -> None:
    error = await submit_failing(TELNYX.refuse(code))
    assert error.provider_code == code
    assert isinstance(error, RecipientError) == (code in PERMANENT)
    assert isinstance(error, OutcomeUnknownError) == (code in UNKNOWN)
    if isinstance(error, RouteError):
        by_set = {"throttled": THROTTLED, "temporary": TEMPORARY}
        expected = [fault for fault, codes in by_set.items() if code in codes] or ["rejected"]
        assert [error.fault] == expected


async def test_key_that_is_still_in_use_is_unknown() -> None:
    """The first request under it is not finished, and may yet send the message."""
    assert isinstance(await submit_failing(Reply(409)), OutcomeUnknownError)


async def test_message_taken_with_an_error_is_unknown() -> None:
    taken = as_json({"data": {"id": "40385f64"}, "errors": [{"code": "49999"}]})
    assert isinstance(await submit_failing(taken), OutcomeUnknownError)


def message(status: str, **changes: Any) -> Reply:
    recipient = {"phone_number": NUMBER, "status": status}
    return as_json({"data": {"id": "40385f64", "to": [recipient], "errors": []} | changes})


async def look_up(reply: Reply, provider_id: str | None) -> tuple[Receipt | None, list[Seen]]:
    async with open_provider("telnyx", reply) as (route, server):
        receipt = await route.look_up(submission(), provider_id, SENT_AT)
    return receipt, [read_seen(request) for request in server.seen]


async def test_known_id_is_asked_for() -> None:
    reply = message("delivered", completed_at="2026-11-23T06:00:09Z")
    receipt, (seen,) = await look_up(reply, "40385f64")
    assert (seen.method, seen.target) == ("GET", "/v2/messages/40385f64")
    assert seen.headers["authorization"] == "Bearer KEY0123"
    assert receipt == Receipt(
        "delivered", "a-1", "40385f64", "handset", occurred_at=SENT_AT.replace(second=9)
    )


async def test_failed_message_is_told_with_its_code() -> None:
    receipt, _ = await look_up(message("delivery_failed", errors=[{"code": "40001"}]), "40385f64")
    assert receipt == Receipt("failed", "a-1", "40385f64", is_permanent=True, code="40001")


async def test_without_an_id_nobody_is_asked() -> None:
    assert await look_up(message("delivered"), None) == (None, [])


async def test_id_cannot_leave_its_place_in_the_address() -> None:
    _, (seen,) = await look_up(message("delivered"), "../balance?x=1")
    assert seen.target == "/v2/messages/..%2Fbalance%3Fx%3D1"


@pytest.mark.parametrize(
    "reply", [Reply(404), Reply(200, b"<html>"), message("misted"), Reply(200, b'{"data": {}}')]
)
async def test_answer_that_tells_nothing_is_no_receipt(reply: Reply) -> None:
    assert (await look_up(reply, "40385f64"))[0] is None


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(401), RouteError),
        (Reply(429), RouteError),
        (Reply(500), OutcomeUnknownError),
        (None, OutcomeUnknownError),
    ],
)
async def test_look_up_that_fails_raises(reply: Reply, error: type[SendError]) -> None:
    with pytest.raises(error):
        await look_up(reply, "40385f64")
