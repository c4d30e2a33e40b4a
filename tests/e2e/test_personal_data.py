"""Whatever is logged, however closely one looks: no person's name, number, address or text.

The send goes over carriers that misbehave in every way they can, so that the paths of mistakes and
faults are taken too.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from tests.e2e.conftest import PrefectStore, Rollcall
from tests.people import phone_of

PEOPLE_COUNT = 60
CANARIES = (
    "Zanzibarina", "Quuxworth", "canary.mailbox", "+1212555", "1212555", "55.123456",
    "canary-text", "canary-subject", "canary-short", "not-a-number", "canary mailbox at",
)  # fmt: skip
"""Parts of names, addresses, numbers, positions and texts that stand in the data."""

AT_DEBUG_LEVEL = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, filename=sys.argv.pop(1))
from rollcall.cli.app import main
main()
"""


def _write_source(folder: Path) -> Path:
    folder.mkdir()
    with (folder / "people.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["person_id", "name", "email", "phone", "groups"])
        for number in range(PEOPLE_COUNT):
            email, phone = f"canary.mailbox.{number}@example.org", phone_of(100 + number)
            rows.writerow([f"p{number}", f"Zanzibarina Quuxworth {number}", email, phone, "all"])
        rows.writerow(["p900", "Zanzibarina", "canary mailbox at example", "not-a-number", "all"])
        rows.writerow(["p901", 'Zanzibarina "Quuxworth', "", "not-a-number", "all"])
    with (folder / "locations.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["person_id", "latitude", "longitude", "reported_at"])
        rows.writerow(["p1", "55.123456", "12.5", "2026-11-22T00:00:00Z"])
        rows.writerow(["Zanzibarina", "55.123456", "12.5", "2026-11-22T00:00:00Z"])
        rows.writerow(["p2", "Zanzibarina", "canary.mailbox", "+1212555"])
    return folder


def _write_message(path: Path) -> Path:
    content = {
        "subject": "canary-subject {{ name }}",
        "text": "canary-text for {{ name }}",
        "sms": "canary-short {{ name }}",
    }
    options = {"include_sms": True, "high_quality_sms": True}
    message = {"content": content, "selection": {"groups": ["all"]}, "options": options}
    path.write_text(json.dumps(message))
    return path


def test_a_send_tells_nothing_of_anybody_in_output_or_log(
    rollcall: Rollcall, tmp_path: Path
) -> None:
    log = tmp_path / "debug.log"
    with start_sandbox(make_plan("rough", seed=5), tmp_path / "sandbox") as sandbox:
        sent = subprocess.run(
            [
                *(sys.executable, "-c", AT_DEBUG_LEVEL, log, "send"),
                *(_write_message(tmp_path / "m.json"), "--data"),
                _write_source(tmp_path / "source"),
            ],
            env=rollcall.env | {"PREFECT_LOGGING_LEVEL": "DEBUG"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert len(sandbox.journal()) >= PEOPLE_COUNT, sent.stderr
    logged = log.read_text()
    assert "DEBUG" in logged
    for canary in CANARIES:
        assert canary not in sent.stdout
        assert canary not in sent.stderr
        assert canary not in logged


def test_a_refresh_tells_nothing_of_anybody_whose_row_is_bad(
    rollcall: Rollcall, tmp_path: Path
) -> None:
    refreshed = rollcall.run("refresh", "--data", str(_write_source(tmp_path / "source")))
    assert refreshed.returncode == 0
    assert "people line" in refreshed.stdout
    assert "locations line" in refreshed.stdout
    for canary in CANARIES:
        assert canary not in refreshed.stdout + refreshed.stderr


def test_prefects_database_holds_nothing_of_anybody(
    rollcall: Rollcall, tmp_path: Path, prefect_server: str, prefect_store: PrefectStore
) -> None:
    message = _write_message(tmp_path / "m.json")
    with start_sandbox(make_plan("rough", seed=5), tmp_path / "sandbox"):
        rollcall.env.update(PREFECT_API_URL=prefect_server, PREFECT_LOGGING_LEVEL="DEBUG")
        sent = rollcall.run(
            *("send", str(message), "--data", str(_write_source(tmp_path / "source"))),
            *("--format", "json"),
        )
    own = [path for path in (tmp_path / "prefect").rglob("*") if path.is_file()]
    kept = [prefect_store.read_whole(), *(path.read_text("utf-8", "replace") for path in own)]
    assert json.loads(sent.stdout)["message_id"] in kept[0]
    for canary in CANARIES:
        assert not any(canary in content for content in kept)
