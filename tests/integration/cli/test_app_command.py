"""`rollcall app`, and what a person reports with it in the next selection."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from rollcall.clock import SystemClock, format_instant
from rollcall.ledger.app_reports import find_emergency
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.portal.desk import Desk
from rollcall.settings import load_settings
from rollcall.sources.snapshot import open_snapshot
from rollcall.wiring import build_link_key
from tests.integration.app.phone import Phone, make_app_portal
from tests.integration.cli.conftest import Answer, CommandLine

PUBLIC_URL = "https://safe.example.org"
TOKYO = {"latitude": "35.6812", "longitude": "139.7671", "accuracy_m": "15"}


@pytest.fixture
def rollcall(rollcall: CommandLine) -> CommandLine:
    rollcall.set("PUBLIC_URL", PUBLIC_URL)
    return rollcall


@pytest.fixture
def own_ledger(rollcall: CommandLine) -> Iterator[Ledger]:
    """The ledger of the command line."""
    assert rollcall("migrate").code == 0
    ledger = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    yield ledger
    ledger.close()


@asynccontextmanager
async def open_phone(ledger: Ledger) -> AsyncIterator[Phone]:
    """Run a portal on what the command line works with."""
    key = build_link_key(load_settings()).key
    app = make_app_portal(Desk(ledger, key, PUBLIC_URL, SystemClock()))
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http,
    ):
        yield Phone(http)


def invite(rollcall: CommandLine, *arguments: str) -> Answer:
    return rollcall("app", "invite", *arguments, "--data", rollcall.source, "--format", "json")


def select(rollcall: CommandLine, *options: str, **criteria: Any) -> Any:
    path = rollcall.write("selection.json", {"filters": [criteria]})
    answer = rollcall("select", path, "--data", rollcall.source, "--format", "json", *options)
    assert answer.code == 0, answer.err
    return answer.json


def ids(answer: Any) -> list[str]:
    told = [one["person_id"] for one in [*answer["people"], *answer["unreachable"]]]
    return sorted(told)


async def test_what_a_person_reports_is_part_of_the_next_selection(
    rollcall: CommandLine, own_ledger: Ledger
) -> None:
    nobody = {"recipient_type": "people"}
    assert "p3" not in ids(select(rollcall, countries=["JP"], **nobody))
    (made,) = invite(rollcall, "p3").json
    async with open_phone(own_ledger) as phone:
        await phone.use(made["link"].rpartition("/")[2])
        await phone.send("/app/consent", consent="precise")
        assert (await phone.send("/app/location", **TOKYO)).status_code == 303
        await phone.send("/app/emergency")

        found = select(rollcall, countries=["JP"], **nobody)
        (row,) = [one for one in found["people"] if one["person_id"] == "p3"]
        assert row["position"]["source"] == "report"
        assert (row["position"]["latitude"], row["position"]["country"]) == (35.6812, "JP")
        assert ids(select(rollcall, emergency=True)) == ["p3"]
        assert ids(select(rollcall, last_app_contact_within_hours=1)) == ["p3"]
        explained = select(rollcall, "--explain", emergency=True)["explain"]
        assert explained["people"][0]["accuracy_m"] == 15.0
        assert explained["summary"]["reachable"]["app"] == 1
        before = select(rollcall, "--as-of", "2026-11-23T06:00:00Z", countries=["JP"])
        assert "p3" not in ids(before) or "report" not in json.dumps(before)

        active = find_emergency(own_ledger, "p3")
        assert active
        await phone.send("/app/safe", emergency_id=active.emergency_id)
        assert ids(select(rollcall, emergency=True)) == []
        assert rollcall("app", "revoke", "p3").code == 0
        assert (await phone.send("/app/emergency")).status_code == 403
    assert ids(select(rollcall, emergency=True)) == []
    assert ids(select(rollcall, last_app_contact_within_hours=1)) == []


async def call_for_help(ledger: Ledger, token: str) -> None:
    async with open_phone(ledger) as phone:
        await phone.use(token)
        await phone.send("/app/emergency")


def test_send_means_whom_the_app_reports_and_its_snapshot_says_so(
    rollcall: CommandLine, own_ledger: Ledger
) -> None:
    (made,) = invite(rollcall, "p1").json
    asyncio.run(call_for_help(own_ledger, made["link"].rpartition("/")[2]))
    message = rollcall.write_message({"filters": [{"emergency": True}]})
    sent = rollcall("send", message, "--data", rollcall.source, "--format", "json")
    assert sent.code == 0, sent.err
    assert {one.person_id for one in rollcall.deliveries()} == {"p1"}
    (path,) = (rollcall.data / "snapshots").glob("*.duckdb")
    with open_snapshot(path) as snapshot:
        assert snapshot.frame("emergencies", ["line", "person_id"]).rows() == [(-1, "p1")]
        assert snapshot.frame("app_contacts", ["person_id"]).rows() == [("p1",)]


def test_selection_needs_no_ledger_and_makes_none(rollcall: CommandLine) -> None:
    assert ids(select(rollcall, groups=["board"])) == ["p1"]
    assert not (rollcall.data / "ledger.db").exists()


def test_ledger_that_does_not_answer_is_told_and_the_selection_is_shown(
    rollcall: CommandLine,
) -> None:
    rollcall.set("LEDGER_URL", "postgresql://nobody@127.0.0.1:1/none")
    path = rollcall.write("selection.json", {"groups": ["board"]})
    answer = rollcall("select", path, "--data", rollcall.source, "--format", "json")
    assert answer.code == 0
    assert ids(answer.json) == ["p1"]
    assert answer.err.startswith("what was reported with the app is not known: the ledger does not")


def test_invitations_are_links_of_people_of_the_source(rollcall: CommandLine) -> None:
    made = invite(rollcall, "p1", "p2", "p1", "--hours", "2").json
    assert [one["person_id"] for one in made] == ["p1", "p2"]
    assert all(one["link"].startswith(f"{PUBLIC_URL}/app/join/") for one in made)
    text = rollcall("app", "invite", "p1", "--data", rollcall.source)
    assert text.out.splitlines()[1].startswith(f"{PUBLIC_URL}/app/join/")


def test_mistakes_of_invitations_are_one_sentence(rollcall: CommandLine) -> None:
    assert invite(rollcall, "p1", "p99").mistake == "the source has nobody with the id 'p99'"
    rollcall.set("PUBLIC_URL", "")
    assert "ROLLCALL_PUBLIC_URL is not set" in invite(rollcall, "p1").mistake


async def test_devices_are_listed_and_revoked(rollcall: CommandLine, own_ledger: Ledger) -> None:
    assert rollcall("app", "devices").out.strip() == "no device is enrolled"
    (made,) = invite(rollcall, "p1").json
    async with open_phone(own_ledger) as phone:
        await phone.use(made["link"].rpartition("/")[2])
    (listed,) = rollcall("app", "devices", "--format", "json").json
    assert (listed["person_id"], listed["notified"], listed["location_consent"]) == (
        "p1",
        False,
        "none",
    )
    assert "p1" in rollcall("app", "devices").out
    revoked = rollcall("app", "revoke", "p1", "--format", "json").json
    assert revoked == {"person_id": "p1", "revoked": 1, "emergency_since": None}
    assert "0 devices revoked" in rollcall("app", "revoke", "p1").out


def test_an_emergency_of_a_lost_telephone_is_named_and_ended(
    rollcall: CommandLine, own_ledger: Ledger
) -> None:
    assert rollcall("app", "emergencies").out.strip() == "no emergency is open"
    (made,) = invite(rollcall, "p1").json
    asyncio.run(call_for_help(own_ledger, made["link"].rpartition("/")[2]))

    revoked = rollcall("app", "revoke", "p1")
    assert "p1 has had an emergency since" in revoked.out
    assert "rollcall app safe p1" in revoked.out
    (listed,) = rollcall("app", "emergencies", "--format", "json").json
    active = find_emergency(own_ledger, "p1")
    assert active
    assert listed == {
        "person_id": "p1",
        "emergency_id": active.emergency_id,
        "started_at": format_instant(active.started_at),
    }
    again = rollcall("app", "revoke", "p1", "--format", "json").json
    assert again["emergency_since"] == listed["started_at"]
    assert "p1" in rollcall("app", "emergencies").out

    ended = rollcall("app", "safe", "p1", "--format", "json")
    assert (ended.code, ended.json) == (0, {"person_id": "p1", "ended": 1})
    assert ids(select(rollcall, emergency=True)) == []
    assert "p1 has no open emergency" in rollcall("app", "safe", "p1").out
