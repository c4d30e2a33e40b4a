"""Scheduled runs that are gone on with when Prefect fails in the middle of them."""

import asyncio
from pathlib import Path

import pytest
from prefect import flow

from flows.chase_answers import chase_answers
from flows.open_chat import open_chat
from flows.post_to_chat import post_to_chat
from flows.resume_sends import resume_sends
from flows.run_check_ins import run_check_ins
from flows.send_message import send_message
from rollcall.clock import SystemClock
from rollcall.dispatcher.without_prefect import go_on_without
from rollcall.errors import InputError
from rollcall.ledger.check_ins import NewCheckIn, add_check_in
from tasks.scheduled import tell_administrators, tell_of_upkeep
from tests.flows.scheduled_runs import list_texts, make_run, running_without_prefect
from tests.flows.test_rounds import QUESTION
from tests.integration.sending.apps import MovedClock


def test_every_flow_that_a_schedule_may_start_tells_of_its_failure() -> None:
    for sending in (send_message, open_chat, post_to_chat):
        assert sending.on_failure_hooks == [tell_administrators]
    for upkeep in (chase_answers, run_check_ins, resume_sends):
        assert upkeep.on_failure_hooks == [tell_of_upkeep]


async def test_administrators_are_told_of_a_run_that_raises(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with running_without_prefect(migrated_sqlite, tmp_path) as app:
        order = {"template": "Gone", "source": str(tmp_path)}
        run = make_run(app.clock.now(), {"order": order})
        for _ in range(2):
            with pytest.raises(InputError):
                await go_on_without(send_message, run)
        [told] = list_texts(app)
        assert "there is no template for one-way messages 'Gone'" in told


async def test_administrators_are_told_of_a_round_that_ends_as_failed(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with running_without_prefect(migrated_sqlite, tmp_path) as app:
        asked_at = f"{SystemClock().now():%H:%M}"
        new = NewCheckIn(
            "Drill", QUESTION, str(tmp_path / "nowhere"), asked_at, list(range(7)), "UTC", 60, ["b"]
        )
        add_check_in(app.ledger, new, app.clock.now())
        assert isinstance(app.clock, MovedClock)
        app.clock.move_by(days=1, minutes=1)
        failed = await go_on_without(run_check_ins, make_run(app.clock.now()))
        assert failed.is_failed()
        [told] = list_texts(app)
        assert "1 problems, which `rollcall check-in run` tells" in told
        assert "you are told once a day" in told


@flow(name="hanging", timeout_seconds=0.05, on_failure=[tell_of_upkeep])
async def hang() -> None:
    """Wait for what never comes."""
    await asyncio.Event().wait()


async def test_a_run_that_hangs_is_given_up_and_told_of(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with running_without_prefect(migrated_sqlite, tmp_path) as app:
        with pytest.raises(TimeoutError):
            await go_on_without(hang, make_run(app.clock.now()))
        [told] = list_texts(app)
        assert "Reason: TimeoutError" in told
