"""Prefect's run form orders messages, chats and posts: through its API, and by clicks in its UI."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page

from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from tests.browser import open_context, run_browser
from tests.e2e.conftest import Rollcall, wait_until
from tests.e2e.prefect_api import (
    ask,
    await_end,
    filter_runs,
    is_deployed,
    read_run,
    start_deployment,
)
from tests.e2e.test_dispatcher import dispatcher

PEOPLE = 600
TEMPLATE = {
    "content": {"subject": "Drill", "text": "Hello {{ name }}, this is a drill."},
    "selection": {"everyone": True},
}
DESKTOP = {"width": 1100, "height": 1200}
PART = (
    "xpath=//span[contains(@class, 'schema-form-property__label')]"
    "[normalize-space()='{} (Optional)']"
    "/ancestor::div[contains(concat(' ', @class, ' '), ' schema-form-property ')][1]"
)


@pytest.fixture
def equipped(rollcall: Rollcall, source: Path, prefect_server: str, tmp_path: Path) -> Rollcall:
    """An installation with a template and a saved filter, and a Prefect server."""
    env = {
        "PREFECT_API_URL": prefect_server,
        "ROLLCALL_SOURCE": str(source),
        "ROLLCALL_PUBLIC_URL": "https://safe.example.org",
    }
    rollcall.env.update(env)
    for name, told in (("template", TEMPLATE), ("filter", {"groups": ["all"]})):
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    template, saved = str(tmp_path / "template.json"), str(tmp_path / "filter.json")
    for command in (
        ("templates", "save", "Weekly drill", "--file", template),
        ("filters", "save", "All of us", saved),
    ):
        assert rollcall.run(*command).returncode == 0
    return rollcall


def artifacts_of(address: str, run_id: str) -> dict[str, dict[str, Any]]:
    """Return what a run shows on its page, by kind; the results of steps left out."""
    wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}}}
    found = [one for one in ask("POST", f"{address}/artifacts/filter", wanted) if one["key"]]
    assert len(found) == len({one["type"] for one in found}) <= 2
    return {one["type"]: one for one in found}


def run(address: str, name: str, state: str = "COMPLETED", **order: Any) -> dict[str, Any]:
    """Order something as the UI does, and wait for the run to end."""
    run_id = start_deployment(address, name, order=order)
    await_end(address, run_id, state=state)
    return read_run(address, run_id)


def count_reached(sandbox: Sandbox) -> int:
    return len({entry.reference for entry in sandbox.journal()})


def test_messages_chats_and_posts_are_ordered_through_the_api_and_tell_how_they_went(
    equipped: Rollcall, tmp_path: Path, prefect_server: str
) -> None:
    with (
        start_sandbox(make_plan("clean", seed=1), tmp_path / "sandbox") as sandbox,
        dispatcher(equipped, "dispatcher"),
    ):
        wait_until(lambda: is_deployed(prefect_server, "send-message"), 90, "it has deployed")
        filters = {"saved_filters": ["All of us"]}

        looked = run(prefect_server, "send-message", template="Weekly drill", preview_only=True)
        assert looked["state"]["message"] == "600 people; nothing was sent"
        preview = artifacts_of(prefect_server, looked["id"])["markdown"]["data"]
        assert "| email | 600 |" in preview
        assert sandbox.journal() == []

        failed = run(
            prefect_server,
            "send-message",
            state="FAILED",
            template="Weekly drill",
            recipients={"groups": ["nobody"]},
        )
        assert "unknown group 'nobody'" in failed["state"]["message"]
        assert sandbox.journal() == []

        sent = run(prefect_server, "send-message", template="Weekly drill", recipients=filters)
        [message_id] = [
            one["message_id"]
            for one in json.loads(equipped.run("log", "--format", "json").stdout)
            if one["state"] == "sent"
        ]
        assert sent["name"] == f"message-{message_id}: template Weekly drill, filter All of us"
        assert sent["state"]["message"] == f"message {message_id}: 600 of 600 taken over"
        assert count_reached(sandbox) == PEOPLE
        shown = artifacts_of(prefect_server, sent["id"])
        assert shown["progress"]["data"] == 100
        assert shown["progress"]["description"] == "600 of 600 done; email 600 taken over"
        for line in ("| email | 600 |", "| mail | 600 |", f"`rollcall log {message_id}`"):
            assert line in shown["markdown"]["data"]

        opened = run(
            prefect_server,
            "open-chat",
            wording={"title": "Drill", "post": "Are you OK?"},
            recipients=filters,
        )
        chat_id = opened["name"].partition(":")[0].replace("chat-m", "c")
        assert count_reached(sandbox) == 2 * PEOPLE
        posted = run(prefect_server, "post-to-chat", chat_id=chat_id, post="Meet at noon.")
        assert posted["name"].startswith("notice-m")
        assert posted["name"].endswith(f": {chat_id}")
        assert count_reached(sandbox) == 3 * PEOPLE
    runs = json.dumps(filter_runs(prefect_server))
    assert "example.org" not in runs
    assert "+1202" not in runs


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


def test_an_administrator_who_has_only_the_ui_sends_a_message_to_a_saved_filter(
    equipped: Rollcall, tmp_path: Path, prefect_server: str
) -> None:
    with (
        start_sandbox(make_plan("clean", seed=1), tmp_path / "sandbox") as sandbox,
        dispatcher(equipped, "dispatcher"),
        run_browser() as browser,
        open_context(browser, viewport=DESKTOP) as context,
    ):
        wait_until(lambda: is_deployed(prefect_server, "send-message"), 90, "it has deployed")
        page = context.new_page()
        page.goto(f"{prefect_server.removesuffix('/api')}/deployments")
        page.get_by_role("link", name="send-message").first.click()
        page.get_by_role("button", name="Run").click()
        page.get_by_text("Custom run").click()

        part(page, "Template").locator("textarea").fill("Weekly drill")
        saved = part(page, "Saved filters")
        saved.get_by_role("button", name="Add item").click()
        saved.locator("textarea").fill("All of us")
        run_id = submit(page)

        await_end(prefect_server, run_id)
        ended = read_run(prefect_server, run_id)
        assert count_reached(sandbox) == PEOPLE
        page.goto(f"{prefect_server.removesuffix('/api')}/runs/flow-run/{run_id}")
        page.get_by_text(ended["name"]).first.wait_for()
        page.get_by_text("Artifacts", exact=True).click()
        page.get_by_text("600 of 600 done; email 600 taken over").wait_for()
    assert ended["parameters"] == {
        "order": {"template": "Weekly drill", "recipients": {"saved_filters": ["All of us"]}}
    }
