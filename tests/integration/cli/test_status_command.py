"""`rollcall status`: everything, at a glance, and nobody by name."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.integration.cli.conftest import CommandLine
from tests.people import phone_of
from tests.ports import draw_ports


@pytest.fixture(autouse=True)
def ports(rollcall: CommandLine) -> dict[str, int]:
    """Ports at which nothing answers."""
    chosen = draw_ports()
    for name, port in chosen.items():
        rollcall.set(f"PORTS__{name}", str(port))
    rollcall.monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return chosen


def find(rollcall: CommandLine) -> dict[str, dict[str, Any]]:
    answer = rollcall("status", "--format", "json")
    told = answer.json
    assert answer.code == (0 if told["is_well"] else 1)
    assert told["is_well"] == all(one["is_good"] for one in told["findings"])
    return {one["part"]: one for one in told["findings"]}


def test_what_was_sent_shows_in_the_routes_and_names_nobody(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"everyone": True}, options={"include_sms": True})
    assert rollcall("send", path, "--data", rollcall.source, "--confirm").code == 0

    found = find(rollcall)
    assert found["route alpha"]["facts"]["tries"] == {"accepted": 2}
    assert found["route alpha"]["facts"]["is_trusted"] is True
    assert found["ledger"]["facts"]["backend"] == "sqlite"
    assert found["ledger"]["facts"]["size_bytes"] > 0
    assert found["queue"]["told"] == "nothing waits"
    assert found["messages"]["told"] == "none under way"
    assert found["prefect"]["is_good"]
    assert found["portal"]["is_good"]
    printed = rollcall("status").out + rollcall("status", "--format", "json").out
    for personal in ("Ana", "p1", phone_of(1), "@example.org", "Drill"):
        assert personal not in printed


def test_missing_dispatcher_is_amiss(rollcall: CommandLine) -> None:
    rollcall("migrate")
    answer = rollcall("status")
    assert answer.code == 1
    assert "FAIL  dispatcher       none is there" in answer.out


def test_no_ledger_is_told_and_none_is_made(rollcall: CommandLine) -> None:
    found = find(rollcall)
    assert not found["ledger"]["is_good"]
    assert not (rollcall.data / "ledger.db").exists()


def test_parts_that_should_be_there_and_are_not_are_amiss(
    rollcall: CommandLine, ports: dict[str, int]
) -> None:
    rollcall("migrate")
    rollcall.set("PUBLIC_URL", f"http://127.0.0.1:{ports['PORTAL']}")
    rollcall.monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{ports['PREFECT']}/api")
    found = find(rollcall)
    assert "receipts and answers do not come in" in found["portal"]["told"]
    assert "messages are sent without it" in found["prefect"]["told"]
    with _serving(ports["PREFECT"], {"/api/health": b"true", "/api/admin/version": b'"3.8.8"'}):
        found = find(rollcall)
    assert found["prefect"]["facts"]["version"] == "3.8.8"
    assert found["prefect"]["is_good"]


def test_version_of_a_part_is_told_where_its_monitor_tells_it_and_not_that_of_another(
    rollcall: CommandLine, ports: dict[str, int]
) -> None:
    rollcall("migrate")
    rollcall.set("PUBLIC_URL", "https://safe.example.org")
    answers = {"/healthz": b"{}"}
    with (
        _serving(ports["PORTAL"], answers),
        _serving(ports["PORTAL_METRICS"], {"/health": b'{"part": "portal", "version": "1.2.3"}'}),
        _serving(ports["DASHBOARDS"], answers),
        _serving(ports["DASHBOARDS_METRICS"], {"/health": b'{"part": "x", "version": "9"}'}),
    ):
        found = find(rollcall)
    assert found["portal"]["facts"]["version"] == "1.2.3"
    assert found["portal"]["told"].endswith("answers, version 1.2.3")
    assert found["dashboards"]["facts"]["version"] is None
    assert found["dashboards"]["told"].endswith("answers")


def test_age_of_the_source_is_told_and_one_that_was_never_kept_is_looked_at(
    rollcall: CommandLine,
) -> None:
    rollcall.set("SOURCE", rollcall.source)
    found = find(rollcall)["source"]
    assert (found["is_good"], found["facts"]["version"]) == (True, None)
    assert found["told"].endswith("can be used; `rollcall refresh` keeps a first version of it")
    assert rollcall("refresh").code == 0
    found = find(rollcall)["source"]
    assert found["is_good"]
    assert found["facts"]["people_count"] == 4


def test_source_that_was_never_kept_and_cannot_be_used_is_amiss(rollcall: CommandLine) -> None:
    rollcall.set("SOURCE", rollcall.source)
    (rollcall.source / "people.csv").write_text("number\n1\n")
    found = find(rollcall)["source"]
    assert not found["is_good"]
    assert "people.csv" in found["told"]


def test_source_that_sends_cannot_be_made_of_now_is_amiss(rollcall: CommandLine) -> None:
    rollcall.set("SOURCE", rollcall.source)
    assert rollcall("refresh").code == 0
    people = rollcall.source / "people.csv"
    good = people.read_bytes()

    people.write_bytes(good.replace(b"person_id", b"number"))
    found = find(rollcall)["source"]
    assert not found["is_good"]
    assert "people.csv" in found["told"]
    assert "is still in place: use it with --last-good" in found["told"]
    people.unlink()
    assert not find(rollcall)["source"]["is_good"]

    people.write_bytes(good + good.splitlines()[-1].replace(b"p4", b"p5") + b"\n")
    found = find(rollcall)["source"]
    assert (found["is_good"], found["facts"]["has_changed"]) == (True, True)
    people.write_bytes(good)
    found = find(rollcall)["source"]
    assert (found["is_good"], found["facts"]["has_changed"]) == (True, False)

    rollcall.set("REFRESH__STALE_H", "0.000001")
    found = find(rollcall)["source"]
    assert not found["is_good"]
    assert "the source is stale: no file of it was written for" in found["told"]


def test_routes_file_that_is_wrong_is_told(rollcall: CommandLine) -> None:
    rollcall.set("ROUTES_FILE", Path("nowhere.toml"))
    assert "nowhere.toml" in find(rollcall)["routes"]["told"]


class _serving:  # noqa: N801 - reads as a context
    """Answer at a port of loopback meanwhile."""

    def __init__(self, port: int, answers: dict[str, bytes]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = answers.get(self.path)
                self.send_response(200 if body else 404)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = Thread(target=self._server.serve_forever)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
