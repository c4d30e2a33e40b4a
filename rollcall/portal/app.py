"""The portal as an ASGI application: its addresses."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollcall.clock import Clock
from rollcall.portal.intake import Intake
from rollcall.portal.reception import Caller, Reception, answer

METHODS = ("GET", "POST", "HEAD", "OPTIONS")
"""What providers use; HEAD and OPTIONS only tell them that the address is right."""


def make_app(
    callers: Mapping[str, Caller], intake: Intake, public_url: str, clock: Clock
) -> Starlette:
    """Return the application; it takes callbacks from when its lifespan begins.

    Args:
        callers: Whose providers may call, by route.
        intake: What commits; opened and closed with the application.
        public_url: How providers reach it, without a slash at the end.
        clock: What tells whether a signature is too old.
    """
    reception = Reception(callers, intake, public_url, clock)

    @asynccontextmanager
    async def open_intake(_: Starlette) -> AsyncIterator[None]:
        async with intake:
            yield

    address = "{route_id}/{secret}"
    app = Starlette(
        routes=[
            Route("/healthz", _tell_health, methods=["GET"]),
            Route(f"/receipts/{address}", reception.take_receipts, methods=METHODS),
            Route(f"/inbound/{address}", reception.take_texts, methods=METHODS),
        ],
        exception_handlers={HTTPException: _refuse},
        lifespan=open_intake,
    )
    app.router.redirect_slashes = False  # it would be to what `Host` says
    return app


async def _tell_health(_: Request) -> Response:
    return answer(HTTPStatus.OK)


async def _refuse(_: Request, error: Exception) -> Response:
    """Answer unknown addresses and methods as everything else is answered: without a word."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    refused = answer(HTTPStatus(error.status_code))
    refused.headers.update(error.headers or {})
    return refused
