"""kill -9 while a chat is being opened, and the same command again."""

import json
import signal
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from rollcall.ledger.chat_tables import Chat, ChatMember, ChatPost
from rollcall.sandbox.plan import MailPlan, SandboxPlan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from tests.e2e.conftest import Rollcall, wait_until

PEOPLE = 600
PLAN = SandboxPlan(mail_servers=(MailPlan(delay_s=0.1, max_connections=20),))
"""Slow enough to be killed in the middle."""


def kill_when(opening: "subprocess.Popen[str]", condition: Callable[[], bool], what: str) -> None:
    wait_until(lambda: condition() or opening.poll() is not None, 60, what)
    assert opening.poll() is None, "the chat was open before its process could be killed"
    opening.send_signal(signal.SIGKILL)
    opening.wait(timeout=10)


def test_a_chat_whose_opening_is_killed_is_one_chat_with_all_its_members(
    rollcall: Rollcall, source: Path, tmp_path: Path
) -> None:
    rollcall.env["ROLLCALL_PUBLIC_URL"] = "https://safe.example.org"
    chat = tmp_path / "chat.json"
    told = {"title": "Drill", "post": "Are you safe?", "selection": {"groups": ["all"]}}
    chat.write_text(json.dumps(told), "utf-8")
    command = ["chat", "open", str(chat), "--data", str(source), "--key", "k", "--format", "json"]
    with start_sandbox(PLAN, tmp_path / "sandbox") as sandbox:
        snapshots = rollcall.folder / "data" / "snapshots"
        kill_when(rollcall.start(*command), lambda: any(snapshots.glob("*")), "it is prepared")
        for accepted in (100, 300):
            kill_when(
                rollcall.start(*command),
                partial(has_accepted, sandbox, accepted),
                f"{accepted} accepted",
            )
        finished = rollcall.run(*command)
        invited = {entry.address for entry in sandbox.journal()}

    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["counts"] == {"email": {"accepted": PEOPLE}}
    assert len(invited) == PEOPLE
    assert count(rollcall) == (1, PEOPLE, 1, PEOPLE)


def has_accepted(sandbox: Sandbox, least: int) -> bool:
    return len(sandbox.journal()) >= least


def count(rollcall: Rollcall) -> tuple[int, ...]:
    """Count chats, members, posts, and distinct tokens."""
    tables = [select(func.count()).select_from(one) for one in (Chat, ChatMember, ChatPost)]
    tokens = select(func.count(ChatMember.token_digest.distinct()))
    with rollcall.open_ledger() as ledger, ledger.read() as connection:
        return tuple(connection.execute(query).scalar_one() for query in (*tables, tokens))
