"""Starts and stops a sandbox: all its servers on free ports, on one thread."""

import asyncio
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    contextmanager,
    nullcontext,
)
from pathlib import Path

import uvicorn

from rollcall.sandbox.asgi import ResettingProtocol
from rollcall.sandbox.carrier import CarrierApp
from rollcall.sandbox.desk import AcceptanceDesk
from rollcall.sandbox.journal import Journal, JournalEntry, name_journal, read_journal
from rollcall.sandbox.mail import MailDesk, MailSessions
from rollcall.sandbox.plan import CarrierPlan, MailPlan, SandboxPlan, ServerPlan
from rollcall.sandbox.reports import Reporter
from rollcall.sandbox.routes_file import render_routes
from rollcall.sandbox.schedule import ReceiptRates

BACKLOG = 1024
"""Connections that may wait to be taken: a sender opens hundreds at once."""

KEEP_ALIVE_S = 60
"""Longer than senders keep a connection, so that it is they who end it."""

STOP_S = 2.0
"""How long an answer that is being given may take when the sandbox stops."""


class Sandbox:
    """A running sandbox, as others see it.

    Attributes:
        folder: Where it writes.
        routes_file: The `routes.toml` that leads to it.
        ports: Where each carrier and mail server is, by name.
    """

    def __init__(self, plan: SandboxPlan, folder: Path, ports: dict[str, int]) -> None:
        self.folder = folder
        self.routes_file = folder / "routes.toml"
        self.ports = ports
        self._names = [server.name for server in plan.servers]

    def journal(self, name: str | None = None) -> list[JournalEntry]:
        """Read what one carrier has accepted so far, or what all have."""
        names = self._names if name is None else [name]
        return [entry for each in names for entry in read_journal(name_journal(self.folder, each))]


@contextmanager
def start_sandbox(
    plan: SandboxPlan,
    folder: Path,
    *,
    awaits_receipts: bool = False,
    monitor: AbstractAsyncContextManager[None] | None = None,
) -> Iterator[Sandbox]:
    """Run a sandbox in a thread of this process for as long as the context lasts.

    Writes `routes.toml` and a `journal-*.jsonl` for each carrier into the folder; journals that are
    there already grow on.

    Args:
        plan: What to run.
        folder: An existing folder.
        awaits_receipts: Whether the sender has a public address, at which receipts can come in.
        monitor: Serves besides how the process does, on the same thread.
    """
    with ExitStack() as stack:
        sockets = {
            server.name: stack.enter_context(
                _reserve_port(plan.host, is_listening=not server.is_down)
            )
            for server in plan.servers
        }
        journals = {
            name: stack.enter_context(Journal(name_journal(folder, name))) for name in sockets
        }
        ports = {name: reserved.getsockname()[1] for name, reserved in sockets.items()}
        sandbox = Sandbox(plan, folder, ports)
        sandbox.routes_file.write_text(
            render_routes(plan, ports, awaits_receipts=awaits_receipts), "utf-8"
        )
        stack.enter_context(_serve_in_thread(_Servers(plan, sockets, journals, monitor)))
        yield sandbox


def run_sandbox(
    plan: SandboxPlan,
    folder: Path,
    *,
    awaits_receipts: bool = False,
    monitor: AbstractAsyncContextManager[None] | None = None,
) -> None:
    """Run a sandbox in this process until SIGTERM or SIGINT; for the main thread.

    When everything listens, a file `ready` appears in the folder; it disappears at the end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ready_file = folder / "ready"
    ready_file.unlink(missing_ok=True)
    ending = {signal.SIGTERM, signal.SIGINT}
    # Blocked before any thread starts, so that none gets one.
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    with start_sandbox(plan, folder, awaits_receipts=awaits_receipts, monitor=monitor):
        ready_file.touch()
        signal.sigwait(ending)
        ready_file.unlink(missing_ok=True)


@contextmanager
def _reserve_port(host: str, *, is_listening: bool) -> Iterator[socket.socket]:
    """Hold a free port; one that does not listen refuses connections and is nobody else's."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((host, 0))
        if is_listening:
            reserved.listen(BACKLOG)  # from here on connections wait for the thread
        yield reserved


@contextmanager
def _serve_in_thread(servers: "_Servers") -> Iterator[None]:
    thread = threading.Thread(target=servers.run, name="sandbox", daemon=True)
    thread.start()
    try:
        yield
    finally:
        servers.stop()
        thread.join()


class _Servers:
    """Everything that listens, on an event loop of its own."""

    def __init__(
        self,
        plan: SandboxPlan,
        sockets: dict[str, socket.socket],
        journals: dict[str, Journal],
        monitor: AbstractAsyncContextManager[None] | None,
    ) -> None:
        self._plan = plan
        self._sockets = sockets
        self._journals = journals
        self._monitor = monitor or nullcontext()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()

    def run(self) -> None:
        """Serve until stopped."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    def stop(self) -> None:
        """End `run`, from another thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def _serve(self) -> None:
        carriers = [self._serve_carrier(plan) for plan in self._plan.carriers if not plan.is_down]
        mails = [self._serve_mail(plan) for plan in self._plan.mail_servers if not plan.is_down]
        async with self._monitor:
            await asyncio.gather(self._stopping.wait(), *carriers, *mails)

    async def _serve_carrier(self, plan: CarrierPlan) -> None:
        rates = plan.receipts.faults if plan.receipts else None
        desk = self._open_desk(plan, rates)
        async with AsyncExitStack() as stack:
            reporter = None
            if plan.receipts:
                reporter = await stack.enter_async_context(Reporter(plan.receipts))
            await self._serve_app(plan, CarrierApp(plan, desk, reporter))

    async def _serve_app(self, plan: CarrierPlan, app: CarrierApp) -> None:
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=ResettingProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=KEEP_ALIVE_S,
            )
        )
        serving = asyncio.create_task(server.serve([self._sockets[plan.name]]))
        await self._stopping.wait()
        server.should_exit = server.force_exit = True
        await serving
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        if server.server_state.tasks:
            await asyncio.wait(server.server_state.tasks, timeout=STOP_S)

    async def _serve_mail(self, plan: MailPlan) -> None:
        sessions = MailSessions(plan, MailDesk(plan, self._open_desk(plan)))
        server = await asyncio.get_running_loop().create_server(
            sessions.open, sock=self._sockets[plan.name], backlog=BACKLOG
        )
        async with server:
            await self._stopping.wait()
        sessions.abort()

    def _open_desk(self, plan: ServerPlan, receipts: ReceiptRates | None = None) -> AcceptanceDesk:
        journal = self._journals[plan.name]
        return AcceptanceDesk(plan.name, self._plan.seed, plan.faults, journal, receipts)
