"""The flows that look every minute: how they end, and that the deployments exist as they should."""

import shutil
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # Prefect brings it, without types
from prefect.client.schemas.objects import StateType

from flows.chase_answers import chase_answers
from flows.run_check_ins import run_check_ins
from rollcall.clock import SystemClock
from rollcall.domain.message import MessageRequest
from rollcall.domain.reminder_texts import write_question
from rollcall.ledger.check_ins import NewCheckIn, add_check_in
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from rollcall.wiring import running_app
from tests.integration.sending.apps import MovedClock, open_app

QUESTION = MessageRequest.model_validate(
    {"content": write_question("Drill").model_dump(), "selection": {"groups": ["staff"]}}
)


async def test_a_round_fails_where_an_operator_must_look_and_quotes_nobody(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    clock = MovedClock()
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'ledger.db')}"
    with start_sandbox(make_plan("clean", seed=1), tmp_path) as sandbox:
        async with open_app(tmp_path, url, sandbox.routes_file, clock) as app, running_app(app):
            assert (await chase_answers.fn()).type == StateType.COMPLETED
            assert (await run_check_ins.fn()).type == StateType.COMPLETED

            asked_at = f"{SystemClock().now():%H:%M}"
            told = ("UTC", 60, ["boss"])
            missing = str(tmp_path / "nowhere")
            new = NewCheckIn("Drill", QUESTION, missing, asked_at, list(range(7)), *told)
            add_check_in(app.ledger, new, clock.now())
            clock.move_by(days=1, minutes=1)
            failed = await run_check_ins.fn()

    assert failed.type == StateType.FAILED
    assert failed.message == (
        "1 problems, which `rollcall check-in run` tells; 0 messages that must be resumed by hand"
    )


def test_rounds_are_deployed_every_minute_one_at_a_time() -> None:
    deployed = yaml.safe_load(Path("prefect.yaml").read_text("utf-8"))["deployments"]
    by_name = {one["name"]: one for one in deployed}
    for name in ("chase-answers", "run-check-ins"):
        file_name, _, flow_name = by_name[name]["entrypoint"].partition(":")
        assert Path(file_name).exists()
        assert flow_name == name.replace("-", "_")
        assert [one["interval"] for one in by_name[name]["schedules"]] == [60]
        assert by_name[name]["concurrency_limit"]["limit"] == 1
