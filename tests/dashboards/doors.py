"""The door of the dashboards without Streamlit behind it: a room that says who came in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboards.door.guard import HEADER, Guard
from dashboards.door.headers import SafeHeaders
from dashboards.door.routes import list_routes
from dashboards.exports import list_routes as list_exports
from dashboards.map.routes import list_routes as list_map_routes

LOCAL = ("127.0.0.1", 50_000)


async def say_who(request: Request) -> Response:
    return JSONResponse({"session": request.headers.get(HEADER)})


def make_door() -> Starlette:
    """Return the routes and middleware of `dashboards/app.py`, and a room behind them."""
    rooms = [*list_routes(), *list_exports(), *list_map_routes(), Route("/{room:path}", say_who)]
    sessions = Middleware(SessionMiddleware, secret_key="of a test")
    return Starlette(
        routes=rooms, middleware=[Middleware(SafeHeaders), Middleware(Guard), sessions]
    )


@asynccontextmanager
async def knocking(
    host: str = "127.0.0.1:8501", client: tuple[str, int] = LOCAL
) -> AsyncIterator[httpx.AsyncClient]:
    """Return a browser that stands before the door."""
    transport = httpx.ASGITransport(make_door(), client=client)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as http:
        yield http
