"""The Mailgun route against a scripted Mailgun: what arrives there, and what each answer is."""

import base64
import json
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from rollcall.domain.receipts import Receipt
from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance, AskableRoute, BulkRoute, Route
from rollcall.routes.callbacks import Callback, CallbackReader, ForgedCallbackError
from rollcall.routes.email.mailgun import MailgunRoute, MailgunSettings
from rollcall.routes.registry import build_route, read_route_settings
from tests.integration.routes.mail_provider import (
    LOST,
    NOW,
    SENDER,
    Answer,
    FixedClock,
    Provider,
    Reply,
    Request,
    serve_provider,
    submission,
)

TAKEN = Reply(200, {"id": "<mg-1@example.org>", "message": "Queued. Thank you."})
ACCEPTED = Acceptance("<mg-1@example.org>", "200")
BAD_ADDRESS = Reply(
    400, {"message": "'to' parameter is not a valid address. please check documentation"}
)
AN_HOUR_AGO = NOW - timedelta(hours=1)
MALFORMED = "p@x..example"


def settings(base_url: str = "https://mailgun.example", **changes: Any) -> MailgunSettings:
    plain: dict[str, Any] = {
        "id": "mg",
        "kind": "mailgun",
        "base_url": base_url,
        "domain": "mg.example.org",
    }
    plain |= {"api_key": "key-1", "sender": SENDER, "answer_timeout_s": 5.0}
    return MailgunSettings.model_validate(plain | changes)


@asynccontextmanager
async def open_route(
    answer: Answer, **changes: Any
) -> AsyncIterator[tuple[MailgunRoute, Provider]]:
    async with serve_provider(answer) as (provider, url):
        route = MailgunRoute(settings(url, **changes), FixedClock())
        yield route, provider
        await route.aclose()


def read_messages(requests: list[Request]) -> dict[str, tuple[str, str, str | None, str]]:
    """Work out what every recipient gets, as Mailgun would; fail if one gets it twice."""
    received: dict[str, tuple[str, str, str | None, str]] = {}
    for request in requests:
        form = request.form()
        people = json.loads(form["recipient-variables"])
        assert form["to"].split(", ") == list(people)
        for address, variables in people.items():
            filled = {
                name: variables[value[11:-1]] if value.startswith("%recipient.") else value
                for name, value in form.items()
            }
            assert address not in received
            received[address] = (
                filled["subject"],
                filled["text"],
                filled.get("html"),
                filled["v:rollcall_attempt"],
            )
    return received


async def test_message_is_handed_over_with_our_key() -> None:
    async with open_route(lambda _: TAKEN) as (route, mailgun):
        assert await route.submit(submission()) == ACCEPTED
    (request,) = mailgun.requests
    assert (request.method, request.target) == ("POST", "/v3/mg.example.org/messages")
    told = base64.b64decode(request.headers["authorization"].removeprefix("Basic "))
    assert told == b"api:key-1"
    assert read_messages([request]) == {"p1@example.org": ("Flood", "Flood: go up.\n", None, "a-1")}


async def test_thousand_own_texts_arrive_once_each_with_one_request() -> None:
    several = [
        submission(n, text=f"Text {n}", html=f"<p>{n}</p>", subject=f"S {n}") for n in range(1000)
    ]
    async with open_route(lambda _: TAKEN) as (route, mailgun):
        outcomes = await route.submit_bulk(several)
    assert outcomes == [ACCEPTED] * 1000
    assert len(mailgun.requests) == 1
    assert read_messages(mailgun.requests) == {
        f"p{n}@example.org": (f"S {n}", f"Text {n}", f"<p>{n}</p>", f"a-{n}") for n in range(1000)
    }


async def test_thousand_of_few_contents_arrive_once_each_with_few_requests() -> None:
    several = [submission(n, text=f"Text {n % 7}") for n in range(1000)]
    async with open_route(lambda _: TAKEN) as (route, mailgun):
        await route.submit_bulk(several)
    assert len(mailgun.requests) == 7
    assert read_messages(mailgun.requests) == {
        f"p{n}@example.org": ("Flood", f"Text {n % 7}", None, f"a-{n}") for n in range(1000)
    }


async def test_two_messages_to_one_address_go_with_two_requests() -> None:
    several = [submission(n, address="p@example.org", text=f"{n}") for n in range(2)]
    async with open_route(lambda _: TAKEN) as (route, mailgun):
        assert await route.submit_bulk(several) == [ACCEPTED] * 2
    assert len(mailgun.requests) == 2


async def test_one_refused_of_many_is_found_and_refused_alone() -> None:
    def answer(request: Request) -> Reply:
        return BAD_ADDRESS if "p42@" in request.form()["to"] else TAKEN

    several = [submission(n, text=f"Text {n}") for n in range(100)]
    async with open_route(answer) as (route, mailgun):
        outcomes = await route.submit_bulk(several)
    refused = [n for n, each in enumerate(outcomes) if isinstance(each, RouteError)]
    assert refused == [42]
    assert sum(each == ACCEPTED for each in outcomes) == 99
    assert len(mailgun.requests) <= 15
    taken = [each for each in mailgun.requests if "p42@" not in each.form()["to"]]
    assert len(read_messages(taken)) == 99


@pytest.mark.parametrize(
    ("reply", "error", "fault"),
    [
        (Reply(400, {"message": "from parameter is missing"}), RouteError, "rejected"),
        (Reply(401, "Forbidden"), RouteError, "rejected"),
        (Reply(402), RouteError, "rejected"),
        (Reply(404, {"message": "Domain not found"}), RouteError, "rejected"),
        (Reply(200, "Mailgun Magnificent API"), RouteError, "rejected"),
        (Reply(429, headers={"Retry-After": "3"}), RouteError, "throttled"),
        (Reply(500), OutcomeUnknownError, None),
        (Reply(503, "<html>"), OutcomeUnknownError, None),
        (Reply(200, "<html>hotel</html>"), OutcomeUnknownError, None),
        (LOST, OutcomeUnknownError, None),
    ],
)
async def test_answer_is_the_outcome_of_one_and_of_all(
    reply: Reply, error: type[SendError], fault: str | None
) -> None:
    async with open_route(lambda _: reply) as (route, mailgun):
        with pytest.raises(error) as caught:
            await route.submit(submission())
        outcomes = await route.submit_bulk([submission(n) for n in range(3)])
    assert getattr(caught.value, "fault", None) == fault
    assert [type(outcome) for outcome in outcomes] == [error] * 3
    assert len(mailgun.requests) == 2


async def test_request_that_is_too_much_goes_in_parts() -> None:
    def answer(request: Request) -> Reply:
        return TAKEN if len(request.body) < 20_000 else Reply(413)

    several = [submission(n, text=f"Text {n} " + "x" * 1000) for n in range(100)]
    async with open_route(answer) as (route, provider):
        outcomes = await route.submit_bulk(several)
    assert {type(outcome) for outcome in outcomes} == {Acceptance}
    taken = [each for each in provider.requests if len(each.body) < 20_000]
    assert len(read_messages(taken)) == 100


async def test_errors_quote_neither_address_nor_text_nor_key() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        route = MailgunRoute(settings(f"http://127.0.0.1:{taken.getsockname()[1]}"))
        for call in (route.submit(submission()), route.look_up(submission(), None, NOW)):
            with pytest.raises(RouteError) as caught:
                await call
            assert caught.value.fault == "unavailable"
            told = "".join(traceback.format_exception(caught.value))
            assert not any(secret in told for secret in ("p1@", "p1%40", "go up", "key-1"))
        await route.aclose()


def answer_search(**found: list[dict[str, Any]]) -> Answer:
    """Answer searches by recipient and by Message-ID from two lists."""

    def answer(request: Request) -> Reply:
        query = parse_qs(urlsplit(request.target).query)
        return Reply(200, {"items": found.get("recipient" if "recipient" in query else "id", [])})

    return answer


def event(kind: str, attempt_id: str = "a-1", **changes: Any) -> dict[str, Any]:
    return {"event": kind, "user-variables": {"rollcall_attempt": attempt_id}} | changes


async def test_mailgun_is_asked_by_our_message_id_then_by_the_address() -> None:
    async with open_route(answer_search()) as (route, mailgun):
        await route.look_up(submission(), "<mg-1@example.org>", AN_HOUR_AGO)
    queries = [parse_qs(urlsplit(each.target).query) for each in mailgun.requests]
    assert [urlsplit(each.target).path for each in mailgun.requests] == [
        "/v3/mg.example.org/events"
    ] * 2
    shared = {"begin": [f"{AN_HOUR_AGO.timestamp() - 300:.0f}"], "ascending": ["yes"]}
    shared |= {"limit": ["300"]}
    assert queries == [
        shared | {"message-id": ["d-1@example.org"]},
        shared | {"recipient": ["p1@example.org"]},
    ]


@pytest.mark.parametrize("found_by", ["id", "recipient"])
@pytest.mark.parametrize(
    ("events", "state", "is_permanent"),
    [
        ([event("accepted")], "accepted", False),
        ([event("accepted"), event("delivered")], "delivered", False),
        ([event("failed", severity="temporary")], "accepted", False),
        ([event("failed", severity="permanent", reason="old")], "failed", False),
        ([event("failed", severity="permanent", reason="bounce")], "failed", True),
        ([event("accepted"), event("delivered", "a-2")], "accepted", False),
    ],
)
async def test_strongest_event_of_the_attempt_is_the_answer(
    found_by: str, events: list[dict[str, Any]], state: str, *, is_permanent: bool
) -> None:
    async with open_route(answer_search(**{found_by: events})) as (route, _):
        receipt = await route.look_up(submission(), None, AN_HOUR_AGO)
    assert receipt is not None
    assert (receipt.state, receipt.is_permanent) == (state, is_permanent)
    assert receipt.reference == "a-1"


async def test_attempt_that_neither_search_finds_is_missing() -> None:
    other_tries = [event("delivered", "a-2"), event("opened")]
    async with open_route(answer_search(id=other_tries)) as (route, _):
        receipt = await route.look_up(submission(), None, AN_HOUR_AGO)
    assert receipt == Receipt("missing", reference="a-1")


@pytest.mark.parametrize("ago", [timedelta(minutes=1), timedelta(days=2)])
async def test_too_soon_or_too_late_nothing_is_said(ago: timedelta) -> None:
    async with open_route(answer_search()) as (route, _):
        assert await route.look_up(submission(), None, NOW - ago) is None


async def test_full_page_proves_nothing() -> None:
    many = [event("delivered", f"b-{n}") for n in range(300)]
    async with open_route(answer_search(recipient=many)) as (route, _):
        assert await route.look_up(submission(), None, AN_HOUR_AGO) is None


async def test_malformed_address_is_told_without_it() -> None:
    async with open_route(answer_search()) as (route, _):
        with pytest.raises(RecipientError) as caught:
            await route.look_up(submission(address=MALFORMED), None, AN_HOUR_AGO)
    assert MALFORMED not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(401), "rejected"),
        (Reply(404), "rejected"),
        (Reply(429), "throttled"),
        (Reply(500), "temporary"),
        (Reply(200, "<html>"), "temporary"),
    ],
)
async def test_mailgun_that_will_not_be_asked_is_told(reply: Reply, fault: str) -> None:
    async with open_route(lambda _: reply) as (route, _):
        with pytest.raises(RouteError) as caught:
            await route.look_up(submission(), None, AN_HOUR_AGO)
    assert caught.value.fault == fault


@pytest.mark.parametrize("status", [200, 404, 405])
async def test_check_sends_nothing(status: int) -> None:
    async with open_route(lambda _: Reply(status)) as (route, mailgun):
        assert await route.check() == f"127.0.0.1 answers ({status})"
    (request,) = mailgun.requests
    assert (request.method, request.target) == ("HEAD", "/v3/mg.example.org/messages")


async def test_check_tells_a_refused_key() -> None:
    async with open_route(lambda _: Reply(401)) as (route, _):
        with pytest.raises(RouteError, match="refuses our credentials"):
            await route.check()


async def test_unsigned_events_are_refused_and_signed_ones_read() -> None:
    route = MailgunRoute(settings(receipt_secret="s" * 16, webhook_signing_key="k"))
    body = json.dumps({"event-data": event("delivered")}).encode()
    callback = Callback("POST", "https://x.example/", {}, body)
    with pytest.raises(ForgedCallbackError):
        route.verify(callback, NOW)
    assert [receipt.reference for receipt in route.read_receipts(callback)] == ["a-1"]
    assert route.read_inbound(callback) == []
    await route.aclose()


async def test_registry_makes_the_route_that_its_entry_describes() -> None:
    entry = settings().model_dump(exclude={"api_key"}) | {"api_key": "key-1"}
    route: Route = build_route(read_route_settings(entry), FixedClock(), "https://x.example")
    assert isinstance(route, MailgunRoute)
    assert isinstance(route, BulkRoute)
    assert isinstance(route, AskableRoute)
    assert isinstance(route, CallbackReader)
    assert (route.channel, route.bulk_size) == ("email", 1000)
    await route.aclose()
    await route.aclose()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"receipt_secret": "s" * 16}, "webhook_signing_key"),
        ({"receipts": "handset", "answers_lookups": True}, "receipts"),
        ({"domain": "mg.example.org/x"}, "domain"),
        ({"sender": "nobody"}, "sender"),
        ({"new": 1}, "new"),
    ],
)
def test_mistake_in_the_settings_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**changes)
