"""Answers by text: in the ledger when the provider is answered, whichever provider it is."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from rollcall.clock import SystemClock
from rollcall.ledger.chat_tables import ChatAnswer, ChatMember, ChatPost, TakenText
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.opt_outs import list_opt_outs
from rollcall.portal.app import make_app
from rollcall.portal.intake import Intake
from rollcall.portal.reception import Caller
from rollcall.routes.callbacks import InboundText
from rollcall.wiring import build_arrivals_recorder
from tests.integration.conversations import Conversation, open_conversation
from tests.integration.ledger.outages import outage_of
from tests.integration.portal.conftest import PATIENCE_S, Provider
from tests.integration.portal.inbound_providers import PROVIDERS, make_reader
from tests.integration.portal.scripted import PUBLIC_URL, SECRET, inbound_body
from tests.people import phone_of

OURS = phone_of(999)
PATH = f"/inbound/alpha/{SECRET}"
PATIENT = f"/inbound/patient/{SECRET}"


def open_now(ledger: Ledger, **changes: object) -> Conversation:
    """Open a chat an hour ago by the clock of the portal."""
    now = SystemClock().now() - timedelta(hours=1)
    return open_conversation(ledger, **({"now": now} | changes))  # type: ignore[arg-type] # as given


def a_text(text: str, number: int = 0, provider_id: str | None = "t-1") -> InboundText:
    return InboundText(phone_of(number), OURS, text, provider_id)


async def send(provider: Provider, *texts: InboundText, path: str = PATH, age_s: float = 0) -> int:
    answered = await provider.call(inbound_body(*texts), path, age_s=age_s)
    return answered.status_code


def answers(ledger: Ledger) -> dict[str, tuple[str, str | None]]:
    query = select(ChatMember).where(ChatMember.answer != "none")
    with ledger.read() as connection:
        rows = connection.execute(query)
        return {row.person_id: (row.answer, row.answered_via) for row in rows}


def replies(ledger: Ledger) -> list[str]:
    query = select(ChatPost.text).where(ChatPost.person_id.is_not(None)).order_by(ChatPost.text)
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def count(ledger: Ledger, table: type) -> int:
    with ledger.read() as connection:
        return len(connection.execute(select(table)).all())


@pytest.fixture
async def portal(ledger: Ledger) -> AsyncIterator[httpx.AsyncClient]:
    """A portal for every provider of SMS."""
    clock = SystemClock()
    readers = {kind: make_reader(kind) for kind in PROVIDERS}
    callers = {kind: Caller(reader, SecretStr(SECRET)) for kind, reader in readers.items()}
    intake = Intake(build_arrivals_recorder(ledger, clock), clock, answer_within_s=PATIENCE_S)
    app = make_app(callers, intake, PUBLIC_URL, clock)
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://inside.example") as http,
    ):
        yield http
    for reader in readers.values():
        await reader.aclose()  # type: ignore[attr-defined] # routes close


async def hand_over(
    portal: httpx.AsyncClient, kind: str, said: tuple[str, str, str], at: datetime
) -> httpx.Response:
    """Call as a provider does; `said`: sender, text and the provider's id."""
    path = f"/inbound/{kind}/{SECRET}"
    handover = PROVIDERS[kind][1](*said, PUBLIC_URL + path, at)
    address = f"{path}?{handover.query}" if handover.query else path
    headers = {"content-type": "application/json"} | handover.headers
    return await portal.request(handover.method, address, content=handover.body, headers=headers)


@pytest.mark.parametrize("kind", PROVIDERS)
async def test_every_providers_texts_are_answers(
    kind: str, portal: httpx.AsyncClient, ledger: Ledger
) -> None:
    open_now(ledger)
    now = SystemClock().now()
    said = [
        (0, "Yes, I am safe!", "id-1"), (1, "ich bin nicht sicher", "id-2"),
        (2, "大丈夫です、でも母が動けません", "id-3"), (0, "Yes, I am safe!", "id-1"),
    ]  # fmt: skip
    for number, text, provider_id in said:
        answered = await hand_over(portal, kind, (phone_of(number), text, provider_id), now)
        assert answered.status_code == 200
    assert answers(ledger) == {
        "p0000": ("ok", "sms"), "p0001": ("needs_help", "sms"), "p0002": ("needs_help", "sms"),
    }  # fmt: skip
    assert replies(ledger) == ["ich bin nicht sicher", "大丈夫です、でも母が動けません"]
    assert count(ledger, ChatAnswer) == 3


@pytest.mark.parametrize("kind", [kind for kind in PROVIDERS if kind != "twilio"])
async def test_text_that_a_provider_had_before_a_chat_was_opened_is_no_answer_in_it(
    kind: str, portal: httpx.AsyncClient, ledger: Ledger
) -> None:
    before = open_now(ledger, key="before")
    minutes_ago = SystemClock().now() - timedelta(minutes=5)
    open_conversation(ledger, key="after", now=minutes_ago)
    had_at = minutes_ago - timedelta(seconds=30)
    answered = await hand_over(portal, kind, (phone_of(0), "ok", "id-1"), had_at)
    assert answered.status_code == 200
    with ledger.read() as connection:
        [answer] = connection.execute(select(ChatAnswer)).all()
    assert answer.chat_id == before.chat.chat_id
    assert abs(answer.answered_at - had_at) < timedelta(seconds=1)


async def test_time_that_a_provider_tells_wrong_is_that_of_arrival(
    provider: Provider, ledger: Ledger
) -> None:
    open_now(ledger)
    now = SystemClock().now()
    early = replace(a_text("ok"), sent_at=now + timedelta(days=1))
    assert await send(provider, early) == 200
    with ledger.read() as connection:
        [answered_at] = connection.execute(select(ChatAnswer.answered_at)).scalars()
    assert abs(answered_at - now) < timedelta(minutes=1)


@pytest.mark.parametrize("kind", PROVIDERS)
async def test_forged_answer_is_403_and_counts_nowhere(
    kind: str, portal: httpx.AsyncClient, ledger: Ledger
) -> None:
    open_now(ledger)
    path = f"/inbound/{kind}/{SECRET}"
    now = SystemClock().now()
    handover = PROVIDERS[kind][1](phone_of(0), "ok", "id-1", f"{PUBLIC_URL}{path}", now)
    plain = {"content-type": handover.headers.get("content-type", "application/json")}
    query = handover.query.replace("token=", "token=x")
    body = handover.body.replace(b'"sig"', b'"gis"')
    answered = await portal.request(handover.method, f"{path}?{query}", content=body, headers=plain)
    assert answered.status_code == 403
    assert (answers(ledger), replies(ledger)) == ({}, [])


async def test_stop_is_obeyed_and_answers_nothing(provider: Provider, ledger: Ledger) -> None:
    open_now(ledger)
    assert await send(provider, a_text("STOP"), a_text("help", 1, "t-2")) == 200
    assert [one.address for one in list_opt_outs(ledger)] == [phone_of(0)]
    assert (answers(ledger), replies(ledger)) == ({"p0001": ("needs_help", "sms")}, [])
    assert await send(provider, a_text("ok", 0, "t-3")) == 200
    assert answers(ledger)["p0000"] == ("ok", "sms")


async def test_answer_that_is_handed_over_again_counts_once(
    provider: Provider, ledger: Ledger
) -> None:
    older = open_now(ledger, key="older")
    open_now(ledger, key="newer")
    for _ in range(3):
        assert await send(provider, a_text("ok"), path=PATIENT) == 200
    assert await send(provider, a_text("ok"), path=PATIENT, age_s=3000.0) == 200
    assert count(ledger, ChatAnswer) == 1
    with ledger.read() as connection:
        query = select(ChatMember.answer).where(ChatMember.chat_id == older.chat.chat_id)
        assert set(connection.execute(query).scalars()) == {"none"}


async def test_answer_that_cannot_be_kept_is_503_and_counts_when_it_comes_again(
    hasty_provider: Provider, ledger: Ledger
) -> None:
    open_now(ledger)
    with outage_of(ledger, "taken_texts"):
        assert await send(hasty_provider, a_text("ok")) == 503
    for _ in range(100):  # each takes as long as a hasty one waits
        if await send(hasty_provider, a_text("ok")) == 200:
            break
    assert answers(ledger) == {"p0000": ("ok", "sms")}
    assert count(ledger, ChatAnswer) == 1


async def test_text_of_nobody_that_comes_again_answers_no_chat_that_was_opened_since(
    provider: Provider, ledger: Ledger
) -> None:
    assert await send(provider, a_text("ok"), path=PATIENT) == 200
    open_now(ledger)
    assert await send(provider, a_text("ok"), path=PATIENT) == 200
    assert (answers(ledger), replies(ledger)) == ({}, [])


async def test_text_that_was_held_up_counts_as_of_when_it_was_signed(
    provider: Provider, ledger: Ledger
) -> None:
    before = open_now(ledger, key="before")
    open_conversation(ledger, key="after", now=SystemClock().now() - timedelta(minutes=5))
    assert await send(provider, a_text("ok"), path=PATIENT, age_s=1800.0) == 200
    with ledger.read() as connection:
        rows = connection.execute(select(ChatAnswer.chat_id, ChatAnswer.person_id)).all()
    assert [tuple(row) for row in rows] == [(before.chat.chat_id, "p0000")]


async def test_text_without_an_id_is_another_one_each_time(
    provider: Provider, ledger: Ledger
) -> None:
    open_now(ledger)
    for text in ("help", "help"):
        assert await send(provider, a_text(text, provider_id=None)) == 200
    assert count(ledger, ChatAnswer) == 2


@pytest.mark.parametrize("sender", ["", "12345", "Example Org", "+999123"])
async def test_sender_that_is_no_number_is_nobody(
    provider: Provider, ledger: Ledger, sender: str
) -> None:
    open_now(ledger)
    assert await send(provider, InboundText(sender, OURS, "ok", "t-1")) == 200
    assert (answers(ledger), count(ledger, TakenText)) == ({}, 0)


async def test_text_of_nobody_is_acknowledged_counted_and_not_stored(
    provider: Provider, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    chat = open_now(ledger)
    archive_chat(ledger, chat.chat.chat_id, SystemClock().now())
    with caplog.at_level(logging.INFO, "rollcall"):
        assert await send(provider, a_text("I am at the station"), a_text("ok", 99, "t-9")) == 200
    [record] = [one for one in caplog.records if "nobody" in one.getMessage()]
    assert (record.__dict__["route_id"], record.__dict__["text_count"]) == ("alpha", 2)
    assert phone_of(0) not in caplog.text
    assert "station" not in caplog.text
    assert replies(ledger) == []


async def test_no_word_of_an_answer_reaches_a_log(
    provider: Provider, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    open_now(ledger)
    with caplog.at_level(1):
        await send(provider, a_text("help, I am in the cellar"))
    assert replies(ledger) == ["help, I am in the cellar"]
    ours = [one for one in caplog.records if one.name.startswith("rollcall")]
    told = "".join(str(one.__dict__) for one in ours)
    assert "cellar" not in told
    assert phone_of(0) not in told
