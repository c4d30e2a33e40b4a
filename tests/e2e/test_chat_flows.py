"""A chat that is opened, and a post in it, as flow runs of a real Prefect server."""

import json
from pathlib import Path
from typing import Any

import httpx

from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from tests.e2e.conftest import Rollcall


def read_runs(address: str) -> dict[str, dict[str, Any]]:
    """Return all flow runs by name."""
    answer = httpx.post(f"{address}/flow_runs/filter", json={}, timeout=30)
    answer.raise_for_status()
    return {run["name"]: run for run in answer.json()}


def test_flow_runs_of_a_chat_hold_ids_and_no_text(
    rollcall: Rollcall, source: Path, tmp_path: Path, prefect_server: str
) -> None:
    rollcall.env["PREFECT_API_URL"] = prefect_server
    rollcall.env["ROLLCALL_PUBLIC_URL"] = "https://safe.example.org"
    chat = tmp_path / "chat.json"
    told = {"title": "Drill", "post": "Are you safe?", "selection": {"people": ["p0001"]}}
    chat.write_text(json.dumps(told), "utf-8")
    with start_sandbox(make_plan("clean", seed=1), tmp_path / "sandbox"):
        opened = rollcall.run("chat", "open", str(chat), "--data", str(source), "--format", "json")
        assert opened.returncode == 0, opened.stderr
        chat_id = json.loads(opened.stdout)["chat_id"]
        posting = ("chat", "post", chat_id, "--text", "Stay inside.", "--notify", "email")
        posted = rollcall.run(*posting, "--format", "json")
        assert posted.returncode == 0, posted.stderr

    runs = read_runs(prefect_server)
    opened_id = json.loads(opened.stdout)["message_id"]
    notice_id = json.loads(posted.stdout)["notice"]["message_id"]
    for name, message_id in ((f"chat-{opened_id}", opened_id), (f"notice-{notice_id}", notice_id)):
        assert runs[name]["state_type"] == "COMPLETED"
        assert runs[name]["parameters"] == {"message_id": message_id, "order": {}}
    assert "Stay inside." not in json.dumps(runs)
    assert "Are you safe?" not in json.dumps(runs)
