"""Retention and refreshing as flow runs of a real Prefect server, which learns of nobody."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from rollcall.ledger.tables import Message
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from tests.e2e.conftest import PrefectStore, Rollcall
from tests.e2e.prefect_api import ask, filter_runs
from tests.people import phone_of

PROJECT = Path(__file__).parents[2]
CANARIES = ("Quimbelina", "quimbel.mailbox", phone_of(1234).lstrip("+"), "quimbel-text")

RUN_FLOWS = """
import asyncio
from flows.apply_retention import apply_retention
from flows.refresh_sources import refresh_sources

async def run_all():
    await refresh_sources(return_state=True)
    await refresh_sources(source="nowhere/at-all", return_state=True)
    await apply_retention(return_state=True)

asyncio.run(run_all())
"""


def write_canary(folder: Path) -> Path:
    folder.mkdir()
    person = f"p1,Quimbelina Quuxworth,quimbel.mailbox@example.org,{phone_of(1234)},all"
    bad = "p1,Quimbelina,quimbel.mailbox,1,all"
    head = "person_id,name,email,phone,groups"
    (folder / "people.csv").write_text("\n".join((head, person, bad)), "utf-8")
    return folder


def send_long_ago(rollcall: Rollcall, source: Path) -> str:
    content = {"subject": "quimbel-text", "text": "quimbel-text for {{ name }}"}
    told = {"content": content, "selection": {"groups": ["all"]}}
    message = rollcall.folder / "m.json"
    message.write_text(json.dumps(told))
    with start_sandbox(make_plan("clean", seed=1), rollcall.folder / "sandbox"):
        sent = rollcall.run("send", str(message), "--data", str(source), "--format", "json")
    long_ago = datetime.now(UTC) - timedelta(days=200)
    with rollcall.open_ledger() as ledger, ledger.write() as connection:
        connection.execute(update(Message).values(closed_at=long_ago))
    message_id: str = json.loads(sent.stdout)["message_id"]
    return message_id


def read_pages(address: str, key: str) -> str:
    found: Any = ask("POST", f"{address}/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}})
    return "\n".join(one["data"] for one in found)


def test_upkeep_is_told_in_counts_and_prefect_learns_of_nobody(
    rollcall: Rollcall, tmp_path: Path, prefect_server: str, prefect_store: PrefectStore
) -> None:
    source = write_canary(tmp_path / "source")
    message_id = send_long_ago(rollcall, source)
    snapshot = rollcall.folder / "data" / "snapshots" / f"{message_id}.duckdb"
    assert snapshot.exists()
    everyone = tmp_path / "everyone.json"
    everyone.write_text('{"everyone": true}')
    assert rollcall.run("filters", "save", "All of us", str(everyone)).returncode == 0

    ran = subprocess.run(
        [sys.executable, "-c", RUN_FLOWS],
        env=rollcall.env
        | {
            "PREFECT_API_URL": prefect_server,
            "ROLLCALL_SOURCE": str(source),
            "PYTHONPATH": str(PROJECT),
        },
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert ran.returncode == 0, ran.stderr
    assert_told(prefect_server)
    assert not snapshot.exists()
    log = json.loads(rollcall.run("log", message_id, "--format", "json").stdout)
    assert {one["name"] for one in log["deliveries"]} == {"removed by retention"}
    kept = prefect_store.read_whole()
    assert "apply-retention" in kept
    for canary in CANARIES:
        assert canary not in ran.stdout + ran.stderr
        assert canary not in kept


def assert_told(address: str) -> None:
    def told_by(flow: str) -> set[tuple[str, str]]:
        runs = filter_runs(address, flows={"name": {"any_": [flow]}})
        return {(run["state_type"], run["state"]["message"]) for run in runs}

    unusable = "the source cannot be used (`rollcall refresh` tells why)"
    assert told_by("refresh-sources") >= {
        ("COMPLETED", "1 people; 1 rows left out or amended"),
        ("FAILED", f"{unusable}, and no good version has been kept: nothing can be sent"),
    }
    assert told_by("apply-retention") >= {("COMPLETED", "removed 1 messages, 1 snapshots")}
    refreshed = read_pages(address, "refresh-sources")
    assert "| people | 1 | 1 | 1 |" in refreshed
    assert "## Dynamic filters\n\n* All of us" in refreshed
    assert "| messages | 1 |" in read_pages(address, "apply-retention")
