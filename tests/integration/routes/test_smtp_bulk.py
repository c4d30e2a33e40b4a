"""Mails handed over together: what each of them came to, however a connection ends."""

import asyncio
from typing import Any

import pytest

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance, BulkRoute, Submission
from rollcall.routes.email.smtp import SmtpRoute
from tests.integration.routes.mail_scripts import (
    HOLD,
    PIPELINING,
    RESET,
    MailScript,
    open_route,
    submission,
    unusual,
)
from tests.integration.routes.scripted import ScriptedServer
from tests.ports import find_free_port

OFFERS_DSN = "250-sandbox\r\n250-PIPELINING\r\n250 DSN"


def mails(count: int) -> list[Submission]:
    return [submission(f"p{n}@example.net", n) for n in range(1, count + 1)]


def tell(results: list[Acceptance | SendError]) -> list[str]:
    """Name what each came to in one word."""
    words = []
    for result in results:
        match result:
            case Acceptance():
                words.append("accepted")
            case RouteError():
                words.append(result.fault)
            case _:
                words.append("unknown" if isinstance(result, OutcomeUnknownError) else "refused")
    return words


def sent_ids(server: ScriptedServer) -> list[str]:
    """Return the ids of the messages whose content reached the server, in order."""
    heads = [line for line in server.seen if line.startswith(b"Message-ID: <")]
    return [line.split(b"<")[1].split(b"@")[0].decode() for line in heads]


@pytest.fixture(autouse=True, params=["one by one", "pipelined"])
def _hello(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pipelined":
        monkeypatch.setattr(MailScript, "hello", PIPELINING)


async def test_batch_goes_over_one_connection_where_only_one_is_allowed() -> None:
    async with open_route(MailScript(), max_connections=1) as (route, server):
        assert isinstance(route, BulkRoute)
        results = await route.submit_bulk(mails(50))
    assert tell(results) == ["accepted"] * 50
    assert server.connection_count == 1
    assert sent_ids(server) == [f"d-{n}" for n in range(1, 51)]


async def test_batch_shares_the_connections_that_are_free() -> None:
    async with open_route(MailScript(), max_connections=4) as (route, server):
        assert tell(await route.submit_bulk(mails(50))) == ["accepted"] * 50
        assert tell(await route.submit_bulk(mails(4))) == ["accepted"] * 4
    assert server.connection_count == 4
    assert sorted(sent_ids(server)) == sorted([s.delivery_id for s in mails(50) + mails(4)])


async def test_each_message_gets_the_answer_that_was_meant_for_it() -> None:
    script = MailScript({(b"MAIL", 2): "451 4.3.0 later", (b"MAIL", 4): "553 5.1.8 not you"})
    async with open_route(script, max_connections=1) as (route, server):
        results = await route.submit_bulk([submission("nobody"), *mails(6)])
    expected = ["refused", "accepted", "temporary", "accepted", "rejected", "accepted", "accepted"]
    assert tell(results) == expected
    assert sent_ids(server) == ["d-1", "d-3", "d-5", "d-6"]


async def test_only_the_message_without_an_answer_is_unknown() -> None:
    async with open_route(unusual(b".", RESET, nth=2), max_connections=1) as (route, server):
        results = await route.submit_bulk(mails(3))
    assert tell(results) == ["accepted", "unknown", "accepted"]
    assert sent_ids(server) == ["d-1", "d-2", "d-3"]
    assert server.connection_count == 2


async def test_silence_after_the_final_dot_leaves_the_rest_certainly_not_sent() -> None:
    async with open_route(unusual(b".", HOLD, nth=2), max_connections=1) as (route, server):
        results = await route.submit_bulk(mails(4))
    assert tell(results) == ["accepted", "unknown", "unavailable", "unavailable"]
    assert sent_ids(server) == ["d-1", "d-2"]


@pytest.mark.parametrize("parting", ["421 4.7.0 Enough for one connection", RESET])
async def test_limit_of_messages_per_connection_costs_no_message(parting: str) -> None:
    script = MailScript({(b"MAIL", 4): parting}, counts_anew=True)
    async with open_route(script, max_connections=1) as (route, server):
        results = await route.submit_bulk(mails(10))
    assert tell(results) == ["accepted"] * 10
    assert sent_ids(server) == [f"d-{n}" for n in range(1, 11)]
    assert server.connection_count == 4


async def test_server_that_is_busy_is_asked_once_for_the_whole_batch() -> None:
    script = MailScript(greeting="421 4.7.0 Too many connections")
    async with open_route(script, max_connections=1) as (route, server):
        results = await route.submit_bulk(mails(20))
    assert tell(results) == ["throttled"] * 20
    assert server.connection_count == 1


async def test_server_that_parts_at_every_recipient_is_left_alone() -> None:
    script = MailScript({(b"RCPT", 1): "421 4.7.0 Too fast"}, counts_anew=True)
    async with open_route(script, max_connections=1) as (route, server):
        results = await route.submit_bulk(mails(20))
    assert tell(results) == ["throttled"] * 20
    assert server.connection_count == 3


async def test_server_that_is_not_there_gets_nothing() -> None:
    async with open_route(MailScript(), port=find_free_port()) as (route, server):
        results = await route.submit_bulk(mails(20))
    assert tell(results) == ["unavailable"] * 20
    assert server.connection_count == 0


async def test_one_message_that_kills_connections_does_not_cost_the_others() -> None:
    async with open_route(MailScript(dies_at=b"RCPT TO:<p3@"), max_connections=1) as (
        route,
        server,
    ):
        results = await route.submit_bulk(mails(6))
    assert tell(results) == ["accepted", "accepted", "unavailable", *["accepted"] * 3]
    assert "d-3" not in sent_ids(server)


async def test_server_slower_than_the_batch_is_not_held_for_ever() -> None:
    changes: dict[str, Any] = {"connect_timeout_s": 0.2, "max_connections": 1}
    async with open_route(MailScript(delay_s=0.2), **changes) as (route, server):
        results = tell(await route.submit_bulk(mails(20)))
    assert set(results) == {"accepted", "throttled"}
    accepted_count = results.count("accepted")
    assert 2 <= accepted_count <= 5
    assert results == ["accepted"] * accepted_count + ["throttled"] * (20 - accepted_count)
    assert len(sent_ids(server)) == accepted_count


async def test_batches_and_single_mails_never_exceed_the_connections() -> None:
    async with open_route(MailScript(), max_connections=3, answer_timeout_s=5) as (route, server):
        await asyncio.gather(
            *(route.submit_bulk(mails(20)) for _ in range(5)),
            *(route.submit(submission()) for _ in range(20)),
        )
    assert server.connection_count == 3
    assert len(sent_ids(server)) == 120


async def test_cancelled_batch_leaves_no_connection_behind() -> None:
    async with open_route(unusual(b".", HOLD), answer_timeout_s=30) as (route, server):
        task = asyncio.create_task(route.submit_bulk(mails(20)))
        await server.wait_until_seen_line(b".")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.wait_until_closed()
        await _hold_every_place(route)


async def test_only_codes_of_replies_are_told() -> None:
    async with open_route(unusual(b"RCPT", "550 5.1.1 <p1@example.net>")) as (route, _):
        [refused] = await route.submit_bulk(mails(1))
    assert isinstance(refused, RecipientError)
    assert "p1" not in str(refused)


async def test_dsn_gets_the_attempt_and_the_return_path_carries_it_too() -> None:
    path = "bounces+{attempt}@bounces.example.org"
    script = unusual(b"EHLO", OFFERS_DSN)
    async with open_route(script, return_path=path) as (route, server):
        await route.submit(submission())
    expected = b"MAIL FROM:<bounces+a-1@bounces.example.org> RET=HDRS ENVID=a-1@example.org"
    assert expected in server.seen
    assert b"From: Crisis Team <crisis@example.org>" in server.seen


async def _hold_every_place(route: SmtpRoute) -> None:
    """Fails if a place was lost: the route has twenty, and all of them can be had at once."""
    results = await asyncio.wait_for(
        asyncio.gather(*(route.submit(submission("p@example.net", n)) for n in range(20)),
                       return_exceptions=True), 60,
    )  # fmt: skip
    assert len(results) == 20
