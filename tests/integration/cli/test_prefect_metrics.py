"""Prefect's server tells Prometheus of itself, and asks who it is where it asks everybody."""

import httpx
import pytest
from prefect.server.api.server import create_app
from prefect.settings import (
    PREFECT_API_ENABLE_METRICS,
    PREFECT_SERVER_API_AUTH_STRING,
    get_current_settings,
    temporary_settings,
)
from starlette.types import ASGIApp

from rollcall.cli.environments import SERVER


def serve(auth: str | None) -> ASGIApp:
    """Return Prefect's server as our environment sets it; it opens no database."""
    told = {PREFECT_SERVER_API_AUTH_STRING: auth} if auth else {}
    is_on = SERVER["PREFECT_SERVER_METRICS_ENABLED"] == "true"
    with temporary_settings({PREFECT_API_ENABLE_METRICS: is_on, **told}):
        return create_app(get_current_settings(), ignore_cache=True)


@pytest.mark.parametrize("auth", [None, "admin:of-a-test"])
async def test_metrics_are_for_whoever_may_use_the_api(auth: str | None) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(serve(auth)), base_url="http://prefect.example"
    ) as http:
        asked = await http.get("/api/metrics")
        assert asked.status_code == (401 if auth else 200)
        told = await http.get("/api/metrics", auth=("admin", "of-a-test"))
    assert "process_resident_memory_bytes" in told.text
