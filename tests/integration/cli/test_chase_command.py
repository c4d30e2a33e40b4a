"""`rollcall chase`: one round, or rounds until it is told to stop."""

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from rollcall.ledger.chat_tables import Chat, ChatMember
from rollcall.ledger.engine import open_ledger
from tests.integration.cli.chats import open_chat
from tests.integration.cli.conftest import CommandLine

LADDER = [{"after_min": 10}, {"after_min": 20, "notify": ["manager"]}]


@pytest.fixture
def chatting(rollcall: CommandLine) -> CommandLine:
    """A chat of two, open for no time yet."""
    rollcall.set("PUBLIC_URL", "https://safe.example.org")
    assert rollcall("migrate").code == 0
    opened = open_chat(
        rollcall, selection={"people": ["p1", "p2"]}, ladder=LADDER, options={"include_push": False}
    )
    assert opened.code == 0, opened.err
    return rollcall


def let_pass(rollcall: CommandLine, minutes: int) -> None:
    """Have everything of the chat be so much longer ago."""
    ledger = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    ago = timedelta(minutes=minutes)
    with ledger.write() as connection:
        opened_at = connection.execute(select(Chat.opened_at)).scalar_one()
        connection.execute(update(Chat).values(opened_at=opened_at - ago))
        for person_id, due_at in connection.execute(
            select(ChatMember.person_id, ChatMember.next_chase_at)
        ).all():
            moved = update(ChatMember).where(ChatMember.person_id == person_id)
            connection.execute(moved.values(next_chase_at=due_at and due_at - ago))
    ledger.close()


def test_the_silent_are_reminded_and_their_manager_told(chatting: CommandLine) -> None:
    assert "nobody is to be reminded now" in chatting("chase").out
    let_pass(chatting, 10)

    reminded = chatting("chase", "--format", "json")

    assert reminded.code == 0, reminded.err
    [taken] = reminded.json["taken"]
    assert len(taken["reminder_ids"]) == 1
    by_message = [one for one in chatting.deliveries() if one.status == "accepted"]
    assert len(by_message) == 4  # two invitations, two reminders
    let_pass(chatting, 10)
    told = chatting("chase")
    assert told.code == 0, told.err
    assert "notice m" in told.out
    assert chatting("chase").out.strip() == "nobody is to be reminded now"


def test_chasing_every_so_often_ends_when_told(chatting: CommandLine) -> None:
    let_pass(chatting, 10)
    command = [sys.executable, "-u", "-m", "rollcall.cli", "chase", "--every", "1"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=chatting.folder)
    with running as process:
        try:
            assert process.stdout is not None
            assert "reminder m" in process.stdout.readline()
            assert "nobody is to be reminded now" in process.stdout.readline()
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_a_chat_that_cannot_be_chased_is_told(chatting: CommandLine) -> None:
    let_pass(chatting, 10)
    chatting.set("PUBLIC_URL", "")
    answer = chatting("chase")
    assert answer.code == 1
    assert "ROLLCALL_PUBLIC_URL" in answer.err
