"""One server of the sandbox on a free loopback port, on a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import uvicorn

from rollcall.sandbox.asgi import ResettingProtocol

HOST: Final = "127.0.0.1"

BACKLOG: Final = 1024
"""Connections that may wait to be taken: a sender opens many at once."""


@contextmanager
def serve_in_thread() -> Iterator[tuple[int, Callable[[Any], None]]]:
    """Hold a free port; yield it, and what serves an ASGI application there until the end.

    The application is given once the port is known, since some must know their own address.
    """
    with ExitStack() as stack:
        reserved = stack.enter_context(socket.create_server((HOST, 0), backlog=BACKLOG))

        def serve(app: Any) -> None:
            stack.callback(_start(app, reserved))

        yield reserved.getsockname()[1], serve


def _start(app: Any, reserved: socket.socket) -> Callable[[], None]:
    """Serve in a thread; return what ends that."""
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(_serve(app, reserved, stopping))

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()

    def stop() -> None:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()

    return stop


async def _serve(app: Any, reserved: socket.socket, stopping: asyncio.Event) -> None:
    config = uvicorn.Config(
        app,
        http=ResettingProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=60,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([reserved]))
    await stopping.wait()
    server.should_exit = server.force_exit = True
    await serving
    for connection in list(server.server_state.connections):
        connection.transport.abort()
