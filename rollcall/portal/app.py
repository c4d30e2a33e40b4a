"""The portal as an ASGI application: its addresses."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from typing import Any, Protocol

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


class Part(Protocol):
    """What else the portal serves: addresses, and what is open while they are served."""

    def routes(self) -> Sequence[Route]:
        """Return the addresses."""
        ...

    async def __aenter__(self) -> Any: ...

    async def __aexit__(self, *error: Any) -> None: ...


def make_app(
    callers: Mapping[str, Caller],
    intake: Intake,
    public_url: str,
    clock: Clock,
    parts: Sequence[Part] = (),
) -> Starlette:
    """Return the application; it takes callbacks from when its lifespan begins.

    Args:
        callers: Whose providers may call, by route.
        intake: What commits; opened and closed with the application.
        public_url: How providers reach it, without a slash at the end.
        clock: What tells whether a signature is too old.
        parts: What is served besides; opened and closed with the application.
    """
    reception = Reception(callers, intake, public_url, clock)

    @asynccontextmanager
    async def open_intake(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(intake)
            for part in parts:
                await opened.enter_async_context(part)
            yield

    address = "{route_id}/{secret}"
    app = Starlette(
        routes=[
            Route("/healthz", _tell_health, methods=["GET"]),
            Route(f"/receipts/{address}", reception.take_receipts, methods=METHODS),
            Route(f"/inbound/{address}", reception.take_texts, methods=METHODS),
            *(route for part in parts for route in part.routes()),
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
