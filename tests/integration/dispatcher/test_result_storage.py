"""A dispatcher asks no server where results are kept: no flow here keeps any."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from prefect.results import ResultStore
from prefect.settings import PREFECT_API_URL, temporary_settings

from rollcall.dispatcher.flows import load_flows
from rollcall.dispatcher.result_storage import asking_for_none


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """A server that is asked; yields the paths it was asked for."""
    paths: list[str] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    Thread(target=server.serve_forever, daemon=True).start()
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{server.server_port}/api"}):
        yield paths
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", sorted(load_flows()))
def test_server_is_not_asked_before_a_run(name: str, asked: list[str]) -> None:
    flow = load_flows()[name]
    assert flow.persist_result is False
    with asking_for_none():
        store = ResultStore().update_for_flow(flow)
    assert isinstance(store, ResultStore)
    assert store.result_storage is not None
    assert asked == []


def test_once_this_fails_the_engine_asks_no_more_and_the_module_can_go(asked: list[str]) -> None:
    ResultStore().update_for_flow(load_flows()["send-message"])
    assert len(asked) == 1
