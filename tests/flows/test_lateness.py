"""A scheduled run that begins long after its time sends nothing, and says so."""

from datetime import timedelta
from pathlib import Path

import pytest
from prefect import Flow

from flows.open_chat import open_chat
from flows.send_message import send_message
from rollcall.dispatcher.without_prefect import go_on_without
from rollcall.errors import InputError
from tasks.accept import key_of_run
from tasks.lateness import LATEST, TOO_LATE
from tests.flows.scheduled_runs import list_texts, make_run, running_without_prefect
from tests.integration.sending.apps import MovedClock, accept
from tests.people import write_people

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("flow", [send_message, open_chat], ids=lambda flow: str(flow.name))
async def test_of_late_runs_nothing_is_sent_and_administrators_are_told_once(
    flow: "Flow[..., object]", migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with running_without_prefect(migrated_sqlite, tmp_path) as app:
        order = {"order": {"template": "Gone", "source": str(tmp_path)}}
        for minutes in (1, 2):
            run = make_run(app.clock.now() - LATEST - minutes * MINUTE, order)
            ended = await go_on_without(flow, run)
            assert (ended.is_failed(), ended.name) == (True, TOO_LATE)
        [told] = list_texts(app)
        assert "Reason: too late: not sent; planned for" in told
        assert "begun 1 h 1 min later" in told
        with pytest.raises(InputError, match="no template"):
            await go_on_without(flow, make_run(app.clock.now() - LATEST + MINUTE, order))


async def test_a_run_that_accepted_its_message_in_time_goes_on_with_it_however_late(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    source = write_people(tmp_path / "source", count=3)
    content = {"subject": "Drill", "text": "Drill"}
    async with running_without_prefect(migrated_sqlite, tmp_path) as app:
        run = make_run(app.clock.now(), {"order": {"template": "Gone", "source": str(source)}})
        told = {"content": content, "selection": {"everyone": True}, "confirmed": True}
        accept(app, source, told, key_of_run(run.id))
        assert isinstance(app.clock, MovedClock)
        app.clock.move_by(hours=5)
        ended = await go_on_without(send_message, run)
        assert ended.is_completed()
        assert "3 of 3 taken over" in ended.message
