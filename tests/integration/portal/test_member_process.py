"""The member's page as a real process: killed under taps, and what its log tells."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from sqlalchemy import select

from rollcall.domain.personal_links import digest_token
from rollcall.ledger.chat_tables import ChatAnswer, ChatMember
from rollcall.ledger.engine import Ledger
from rollcall.portal.nonces import Nonces
from tests.integration.conversations import KEY, Conversation, open_conversation
from tests.integration.portal.member import read_nonce
from tests.integration.portal.processes import PortalProcess

TAPS = 300
KILLS = 2
TAPPERS = 10
PATIENCE_S = 300


@asynccontextmanager
async def visiting(portal: PortalProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=portal.base_url, timeout=30, trust_env=False) as http:
        yield http


async def tap(
    http: httpx.AsyncClient, waiting: list[tuple[str, str]], acknowledged: set[str]
) -> None:
    """Answer OK for one after the other; who gets no answer taps again."""
    nonces = Nonces(KEY)
    while waiting:
        person, token = waiting.pop()
        fields = {"answer": "ok", "nonce": nonces.issue(digest_token(token))}
        try:
            got = await http.post(f"/c/{token}/answer", data=fields)
        except httpx.HTTPError:
            waiting.append((person, token))
            await asyncio.sleep(0.02)  # the portal is away
            continue
        if got.status_code == 303:
            acknowledged.add(person)
        else:
            waiting.append((person, token))


async def kill_twice(portal: PortalProcess, acknowledged: set[str]) -> None:
    for number in range(1, KILLS + 1):
        while len(acknowledged) < number * TAPS // (KILLS + 1):  # noqa: ASYNC110 - told by nobody
            await asyncio.sleep(0.001)
        portal.kill()
        portal.start_again()


def answered(ledger: Ledger) -> set[str]:
    with ledger.read() as connection:
        given = set(connection.execute(select(ChatAnswer.person_id)).scalars())
        standing = select(ChatMember.person_id).where(ChatMember.answer == "ok")
        assert set(connection.execute(standing).scalars()) == given
    return {str(one) for one in given}


async def test_no_answer_that_was_acknowledged_is_lost_when_the_portal_is_killed(
    portal: PortalProcess, ledger: Ledger
) -> None:
    opened = open_conversation(ledger, TAPS)
    waiting, acknowledged = list(opened.tokens.items()), set[str]()
    async with (
        asyncio.timeout(PATIENCE_S),
        visiting(portal) as http,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(kill_twice(portal, acknowledged))
        for _ in range(TAPPERS):
            tasks.create_task(tap(http, waiting, acknowledged))
    assert len(acknowledged) == TAPS
    assert answered(ledger) == acknowledged


async def test_a_token_never_reaches_a_log_nor_does_what_members_write(
    talkative_portal: PortalProcess, ledger: Ledger
) -> None:
    opened: Conversation = open_conversation(ledger, 1)
    token = opened.tokens["p0000"]
    text = "Weareontheroof"
    async with visiting(talkative_portal) as http:
        nonce = read_nonce((await http.get(f"/c/{token}")).text)
        fields = {"text": text, "answer": "ok", "nonce": nonce}
        for form in ("answer", "reply", "nonsense"):
            await http.post(f"/c/{token}/{form}", data=fields)
        await http.post(f"/c/{token}/reply", content=b"x" * 70_000)
        await http.get(f"/c/{token}x")
        await http.get(f"/c/{token}/state")
    talkative_portal.terminate()
    talkative_portal.process.wait(timeout=30)
    logged = talkative_portal.logged
    assert re.search(r"DEBUG|INFO", logged)
    for secret in (token, nonce, text, "Person 0"):
        assert secret not in logged
