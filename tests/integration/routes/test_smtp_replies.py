"""The mail route against a scripted server: where a try breaks off decides what it means.

Every promise holds whether the server offers PIPELINING or not.
"""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError
from rollcall.routes.email.connections import SmtpConnections
from rollcall.routes.email.transaction import Mail, stuff_dots
from tests.integration.routes.mail_scripts import (
    HOLD,
    PIPELINING,
    POLITE,
    RESET,
    MailScript,
    open_route,
    smtp_settings,
    submission,
    unusual,
)
from tests.integration.routes.scripted import Script, ScriptedServer, serve_script


@pytest.fixture(autouse=True, params=["one by one", "pipelined"])
def _hello(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pipelined":
        monkeypatch.setattr(MailScript, "hello", PIPELINING)


async def test_accepted_message_carries_the_queue_id() -> None:
    async with open_route(MailScript()) as (route, server):
        acceptance = await route.submit(submission())
    assert (acceptance.provider_id, acceptance.provider_code) == ("4XYZ", "250")
    assert b"MAIL FROM:<crisis@example.org>" in server.seen
    assert b"RCPT TO:<anna@example.net>" in server.seen
    assert b"Message-ID: <d-1@example.org>" in server.seen


@pytest.mark.parametrize(
    ("script", "fault", "code"),
    [
        (unusual(b"RCPT", "450 4.7.1 Greylisted"), "temporary", "450 4.7.1"),
        (unusual(b"RCPT", "451 later"), "temporary", "451"),
        (unusual(b"RCPT", "550 5.7.1 Relay denied"), "rejected", "550 5.7.1"),
        (unusual(b"RCPT", "550 relay not permitted"), "rejected", "550"),
        (unusual(b"MAIL", "550 5.1.1 Not this sender"), "rejected", "550 5.1.1"),
        (unusual(b"MAIL", "421 4.7.0 Too many"), "throttled", "421 4.7.0"),
        (unusual(b"RCPT", "421 4.7.0 Too many"), "throttled", "421 4.7.0"),
        (unusual(b"DATA", "454 4.7.0 Throttling failure"), "throttled", "454 4.7.0"),
        (unusual(b".", "454 Throttling failure"), "throttled", "454"),
        (unusual(b".", "452 4.3.1 Disk full"), "temporary", "452 4.3.1"),
        (unusual(b".", "554 5.7.1 Looks like spam"), "rejected", "554 5.7.1"),
        (unusual(b"EHLO", "554 Go away"), "rejected", "554"),
        (MailScript(greeting="421 busy"), "throttled", "421"),
        (MailScript(greeting="?!"), "unavailable", "-1"),
        (unusual(b"RCPT", "?!"), "unavailable", "-1"),
    ],
)
async def test_refusal_means_what_its_code_says(script: MailScript, fault: str, code: str) -> None:
    async with open_route(script) as (route, _):
        with pytest.raises(RouteError) as caught:
            await route.submit(submission())
    assert (caught.value.fault, caught.value.provider_code) == (fault, code)
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize(
    "reply", ["550 5.1.1 <anna@example.net> unknown", "556 5.1.10 No mail here"]
)
@pytest.mark.parametrize("verb", [b"RCPT", b"."])
async def test_unknown_mailbox_is_the_recipients_fault(verb: bytes, reply: str) -> None:
    async with open_route(unusual(verb, reply)) as (route, _):
        with pytest.raises(RecipientError) as caught:
            await route.submit(submission())
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["", "anna", "a@b@c", "a b@c.org", "a@c.org\r\nRCPT TO:<b@c.org>"]
)
async def test_malformed_address_never_reaches_the_server(address: str) -> None:
    async with open_route(MailScript()) as (route, server):
        with pytest.raises(RecipientError):
            await route.submit(submission(address))
    assert server.connection_count == 0


@pytest.mark.parametrize("verb", [b"EHLO", b"MAIL", b"RCPT", b"DATA"])
@pytest.mark.parametrize("reply", [RESET, HOLD])
async def test_lost_before_the_message_is_not_sent(verb: bytes, reply: str) -> None:
    async with open_route(unusual(verb, reply)) as (route, server):
        with pytest.raises(RouteError) as caught:
            await route.submit(submission())
    assert caught.value.fault == "unavailable"
    assert not any(line.startswith(b"Message-ID") for line in server.seen)


@pytest.mark.parametrize("reply", [RESET, HOLD, "?!", "354 again?"])
async def test_lost_after_the_final_dot_is_unknown(reply: str) -> None:
    async with open_route(unusual(b".", reply)) as (route, _):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(submission())


async def test_server_that_dawdles_before_the_message_is_not_waited_for() -> None:
    def dawdle(server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 sandbox\r\n")
            while True:
                verb = (await server.read_line(reader)).split(b" ")[0]
                await asyncio.sleep(0.0 if verb == b"EHLO" else 0.2)
                writer.write(f"{POLITE[verb]}\r\n".encode())

        return play

    async with open_route(dawdle, connect_timeout_s=0.2, answer_timeout_s=0.3) as (route, server):
        with pytest.raises(RouteError) as caught:
            await route.submit(submission())
    assert caught.value.fault == "unavailable"
    assert server.seen[-1] == b"DATA"


async def test_implicit_tls_is_spoken_from_the_first_byte(tmp_path: Path) -> None:
    authority, served = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    changes = {"security": "tls", "ca_file": tmp_path / "ca.pem", "answer_timeout_s": 2}
    async with open_route(MailScript(), tls=served, **changes) as (route, _):
        assert (await route.submit(submission())).provider_id == "4XYZ"


async def test_connection_is_used_again() -> None:
    async with open_route(MailScript()) as (route, server):
        for _ in range(5):
            await route.submit(submission())
    assert server.connection_count == 1


async def test_refused_recipient_does_not_cost_the_connection() -> None:
    async with open_route(unusual(b"RCPT", "550 5.1.1 unknown")) as (route, server):
        with pytest.raises(RecipientError):
            await route.submit(submission())
        await route.submit(submission())
    assert server.connection_count == 1


@pytest.mark.parametrize("reply", [RESET, "421 4.4.2 idle for too long"])
async def test_connection_that_died_while_idle_costs_nothing(reply: str) -> None:
    async with open_route(unusual(b"MAIL", reply, nth=2)) as (route, server):
        await route.submit(submission())
        await route.submit(submission())
    assert server.connection_count == 2
    assert server.seen.count(b"Message-ID: <d-1@example.org>") == 2


async def test_connection_idle_for_too_long_is_replaced() -> None:
    async with open_route(MailScript(), keep_idle_s=0) as (route, server):
        await route.submit(submission())
        await route.submit(submission())
    assert server.connection_count == 2


async def test_connections_never_exceed_their_limit() -> None:
    async with open_route(MailScript(), max_connections=3, answer_timeout_s=5) as (route, server):
        await asyncio.gather(*(route.submit(submission()) for _ in range(50)))
    assert server.connection_count == 3


async def test_full_route_is_not_sent() -> None:
    settings = smtp_settings(1, max_connections=1, answer_timeout_s=0.05)
    connections = SmtpConnections(settings, ssl.create_default_context(), "sandbox")
    async with connections.reserve():
        with pytest.raises(RouteError) as caught:
            async with connections.reserve():
                pytest.fail("two had the only place")
    assert caught.value.fault == "unavailable"


async def test_cancelled_submission_leaves_no_half_used_connection() -> None:
    async with open_route(unusual(b".", HOLD), answer_timeout_s=30) as (route, server):
        task = asyncio.create_task(route.submit(submission()))
        await server.wait_until_seen(5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await route.submit(submission())
    assert server.connection_count == 2


@pytest.mark.parametrize("verb", [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"."])
async def test_cancelled_submission_ends_its_connection(verb: bytes) -> None:
    async with open_route(unusual(verb, HOLD), answer_timeout_s=30) as (route, server):
        task = asyncio.create_task(route.submit(submission()))
        await server.wait_until_seen_line(verb)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.wait_until_closed()


async def test_missing_starttls_is_never_fallen_back_from() -> None:
    async with open_route(MailScript(), security="starttls") as (route, server):
        with pytest.raises(RouteError) as caught:
            await route.submit(submission())
    assert caught.value.fault == "rejected"
    assert not any(line.startswith(b"MAIL") for line in server.seen)


async def test_missing_auth_is_a_refusal() -> None:
    async with open_route(MailScript(), username="u", password="p") as (route, _):
        with pytest.raises(RouteError) as caught:
            await route.check()
    assert caught.value.fault == "rejected"


async def test_address_beyond_ascii_needs_a_server_that_knows_it() -> None:
    async with open_route(MailScript()) as (route, server):
        await route.submit(submission("zoë@bücher.example"))
    assert "RCPT TO:<zoë@xn--bcher-kva.example>".encode() in server.seen
    assert b"MAIL FROM:<crisis@example.org> SMTPUTF8" in server.seen
    async with open_route(unusual(b"EHLO", "250 sandbox")) as (route, _):
        with pytest.raises(RouteError) as caught:
            await route.submit(submission("zoë@example.net"))
    assert caught.value.fault == "rejected"


async def test_lines_that_begin_with_a_dot_do_not_end_the_message() -> None:
    async with serve_script(MailScript()) as server:
        settings = smtp_settings(server.port)
        connections = SmtpConnections(settings, ssl.create_default_context(), "sandbox")
        session = await connections.open()
        mail = Mail("a@example.org", "b@example.net", "a-1", stuff_dots(b".\r\n.hidden\r\n"))
        assert await session.open_envelope(mail) is None
        await session.send_content(mail)
        await session.say_goodbye(1.0)
    assert server.seen[-4:] == [b"..", b"..hidden", b".", b"QUIT"]


async def test_check_sends_nothing() -> None:
    async with open_route(MailScript()) as (route, server):
        assert "127.0.0.1 answers" in await route.check()
    assert server.seen[0].startswith(b"EHLO")
    assert not any(line.startswith(b"MAIL") for line in server.seen)


async def test_close_twice_is_harmless() -> None:
    async with open_route(MailScript()) as (route, _):
        await route.submit(submission())
        await route.aclose()
        await route.aclose()
