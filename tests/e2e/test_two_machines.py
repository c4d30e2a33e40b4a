"""Two machines drain one message together; when one is cut off, nobody is lost."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rollcall.sandbox.plan import MailPlan, SandboxPlan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from tests.e2e.conftest import Rollcall, install, run_prefect_server, wait_until
from tests.e2e.test_dispatcher import await_sent, detach, dispatcher, log_of
from tests.namespaces import HUB, NETWORK, Machines, run_machines
from tests.people import write_message, write_people
from tests.postgres import run_postgres

PEOPLE = 4000
"""So many that the second machine may look late: it takes part while 1,000 are due that nobody
holds."""

MAIL = MailPlan(delay_s=0.2, max_connections=20)
IN_FLIGHT_MOST = 2 * 500
"""What a machine may have claimed when it is cut off: two batches."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@pytest.fixture
def machines() -> Iterator[Machines]:
    with run_machines("a", "b") as made:
        yield made


def install_on(folder: Path, address: str, prefect: str, routes_file: Path) -> Rollcall:
    folder.mkdir()
    installed = install(folder)
    installed.env.update(
        ROLLCALL_LEDGER_URL=address,
        ROLLCALL_ROUTES_FILE=str(routes_file),
        PREFECT_API_URL=prefect,
        PREFECT_API_AUTH_STRING="admin:of-this-test",
    )
    return installed


def test_two_machines_drain_a_message_and_one_that_is_cut_off_loses_nobody(
    machines: Machines, tmp_path: Path
) -> None:
    source = write_people(tmp_path / "source", PEOPLE)
    message = write_message(tmp_path / "m.json")
    (tmp_path / "sandbox").mkdir()
    with ExitStack() as stack:
        with machines.inside("hub"):
            postgres = stack.enter_context(run_postgres(NETWORK))
            plan = SandboxPlan(mail_servers=(MAIL,), host=HUB)
            sandbox = stack.enter_context(start_sandbox(plan, tmp_path / "sandbox"))
            prefect = stack.enter_context(
                run_prefect_server(tmp_path / "prefect", HUB, "admin:of-this-test")
            )
        ledger = f"postgresql://rollcall@{HUB}/{postgres.create_database()}"
        a, b = (install_on(tmp_path / name, ledger, prefect, sandbox.routes_file) for name in "ab")
        with machines.inside("a"):
            stack.enter_context(dispatcher(a, "dispatcher"))
        with machines.inside("b"):
            stack.enter_context(dispatcher(b, "dispatcher"))
            message_id = detach(b, message, source)
        begun = f"message {message_id}: begun"
        logs = [log_of(machine, "dispatcher") for machine in (a, b)]
        wait_until(lambda: all(begun in log.read_text() for log in logs), 60, "both take part")
        wait_until(lambda: count_reached(sandbox) > 200, 60, "they are under way")
        machines.cut_off("a")
        assert count_reached(sandbox) < PEOPLE
        with machines.inside("b"):
            await_sent(b, message_id, patience_s=150)

    assert count_reached(sandbox) == PEOPLE
    assert len(sandbox.journal()) <= PEOPLE + IN_FLIGHT_MOST


def count_reached(sandbox: Sandbox) -> int:
    return len({entry.reference for entry in sandbox.journal()})
