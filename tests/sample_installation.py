"""A whole installation on sample data that is lively: sent messages, answers, all that is kept."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

from sqlalchemy import text

from rollcall.cli.demo_chat import SAMPLE, SAMPLE_AS_OF
from rollcall.clock import SystemClock
from rollcall.desk.acting import Acting
from rollcall.desk.drafting import Drafting
from rollcall.domain.acts import Actor
from rollcall.ledger.engine import open_ledger
from rollcall.ledger.templates import load_template
from tests.e2e.conftest import ROLLCALL, Rollcall, install, wait_until
from tests.ports import draw_ports

PASSWORD: Final = "correct horse battery"
USER: Final = "Ana"

_FEEDS: Final = Path(__file__).parent / "data" / "feeds"
_START_PATIENCE_S: Final = 400.0
_END_PATIENCE_S: Final = 60.0
_PREFECT_PATIENCE_S: Final = 180.0
_DEMO_PATIENCE_S: Final = 300.0

_DATED: Final = {
    "messages": ("accepted_at", "closed_at"),
    "deliveries": ("next_attempt_at",),
    "attempts": ("started_at", "finished_at"),
    "receipts": ("occurred_at", "received_at"),
    "chats": ("opened_at",),
    "chat_members": ("answered_at",),
    "chat_answers": ("answered_at",),
    "chat_posts": ("written_at",),
}
"""What makes a send of today one of another day."""


@dataclass(frozen=True)
class SampleInstallation:
    """Everything runs, with a user of its own.

    Attributes:
        url: Of the dashboards.
        message_ids: What was sent; the latest first.
        chat_id: The latest chat, in which some have answered.
        draft_id: A draft of the user's.
        rollcall: The command line with its settings.
    """

    url: str
    message_ids: list[str]
    chat_id: str
    draft_id: str
    rollcall: Rollcall


@contextmanager
def run_sample_installation(folder: Path) -> Iterator[SampleInstallation]:
    """Send the sample on two days, start everything, and keep some of all that can be kept."""
    rollcall = install(folder)
    data = folder / "demo"
    chat_id = ""
    for days_ago in (2, 0):
        chat_id = _run_demo(rollcall, data)
        if days_ago:
            _date_back(data, days_ago)
    ports = draw_ports()
    rollcall = replace(rollcall, env=rollcall.env | name_ports(ports))
    with run_up_demo(rollcall, data) as told, _serve_feeds() as feeds:
        rollcall = replace(rollcall, env=rollcall.env | read_demo_environment(data))
        _keep_something(rollcall, f"{feeds}/usgs_day.geojson")
        sent = json.loads(_run(rollcall, "log", "--format", "json"))
        ids = [one["message_id"] for one in sent]
        draft_id = _begin_draft(data)
        yield SampleInstallation(told["dashboards"], ids, chat_id, draft_id, rollcall)


def _run_demo(rollcall: Rollcall, data: Path) -> str:
    """Send the sample to sandbox carriers, and let some answer in a chat; return the chat's id."""
    command = [*ROLLCALL, "demo", "--folder", str(data), "--format", "json"]
    done = subprocess.run(
        command, env=rollcall.env, capture_output=True, text=True, timeout=_DEMO_PATIENCE_S,
        check=False,
    )  # fmt: skip
    # 1: some could not be reached, which is as it should be with these carriers
    assert done.returncode in (0, 1), done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return str(told["chat"]["chat_id"])


def _date_back(data: Path, days_count: int) -> None:
    """Make what was sent until now a send of some days ago."""
    ledger = open_ledger(f"sqlite:///{data / 'ledger.db'}")
    with ledger.write() as connection:
        for table, columns in _DATED.items():
            changes = ", ".join(
                f"{name} = strftime('%Y-%m-%d %H:%M:%f000', {name}, '-{days_count} days')"
                for name in columns
            )
            connection.execute(text(f"UPDATE {table} SET {changes}"))  # noqa: S608 - names of ours
    ledger.close()


def name_ports(ports: dict[str, int]) -> dict[str, str]:
    """Return the settings by which parts listen at these ports."""
    return {f"ROLLCALL_PORTS__{name}": str(port) for name, port in ports.items()}


def read_demo_environment(data: Path) -> dict[str, str]:
    """Return by which settings commands find what `run_up_demo` runs, as the shell reads them."""
    words = (shlex.split(line)[0] for line in (data / "up.env").read_text("utf-8").splitlines())
    return dict(word.split("=", 1) for word in words) | {"NO_PROXY": "127.0.0.1"}


@contextmanager
def run_up_demo(rollcall: Rollcall, data: Path) -> Iterator[dict[str, Any]]:
    """Run `rollcall up --demo` until the context ends; yield where everything is."""
    answer, log = data / "up.json", data / "up.log"
    with answer.open("w") as stdout, log.open("w") as stderr:
        process = subprocess.Popen(
            [*ROLLCALL, "up", "--demo", "--folder", str(data), "--format", "json"],
            env=rollcall.env, stdout=stdout, stderr=stderr, text=True,
        )  # fmt: skip

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        return answer.read_text().rstrip().endswith("}")

    try:
        wait_until(answers, _START_PATIENCE_S, "everything answers")
        yield json.loads(answer.read_text())
    finally:
        process.terminate()
        process.wait(timeout=_END_PATIENCE_S)


@contextmanager
def _serve_feeds() -> Iterator[str]:
    """Serve the feeds of the tests on loopback until the context ends; yield their address."""
    handler = partial(QuietHandler, directory=str(_FEEDS))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files, and says nothing of it."""

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def _keep_something(rollcall: Rollcall, feed: str) -> None:
    """Keep templates, filters, a schedule, incidents of a feed, and a user."""
    _run(rollcall, "users", "add", USER, "--role", "admin", given=f"{PASSWORD}\n")
    earthquake, are_you_ok = SAMPLE / "earthquake.json", SAMPLE / "are_you_ok.json"
    _run(rollcall, "templates", "save", "Earthquake", "--file", str(earthquake))
    _run(rollcall, "templates", "save", "Are you OK?", "--kind", "chat", "--file", str(are_you_ok))
    for name, selection in (
        ("In Japan now", {"filters": [{"countries": ["JP"]}]}),
        ("Tokyo office", {"facilities": ["tokyo"]}),
    ):
        _run(rollcall, "filters", "save", name, "-", given=json.dumps(selection))
    _run(rollcall, "refresh")
    _run(rollcall, "incidents", "refresh", feed)
    schedule = ("--template", "Earthquake", "--cron", "0 7 1 1 *", "--time-zone", "Asia/Tokyo")
    wait_until(partial(_is_scheduled, rollcall, schedule), _PREFECT_PATIENCE_S, "it is scheduled")
    sent = ("send", str(earthquake), "--as-of", SAMPLE_AS_OF, "--confirm", "--detach")
    _run(rollcall, *sent)


def _is_scheduled(rollcall: Rollcall, schedule: tuple[str, ...]) -> bool:
    """Add a schedule; a Prefect that is busy may not answer, and have added it all the same."""
    done = rollcall.run("schedule", "add", "yearly-drill", *schedule)
    return done.returncode == 0 or "yearly-drill" in rollcall.run("schedule", "list").stdout


def _begin_draft(data: Path) -> str:
    """Begin a draft from a template, as the user would; return its id."""
    ledger = open_ledger(f"sqlite:///{data / 'ledger.db'}")
    template = load_template(ledger, "one_way", "Earthquake")
    draft = Drafting(Acting(ledger, SystemClock())).open_from(Actor(USER, "admin"), template)
    ledger.close()
    return draft.draft_id


def _run(rollcall: Rollcall, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [*ROLLCALL, *arguments], env=rollcall.env, input=given, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout
