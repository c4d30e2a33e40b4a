"""What a process tells of itself, over real HTTP on loopback."""

import httpx
import pytest
from prometheus_client import Counter
from prometheus_client.parser import text_string_to_metric_families

from rollcall import __version__
from rollcall.errors import ConfigError
from rollcall.metrics.monitor import (
    Vitals,
    listen_for_monitor,
    make_monitor,
    make_registry,
    serve_monitor,
)


async def test_process_tells_health_and_metrics_and_leaves_its_port_at_the_end() -> None:
    registry = make_registry("portal")
    Counter("rollcall_things", "Things.", registry=registry).inc(3)
    is_well = True

    async def check() -> Vitals:
        return Vitals(is_well, {"queue_count": 7})

    listening = listen_for_monitor("127.0.0.1", 0)
    port = listening.getsockname()[1]
    async with (
        serve_monitor(make_monitor("portal", registry, check), listening),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        well = await http.get("/health")
        is_well = False
        ill = await http.get("/health")
        told = (await http.get("/metrics")).text
        assert (await http.post("/metrics")).status_code == 405
        assert (await http.get("/")).status_code == 404
    assert (well.status_code, ill.status_code) == (200, 503)
    version = {"part": "portal", "version": __version__, "queue_count": 7}
    assert well.json() == version | {"is_well": True}
    samples = {
        sample.name: (sample.labels, sample.value)
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }
    assert samples["rollcall_info"] == ({"part": "portal", "version": __version__}, 1)
    assert samples["rollcall_things_total"] == ({}, 3)
    assert samples["process_resident_memory_bytes"][1] > 1_000_000
    listen_for_monitor("127.0.0.1", port).close()


async def test_metrics_with_a_token_are_told_to_its_bearer_only() -> None:
    app = make_monitor("portal", make_registry("portal"), token="a-token-of-a-test")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x.example") as http:
        told = {
            given: (await http.get("/metrics", headers={"Authorization": given})).status_code
            for given in ("", "Bearer other", "Basic", "Bearer a-token-of-a-test")
        }
        health = await http.get("/health")
    assert list(told.values()) == [401, 401, 401, 200]
    assert health.status_code == 200


@pytest.mark.parametrize("host", ["::", "192.0.2.1", "2001:db8::1", "safe.example.org"])
def test_metrics_that_others_could_read_are_refused_without_a_token(host: str) -> None:
    with pytest.raises(ConfigError, match="ROLLCALL_METRICS_TOKEN"):
        listen_for_monitor(host, 0)
