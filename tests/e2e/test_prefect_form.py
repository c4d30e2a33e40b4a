"""Prefect's run form orders messages, chats and posts: through its API, and by clicks in its UI."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page

from rollcall.domain.forms.orders import MessageForm
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from tests.browser import open_context, run_browser
from tests.e2e.conftest import Rollcall, install, wait_until
from tests.e2e.prefect_api import (
    ask,
    await_end,
    filter_runs,
    is_deployed,
    read_run,
    start_deployment,
)
from tests.e2e.test_dispatcher import dispatcher
from tests.people import write_people

PEOPLE = 600
TEMPLATE = {
    "content": {"subject": "Drill", "text": "Hello {{ name }}, this is a drill."},
    "selection": {"everyone": True},
}
DESK = "https://desk.example.org"
DESKTOP = {"width": 1100, "height": 1200}
PART = (
    "xpath=//span[contains(@class, 'schema-form-property__label')]"
    "[normalize-space()='{} (Optional)']"
    "/ancestor::div[contains(concat(' ', @class, ' '), ' schema-form-property ')][1]"
)


@dataclass(frozen=True)
class Installation:
    """A dispatcher that serves a Prefect server, with carriers, a template and a dynamic filter.

    Attributes:
        rollcall: Its command line.
        sandbox: Its carriers.
        address: Of the API of the Prefect server.
    """

    rollcall: Rollcall
    sandbox: Sandbox
    address: str

    def count_taken(self) -> int:
        return len({entry.reference for entry in self.sandbox.journal()})


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory, prefect_server: str
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("form")
    rollcall = install(folder)
    told = {
        "PREFECT_API_URL": prefect_server,
        "ROLLCALL_SOURCE": str(write_people(folder / "source", count=PEOPLE)),
        "ROLLCALL_PUBLIC_URL": "https://safe.example.org",
        "ROLLCALL_DASHBOARDS__PUBLIC_URL": DESK,
    }
    rollcall.env.update(told)
    _save(rollcall, "templates", "Weekly drill", "--file", TEMPLATE)
    _save(rollcall, "filters", "All of us", "", {"groups": ["all"]})
    with (
        start_sandbox(make_plan("clean", seed=1), folder / "sandbox") as sandbox,
        dispatcher(rollcall, "dispatcher"),
    ):
        wait_until(lambda: is_deployed(prefect_server, "send-message"), 300, "it has deployed")
        yield Installation(rollcall, sandbox, prefect_server)


def _save(rollcall: Rollcall, what: str, name: str, option: str, told: dict[str, Any]) -> None:
    path = rollcall.folder / f"{what}.json"
    path.write_text(json.dumps(told))
    given = [option, str(path)] if option else [str(path)]
    saved = rollcall.run(what, "save", name, *given)
    assert saved.returncode == 0, saved.stderr


def artifacts_of(address: str, run_id: str) -> dict[str, dict[str, Any]]:
    """Return what a run shows on its page, by kind; the results of steps left out."""
    wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}}}
    found = [one for one in ask("POST", f"{address}/artifacts/filter", wanted) if one["key"]]
    assert len(found) == len({one["type"] for one in found}) <= 2
    return {one["type"]: one for one in found}


def report_of(address: str, run_id: str) -> str:
    """Return the id of the note that a run leaves at its end."""
    found: str = artifacts_of(address, run_id)["markdown"]["id"]
    return found


def run(address: str, name: str, state: str = "COMPLETED", **order: Any) -> dict[str, Any]:
    """Order something as the UI does, and wait for the run to end."""
    run_id = start_deployment(address, name, order=order)
    await_end(address, run_id, state=state)
    return read_run(address, run_id)


def read_logs(address: str, run_id: str) -> str:
    """Return what Prefect has kept of a run's log, once that is whole."""
    wanted = {"logs": {"flow_run_id": {"any_": [run_id]}}, "limit": 200}
    read = partial(ask, "POST", f"{address}/logs/filter", wanted)
    wait_until(lambda: "Finished in state" in json.dumps(read()), 30, "its log is kept")
    return json.dumps(read())


def test_messages_chats_and_posts_are_ordered_through_the_api_and_tell_how_they_went(
    installed: Installation,
) -> None:
    address, known_count = installed.address, installed.count_taken()
    to_all = {"saved_filters": ["All of us"]}
    sent = run(
        address,
        "send-message",
        wording={"subject": "Another drill", "text": "Go on as usual."},
        recipients=to_all,
    )
    [message_id] = re.findall(r"^message-(\S+): filter All of us$", sent["name"])
    assert sent["state"]["message"] == f"message {message_id}: 600 of 600 taken over"
    assert installed.count_taken() == known_count + PEOPLE
    shown = artifacts_of(address, sent["id"])
    assert shown["progress"]["data"] == 100
    assert shown["progress"]["description"] == "600 of 600 done; email 600 taken over"
    for line in ("| email | 600 |", "| mail | 600 |", f"({DESK}/log?message={message_id})"):
        assert line in shown["markdown"]["data"]

    text = {"title": "Drill", "post": "Are you OK?"}
    opened = run(address, "open-chat", wording=text, recipients=to_all)
    [rest] = re.findall(r"^chat-m(\S+): filter All of us$", opened["name"])
    posted = run(address, "post-to-chat", chat_id=f"c{rest}", post="Meet at noon.")
    assert re.fullmatch(rf"notice-m\S+: c{rest}", posted["name"])
    assert installed.count_taken() == known_count + 3 * PEOPLE
    listed = json.loads(installed.rollcall.run("chat", "list", "--format", "json").stdout)
    assert f"c{rest}" in {one["chat_id"] for one in listed}
    assert "example.org" not in json.dumps(filter_runs(address))


def test_a_preview_and_a_mistake_send_nothing_and_say_what_they_found(
    installed: Installation,
) -> None:
    address, known_count = installed.address, installed.count_taken()
    looked = run(address, "send-message", template="Weekly drill", preview_only=True)
    assert looked["name"] == "preview: template Weekly drill"
    assert looked["state"]["message"] == "600 people; nothing was sent"
    assert "| email | 600 |" in artifacts_of(address, looked["id"])["markdown"]["data"]

    unknown = {"template": "Weekly drill", "recipients": {"groups": ["nobody"]}}
    failed = run(address, "send-message", state="FAILED", **unknown)
    assert "unknown group 'nobody'" in failed["state"]["message"]
    assert installed.count_taken() == known_count

    url = ask("GET", f"{address}/deployments/name/send-message/send-message")["id"]
    mistyped = {"parameters": {"order": {"recipients": {"peeple": ["p1"]}}}}
    refused = httpx.post(f"{address}/deployments/{url}/create_flow_run", json=mistyped, timeout=60)
    assert refused.status_code == httpx.codes.CONFLICT
    assert "peeple" in refused.text


def test_what_was_typed_is_repeated_in_no_log_of_a_run_that_cannot_be_meant(
    installed: Installation,
) -> None:
    """The run's parameters hold it, as the form says; its logs, its state and ours do not.

    No canary of `test_personal_data`: that one looks at all that the same server keeps.
    """
    typed = "Wobbleton Grimsditch, +818055501234, typed.mailbox@example.org"
    to_all = {"saved_filters": ["All of us"]}
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("send-message", {"wording": {"subject": typed * 9, "text": typed}, "recipients": to_all}),
        ("send-message", {"wording": {"subject": "a", "text": typed * 400}, "recipients": to_all}),
        ("open-chat", {"wording": {"title": typed * 9, "post": typed}, "recipients": to_all}),
        ("open-chat", {"wording": {"title": "a", "post": "b"}, "near": typed}),
        ("post-to-chat", {"chat_id": "c1", "post": typed * 400}),
    ]
    log = installed.rollcall.folder / "dispatcher.log"
    for name, order in wrong:
        failed = run(installed.address, name, state="FAILED", **order)
        kept = read_logs(installed.address, failed["id"])
        told = f"{kept} {failed['state']} {failed['name']} {log.read_text()}"
        assert "Error" in told
        for canary in ("Wobbleton", "Grimsditch", "8055501234", "typed.mailbox"):
            assert canary not in told


def part(page: Page, title: str) -> Locator:
    """Return the part of the form that has a title."""
    return page.locator(PART.format(title)).first


def submit(page: Page) -> str:
    """Submit the form as often as Prefect's SQLite is locked; return the run's id."""
    for _ in range(20):
        with page.expect_response(lambda answer: "create_flow_run" in answer.url) as told:
            page.get_by_role("button", name="Submit").evaluate("one => one.click()")
        if told.value.ok:
            run_id: str = told.value.json()["id"]
            return run_id
        assert told.value.status == httpx.codes.SERVICE_UNAVAILABLE, told.value.text()
    pytest.fail("the form could not be submitted")


@contextmanager
def opened_form(site: str) -> Iterator[Page]:
    """Open the form of `send-message` in a browser, as from its page."""
    with run_browser() as browser, open_context(browser, viewport=DESKTOP) as context:
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto(f"{site}/deployments")
        page.get_by_role("link", name="send-message", exact=True).first.click()
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("Custom run").click()
        yield page


def test_a_moment_is_picked_with_its_time_zone_and_travel_without_a_place_is_refused(
    installed: Installation,
) -> None:
    site, known_count = installed.address.removesuffix("/api"), installed.count_taken()
    with opened_form(site) as page:
        part(page, "Template").locator("textarea").fill("Weekly drill")
        part(page, "Filters").get_by_role("button", name="Add item").click()
        travel = part(page, "Upcoming travel")
        travel.get_by_text("Travel", exact=True).click()
        begin = part(page, "From")
        begin.get_by_text("Select date and time").click()
        page.locator("input[type=date]").fill("2026-11-23")
        page.locator("input[type=time]").fill("06:15")
        page.get_by_role("button", name="Apply").click()
        begin.get_by_text("UTC", exact=True).click()
        page.keyboard.type("Tokyo")
        page.get_by_text("Asia / Tokyo").click()
        run_id = submit(page)
    await_end(installed.address, run_id, state="FAILED")
    ended = read_run(installed.address, run_id)
    [chosen] = ended["parameters"]["order"]["recipients"]["filters"]
    assert chosen["upcoming_travel"]["from_at"] == "2026-11-23T06:15:00+09:00"
    assert "until_at" not in chosen["upcoming_travel"]
    assert "countries" in ended["state"]["message"]
    assert installed.count_taken() == known_count


def test_an_administrator_who_has_only_the_ui_sends_a_message_to_a_saved_filter(
    installed: Installation,
) -> None:
    site, known_count = installed.address.removesuffix("/api"), installed.count_taken()
    with opened_form(site) as page:
        part(page, "Template").locator("textarea").fill("Weekly drill")
        saved = part(page, "Dynamic filters")
        saved.get_by_role("button", name="Add item").click()
        saved.locator("textarea").fill("All of us")
        run_id = submit(page)

        await_end(installed.address, run_id)
        ended = read_run(installed.address, run_id)
        assert installed.count_taken() == known_count + PEOPLE
        page.goto(f"{site}/runs/flow-run/{run_id}")
        page.get_by_text(ended["name"]).first.wait_for()
        page.get_by_text("Artifacts", exact=True).click()
        page.get_by_text("600 of 600 done; email 600 taken over").first.wait_for()
        [message_id] = re.findall(r"^message-([^:]+)", ended["name"])
        page.goto(f"{site}/artifacts/artifact/{report_of(installed.address, run_id)}")
        link = page.get_by_role("link", name="message log")
        assert link.get_attribute("href") == f"{DESK}/log?message={message_id}"
    filled_in = {"template": "Weekly drill", "recipients": {"saved_filters": ["All of us"]}}
    assert ended["parameters"]["message_id"] == ""
    assert MessageForm.model_validate(ended["parameters"]["order"]) == MessageForm.model_validate(
        filled_in  # the UI sends what was left as it is, too
    )
