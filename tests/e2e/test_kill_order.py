"""An order whose process is killed before it is accepted is not lost, whoever ran it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollcall.ledger.log import list_messages
from rollcall.ledger.runs import list_flow_runs
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from tests.e2e.conftest import Rollcall, wait_until
from tests.e2e.prefect_api import await_end, read_run, start_deployment, state_of
from tests.e2e.test_dispatcher import dispatcher
from tests.postgres import PostgresServer

PROJECT = Path(__file__).parents[2]
PEOPLE = 600


@contextmanager
def accepting_nothing(postgres: PostgresServer, database: str) -> Iterator[None]:
    """Hold up whoever would accept a message; all else in the ledger goes on."""
    with postgres.connect(database) as connection, connection.transaction():
        connection.execute("lock table messages in share row exclusive mode")
        yield


@contextmanager
def run_by_a_worker(rollcall: Rollcall, run_id: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a flow run in the process that an ordinary worker starts for it."""
    with (rollcall.folder / "engine.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect.engine"],
            env=rollcall.env | {"PREFECT__FLOW_RUN_ID": run_id},
            cwd=PROJECT,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


def test_an_order_is_sent_once_though_two_processes_are_killed_before_they_have_accepted_it(
    rollcall: Rollcall,
    source: Path,
    tmp_path: Path,
    deployed: str,
    postgres: PostgresServer,
) -> None:
    database = postgres.create_database()
    url = postgres.url(database)
    rollcall.env.update(PREFECT_API_URL=deployed, ROLLCALL_LEDGER_URL=url)
    order = {
        "wording": {"subject": "Drill", "text": "This is a drill."},
        "recipients": {"groups": ["all"]},
        "source": str(source),
    }
    with (
        start_sandbox(make_plan("clean", seed=1), tmp_path / "sandbox") as sandbox,
        rollcall.open_ledger() as ledger,
    ):
        with accepting_nothing(postgres, database):
            run_id = start_deployment(deployed, "send-message", order=order)
            with run_by_a_worker(rollcall, run_id) as worker:
                wait_until(lambda: run_id in list_flow_runs(ledger), 60, "it is under a lease")
                assert state_of(deployed, run_id) == "RUNNING"
                worker.send_signal(signal.SIGKILL)
            with dispatcher(rollcall, "killed") as process:

                def has_begun_again() -> bool:
                    run = read_run(deployed, run_id)
                    return (run["state_type"], run["run_count"]) == ("RUNNING", 2)

                wait_until(has_begun_again, 60, "the dispatcher runs it again")
                process.kill()
                process.wait(timeout=10)
            assert list_messages(ledger) == []
        with dispatcher(rollcall, "heir"):
            await_end(deployed, run_id)
        [message] = list_messages(ledger)
        taken = [entry.reference for entry in sandbox.journal()]

    assert read_run(deployed, run_id)["run_count"] == 3
    assert message.state == "sent"
    assert len(taken) == len(set(taken)) == PEOPLE
