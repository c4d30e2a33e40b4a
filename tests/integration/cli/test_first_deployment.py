"""`rollcall up` waits for the deployments, and for nothing that will not come."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from rollcall.cli import first_deployment
from rollcall.cli.first_deployment import await_deployments

Told = dict[str, Any]


@contextmanager
def dispatcher(*told: Told) -> Iterator[str]:
    """Tell one thing after the other, the last one for ever; yields where."""
    ahead = list(told)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now = ahead.pop(0) if len(ahead) > 1 else ahead[0]
            self.send_response(503 if now["deployments"] == "failing" else 200)
            self.end_headers()
            self.wfile.write(json.dumps(now).encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/health"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_deployment, "LOOK_S", 0.01)


@pytest.mark.parametrize(
    ("last", "prefect"), [("made", "answers"), ("failing", "undeployed"), (None, None)]
)
async def test_what_becomes_of_them_is_waited_for(last: str | None, prefect: str | None) -> None:
    pending = {"deployments": "pending", "prefect": "answers"}
    with dispatcher(pending, pending, {"deployments": last, "prefect": prefect}) as health:
        assert await await_deployments(health) == last


@pytest.mark.parametrize(
    ("bound", "prefect"), [("ANSWERS_WITHIN_S", "away"), ("DEPLOYED_WITHIN_S", "answers")]
)
async def test_nobody_waits_for_ever(
    monkeypatch: pytest.MonkeyPatch, bound: str, prefect: str
) -> None:
    monkeypatch.setattr(first_deployment, bound, 0.1)
    with dispatcher({"deployments": "pending", "prefect": prefect}) as health:
        assert await await_deployments(health) == "pending"


async def test_a_dispatcher_that_does_not_answer_is_asked_again_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(first_deployment, "DEPLOYED_WITHIN_S", 0.1)
    with dispatcher({"deployments": "made"}) as health:
        pass
    assert await await_deployments(health) == "pending"
