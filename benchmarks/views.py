"""How long each view of the dashboards takes to open, with a million deliveries and people.

    python -m benchmarks.views [PEOPLE [MEMBERS]]

Makes a source of PEOPLE (1,000,000), a ledger in SQLite with a message to all of them and a chat
of MEMBERS (100,000), starts `rollcall dashboards`, and opens each view in Chromium by its address,
in a browser that has been there before: Streamlit's own scripts are in its cache, as they are for
whoever has opened any page of the dashboards. Opened is a page whose script has ended; its live
parts go on by themselves.

* first: the first opening after the start.
* again: the median of 5 later ones.
* CPU: what the server took for that, the median too; it hardly depends on what else the machine
  does. Most of an opening is Streamlit's own script in Chromium, which the barest view tells: the
  first in the table.
* all there: the last of them, until nothing of the page is still being counted.

Ends with 1 where a view takes LIMIT_S or longer; on a machine so busy that the barest does, where
it takes the server CPU_LIMIT_S or longer.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

import polars as pl
from playwright.sync_api import BrowserContext, ViewportSize

from benchmarks.big_world import write_big_world
from benchmarks.dashboards_world import FILTER, TEMPLATE, Filled, fill_ledger
from benchmarks.portal_world import ROUTES, wait_until_listening
from rollcall.clock import SystemClock
from rollcall.ledger.engine import open_ledger
from rollcall.ledger.migrate import migrate_ledger
from rollcall.sources.kept import KeptSources
from tests.browser import run_browser
from tests.ports import find_free_port

LIMIT_S: Final = 1.0
CPU_LIMIT_S: Final = 0.5
REPEATS: Final = 5
PATIENCE_MS: Final = 300_000
DEFAULTS: Final = (1_000_000, 100_000)
DESK: Final[ViewportSize] = {"width": 1280, "height": 800}
SMS_ROUTE: Final = """
[[route]]
id = "sms-0"
kind = "http_sms"
price_per_segment = 0.05
url = "http://127.0.0.1:9/messages"
body = { to = "{to}", text = "{text}", from = "{sender}" }
sender = "Drill"
id_path = "id"
"""
RISKS: Final = {"country": ["JP", "GB", "UA"], "level": ["low", "high", "extreme"]}

IDLE: Final = "[data-testid=stApp][data-test-script-state=notRunning]"
UNFINISHED: Final = re.compile(r"being counted|being loaded|^Counting|^Looking")
"""What pages say that are not all there yet."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How long a view took: until it was opened, of the server's CPU, until it was all there."""

    opened_s: float
    cpu_s: float
    all_there_s: float


@dataclass(frozen=True, slots=True)
class Dashboards:
    """The dashboards as a process, and where they are."""

    url: str
    process_id: int

    def read_cpu_s(self) -> float:
        """Return how much CPU time the process has taken (proc(5): the fields 14 and 15)."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Make the world, start the dashboards, open every view, print."""
    asked = [int(one) for one in sys.argv[1:]]
    people_count, member_count = (*asked, *DEFAULTS[len(asked) :])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        filled = make_world(folder, people_count, member_count)
        print(f"{people_count:,} people, {member_count:,} members; load {tell_load()}\n")
        slow = measure(folder, filled)
    sys.exit(1 if slow else 0)


def make_world(folder: Path, people_count: int, member_count: int) -> Filled:
    """Write a source and a ledger."""
    source = write_big_world(folder / "source", people_count)
    pl.DataFrame(RISKS).write_csv(source / "country_risk.csv")
    data = folder / "data"
    data.mkdir(mode=0o700)
    KeptSources(data / "sources", SystemClock()).open(source)
    ledger = open_ledger(f"sqlite:///{data / 'ledger.db'}")
    migrate_ledger(ledger)
    filled = fill_ledger(ledger, people_count, member_count, datetime.now(UTC))
    ledger.close()
    return filled


def measure(folder: Path, filled: Filled) -> list[str]:
    """Open every view; return those that take too long."""
    slow, barest_s = [], 0.0
    print(f"{'view':<28} {'first':>8} {'again':>8} {'CPU':>8} {'all there':>10}   in s")
    with serve_dashboards(folder) as dashboards, run_browser() as browser:
        context = browser.new_context(viewport=DESK)  # without `open_context`: it has no cache
        context.set_default_timeout(PATIENCE_MS)
        sign_in(context, dashboards)
        for name, path in list_views(filled).items():
            first, *again = (open_view(context, dashboards, path) for _ in range(1 + REPEATS))
            again_s = median(one.opened_s for one in again)
            cpu_s = median(one.cpu_s for one in again)
            figures = f"{first.opened_s:8.2f} {again_s:8.2f} {cpu_s:8.2f}"
            print(f"{name:<28} {figures} {again[-1].all_there_s:10.2f}", flush=True)
            barest_s = barest_s or again_s
            if again_s >= LIMIT_S if barest_s < LIMIT_S else cpu_s >= CPU_LIMIT_S:
                slow.append(name)
    print(f"\nload {tell_load()}; too slow: {', '.join(slow) or 'none'}")
    return slow


def list_views(filled: Filled) -> dict[str, str]:
    """Return the address of each view by what it is."""
    message, chat, draft = filled.message_id, filled.chat_id, filled.draft_id
    return {
        "audit": "/audit",
        "message log": "/log",
        "its recipients": f"/log?message={message}",
        "live progress": f"/progress?message={message}",
        "chats": "/chats",
        "a chat with its members": f"/chats?chat={chat}",
        "compose, nothing chosen": "/compose",
        "compose, a dynamic filter": f"/compose?draft={draft}",
        "compose, check and send": f"/compose?draft={draft}&step=check",
        "templates": f"/templates?name={TEMPLATE}&kind=one_way",
        "dynamic filters": f"/filters?name={FILTER}",
        "schedules": "/schedules",
        "deliverability": "/deliverability",
        "data": "/data",
        "overview": "/overview",
    }


def sign_in(context: BrowserContext, dashboards: Dashboards) -> None:
    """Let a browser be let in, and fill its cache."""
    page = context.new_page()
    page.goto(f"{dashboards.url}/audit")
    page.locator(IDLE).wait_for()
    page.close()


def open_view(context: BrowserContext, dashboards: Dashboards, path: str) -> Opening:
    """Open a view in a new tab; return how long that took."""
    page = context.new_page()
    began_s, before_s = time.perf_counter(), dashboards.read_cpu_s()
    page.goto(f"{dashboards.url}{path}")
    page.locator("h1").first.wait_for()
    page.locator(IDLE).wait_for()
    opened_s, after_s = time.perf_counter() - began_s, dashboards.read_cpu_s()
    page.get_by_text(UNFINISHED).first.wait_for(state="hidden")
    page.locator(IDLE).wait_for()
    all_there_s = time.perf_counter() - began_s
    page.close()
    return Opening(opened_s, after_s - before_s, all_there_s)


@contextmanager
def serve_dashboards(folder: Path) -> Iterator[Dashboards]:
    """Run the dashboards until the context ends."""
    (folder / "routes.toml").write_text(ROUTES + SMS_ROUTE)
    port = find_free_port()
    env = os.environ | {
        "ROLLCALL_DATA_DIR": str(folder / "data"),
        "ROLLCALL_SOURCE": str(folder / "source"),
        "ROLLCALL_ROUTES_FILE": str(folder / "routes.toml"),
    }
    command = [sys.executable, "-m", "rollcall.cli", "dashboards", "--port", str(port)]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        wait_until_listening(port)
        yield Dashboards(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.kill()
        process.wait(timeout=30)


def tell_load() -> str:
    """Return how busy the machine is: programs that would run, of late, by its cores."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
