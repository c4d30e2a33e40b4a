"""Two machines drain one message together; when one is cut off, nobody is lost."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.tables import Delivery
from rollcall.sandbox.plan import MailPlan, SandboxPlan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from tests.e2e.conftest import Rollcall, install, run_prefect_server, wait_until
from tests.e2e.test_dispatcher import await_sent, detach, dispatcher
from tests.namespaces import HUB, NETWORK, Machines, run_machines
from tests.people import write_message, write_people
from tests.postgres import run_postgres

PEOPLE = 4000
"""So many that the second machine may look late: it takes part while 1,000 are due that nobody
holds."""

MAIL = MailPlan(delay_s=0.2, max_connections=20)
IN_FLIGHT_MOST = 2 * 500
"""What a machine may have claimed when it is cut off: two batches."""

TAKEN_OVER_WITHIN_S = 60
"""After how long somebody else is at work on all that a machine held when it was cut off."""

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
        database = postgres.create_database()
        address = f"postgresql://rollcall@{HUB}/{database}"
        a, b = (install_on(tmp_path / name, address, prefect, sandbox.routes_file) for name in "ab")
        with machines.inside("a"):
            on_a = stack.enter_context(dispatcher(a, "dispatcher"))
        with machines.inside("b"):
            on_b = stack.enter_context(dispatcher(b, "dispatcher"))
            message_id = detach(b, message, source)
        ledger = stack.enter_context(opened(postgres.url(database)))
        wait_until(lambda: count_reached(sandbox) > 200, 60, "they are under way")
        wait_until(
            lambda: all(holds_any(ledger, one.pid) for one in (on_a, on_b)), 60, "both take part"
        )
        machines.cut_off("a")
        assert holds_any(ledger, on_a.pid)
        assert count_reached(sandbox) < PEOPLE
        wait_until(lambda: not holds_any(ledger, on_a.pid), TAKEN_OVER_WITHIN_S, "it is taken over")
        with machines.inside("b"):
            await_sent(b, message_id, patience_s=90)

    assert count_reached(sandbox) == PEOPLE
    assert len(sandbox.journal()) <= PEOPLE + IN_FLIGHT_MOST


@contextmanager
def opened(url: str) -> Iterator[Ledger]:
    ledger = open_ledger(url)
    yield ledger
    ledger.close()


def holds_any(ledger: Ledger, pid: int) -> bool:
    """Tell whether a process has claimed what is not finished."""
    held = select(Delivery.delivery_id).where(
        Delivery.lease_owner.contains(f"/{pid}/"), Delivery.next_attempt_at.is_not(None)
    )
    with ledger.read() as connection:
        return connection.execute(held.limit(1)).first() is not None


def count_reached(sandbox: Sandbox) -> int:
    return len({entry.reference for entry in sandbox.journal()})
