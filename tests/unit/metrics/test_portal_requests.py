import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollcall.metrics.portal_requests import CountedRequests

SECRET = "a-secret-that-is-in-the-address"


async def _answer(request: Request) -> Response:
    if request.method == "POST":
        raise RuntimeError
    return Response("well")


async def test_requests_are_counted_by_place_and_no_secret_becomes_a_label() -> None:
    registry = CollectorRegistry()
    app = Starlette(routes=[Route("/c/{token}", _answer, methods=["GET", "POST"])])
    transport = httpx.ASGITransport(CountedRequests(app, registry))
    async with httpx.AsyncClient(transport=transport, base_url="http://x.example") as http:
        for path in (f"/c/{SECRET}", f"/c/{SECRET}", f"/{SECRET}/c", "/receipts/alpha"):
            await http.get(path)
        with pytest.raises(RuntimeError):
            await http.post(f"/c/{SECRET}")

    def count(place: str, status: str) -> float | None:
        labels = {"place": place, "status": status}
        return registry.get_sample_value("rollcall_portal_requests_total", labels)

    assert (count("c", "2xx"), count("c", "5xx")) == (2, 1)
    assert (count("other", "4xx"), count("receipts", "4xx")) == (1, 1)
    seconds = "rollcall_portal_request_seconds_count"
    assert registry.get_sample_value(seconds, {"place": "c"}) == 3
    assert SECRET not in generate_latest(registry).decode()
