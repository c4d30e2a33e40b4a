"""A machine with another key than a chat was opened with sends none of its texts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rollcall.errors import ConfigError
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.log import read_log
from rollcall.ledger.messages import load_message
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from rollcall.sending.link_check import require_newest_key
from rollcall.wiring import App
from tests.integration.sending.apps import (
    MovedClock,
    accept,
    deliver,
    drain_queue,
    open_app,
    record,
    write_source,
)

CHAT: dict[str, Any] = {
    "content": {"subject": "Flood", "text": "Are you safe?", "language": "en"},
    "selection": {"everyone": True},
    "options": {"ok_request": True},
    "chat": {},
}
NOT_OURS = r"of chat c\S+ were made of another key: .*ROLLCALL_PORTAL_KEY, or portal\.key"


def notice_of(app: App, message_id: str) -> dict[str, Any]:
    return {
        "content": {"subject": "Flood", "text": "Stay where you are.", "language": "en"},
        "follow_up": {"message_id": message_id, "who": "members"},
        "notice_in": load_message(app.ledger, message_id).chat_id,
    }


@asynccontextmanager
async def open_machines(folder: Path, ledger_url: str) -> AsyncIterator[tuple[App, App, Sandbox]]:
    """Two machines on one ledger, each with a data folder and so a key of its own."""
    clock = MovedClock()
    with start_sandbox(make_plan("clean", seed=1), folder) as sandbox:
        async with (
            open_app(folder / "ours", ledger_url, sandbox.routes_file, clock) as ours,
            open_app(folder / "other", ledger_url, sandbox.routes_file, clock) as other,
        ):
            yield ours, other, sandbox


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "source", [{"person_id": "p0"}, {"person_id": "p1"}], {})


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "other").mkdir()


async def test_invitations_that_wait_stay_queued_until_the_right_key_is_there(
    tmp_path: Path, ledger_url: str, source: Path
) -> None:
    async with open_machines(tmp_path, ledger_url) as (ours, other, sandbox):
        message_id = accept(ours, source, CHAT).message_id
        record(ours, message_id)

        with pytest.raises(ConfigError, match=NOT_OURS):
            other.steps.start_run(message_id)

        assert sandbox.journal() == []
        assert (await drain_queue(ours, message_id)).counts == {"email": {"accepted": 2}}


async def test_notices_stay_queued_until_the_right_key_is_there(
    tmp_path: Path, ledger_url: str, source: Path
) -> None:
    async with open_machines(tmp_path, ledger_url) as (ours, other, _):
        message_id = accept(ours, source, CHAT).message_id
        await deliver(ours, message_id)
        notice_id = accept(ours, source, notice_of(ours, message_id), "notice").message_id

        with pytest.raises(ConfigError, match=NOT_OURS):
            record(other, notice_id)

        report = ours.steps.report(notice_id)
        assert (report.state, report.counts) == ("sending", {"email": {"waiting": 2}})
        assert read_log(ours.ledger, notice_id) == []
        assert (await deliver(ours, notice_id)).counts == {"email": {"accepted": 2}}


async def test_only_chats_that_go_on_need_their_key(
    tmp_path: Path, ledger_url: str, source: Path
) -> None:
    async with open_machines(tmp_path, ledger_url) as (ours, other, _):
        assert require_newest_key(other.ledger, other.steps.links) is None
        before_id = accept(ours, source, CHAT, "before").message_id
        record(ours, before_id)
        opening = accept(other, source, CHAT, "yet without members")
        chat_id = load_message(ours.ledger, before_id).chat_id or ""
        assert opening.chat_id != chat_id
        assert require_newest_key(ours.ledger, ours.steps.links) == chat_id
        with pytest.raises(ConfigError, match=NOT_OURS):
            require_newest_key(other.ledger, other.steps.links)

        archive_chat(ours.ledger, chat_id, ours.clock.now())

        assert require_newest_key(other.ledger, other.steps.links) is None
        other.steps.start_run(before_id)


async def test_texts_with_links_wait_for_a_process_that_knows_where_links_lead(
    tmp_path: Path, ledger_url: str, source: Path
) -> None:
    async with open_machines(tmp_path, ledger_url) as (ours, _, sandbox):
        nowhere = replace(ours.steps, links=replace(ours.steps.links, base_url=""))
        message_id = accept(ours, source, CHAT).message_id
        ours.steps.load_snapshot(message_id)
        ours.steps.select_audience(message_id)

        with pytest.raises(ConfigError, match="ROLLCALL_PUBLIC_URL is not set"):
            nowhere.record_first(message_id)

        assert read_log(ours.ledger, message_id) == []
        record(ours, message_id)
        with pytest.raises(ConfigError, match="ROLLCALL_PUBLIC_URL is not set"):
            nowhere.start_run(message_id)
        assert sandbox.journal() == []
        assert (await drain_queue(ours, message_id)).counts == {"email": {"accepted": 2}}
