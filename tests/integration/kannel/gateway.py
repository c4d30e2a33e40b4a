"""Debian's Kannel on loopback: bearerbox, smsbox, two fake message centres and an SMPP one."""

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from shutil import which
from typing import IO, Any
from urllib.request import urlopen

import pytest

from tests.architecture.project import PROJECT
from tests.ports import find_free_ports

HOST = "127.0.0.1"
FAKES = ("fake-a", "fake-b")
SMPP = "smpp-c"
USERNAME, PASSWORD = "rollcall", "kannel-on-loopback"
STATUS_PASSWORD = "status-on-loopback"
INBOUND_TOKEN = "inbound-token-for-tests"
START_S = 30.0

BEARERBOX, SMSBOX = Path("/usr/sbin/bearerbox"), Path("/usr/sbin/smsbox")
FAKESMSC = Path("/usr/lib/kannel/test/fakesmsc")
SMSC_SCRIPT = Path(__file__).with_name("smsc.js")
NODE_MODULES = PROJECT / "data" / "local" / "npm" / "node_modules"

CORE = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {password}
status-password = {status_password}
smsbox-port = {link}
smsbox-interface = 127.0.0.1
log-file = "{folder}/bearerbox.log"
log-level = 1
dlr-storage = internal
store-type = spool
store-location = "{folder}/spool"
sms-resend-freq = {resend_freq_s}
sms-resend-retry = {resend_count}

# NB no smsbox-id: an smsbox that has one gets no inbound texts unless an smsbox-route names it
group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {link}
sendsms-port = {send}
sendsms-interface = 127.0.0.1
log-file = "{folder}/smsbox.log"
log-level = 1
http-request-retry = 3
http-queue-delay = 1

group = sendsms-user
username = {username}
password = {password}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{inbound}?token={token}&from=%p&to=%P&text=%b&id=%I&coding=%c&charset=%C"
"""
FAKE_CENTRE = """
group = smsc
smsc = fake
smsc-id = {id}
smsc-admin-id = {id}
port = {port}
connect-allow-ip = 127.0.0.1
denied-smsc-id = "{others}"
"""
SMPP_CENTRE = """
group = smsc
smsc = smpp
smsc-id = {id}
smsc-admin-id = {id}
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = rollcall
smsc-password = secret
system-type = ""
reconnect-delay = 1
denied-smsc-id = "{others}"
"""


class Gateway:
    """A running Kannel.

    Attributes:
        sendsms_url: Where messages are submitted.
        status_url: Where its state is asked, password included.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._admin, self._link, self._send, *fake_ports = find_free_ports(3 + len(FAKES))
        self._fake_ports = dict(zip(FAKES, fake_ports, strict=True))
        self._fakes: dict[str, subprocess.Popen[bytes]] = {}
        self._smsc: subprocess.Popen[bytes] | None = None
        self.sendsms_url = f"http://{HOST}:{self._send}/cgi-bin/sendsms"
        self.status_url = f"http://{HOST}:{self._admin}/status.txt?password={STATUS_PASSWORD}"

    def start(self, inbound_url: str, resend_count: int) -> None:
        """Start everything; return when all three message centres are connected."""
        smpp_port = self._start_smsc()
        config = self._write_config(inbound_url, resend_count, smpp_port)
        for box, port in ((BEARERBOX, self._admin), (SMSBOX, self._send)):
            process = self._spawn(box.name, [str(box), "-v", "3", str(config)])
            wait_until(partial(is_listening, port), process, f"{box.name} to listen")
        for name in FAKES:
            self.connect_centre(name)
        self.wait_until_online(SMPP)

    def connect_centre(self, name: str) -> None:
        """Connect a fake message centre, and wait until Kannel has it."""
        link = ["-H", HOST, "-r", str(self._fake_ports[name])]
        self._fakes[name] = self._spawn(name, [str(FAKESMSC), "-v", "4", *link])
        self.wait_until_online(name)

    def cut_centre(self, name: str) -> None:
        """Kill a fake message centre, and wait until Kannel knows."""
        process = self._fakes.pop(name)
        process.kill()
        process.wait()
        wait_until(lambda: not self._is_online(name), None, f"Kannel to miss {name}")

    def stop_centre(self, name: str) -> None:
        """Have Kannel's administrator stop a message centre."""
        with urlopen(f"{self._admin_url('stop-smsc')}&smsc={name}", timeout=5):  # noqa: S310
            pass
        wait_until(lambda: not self._is_online(name), None, f"Kannel to stop {name}")

    def wait_until_online(self, name: str) -> None:
        """Wait until a message centre is connected."""
        wait_until(lambda: self._is_online(name), None, f"{name} to be online")

    def text_from_fake(self, name: str, sender: str, receiver: str, text: str) -> None:
        """Let a recipient send a text by way of a fake message centre."""
        write_line(self._fakes[name], f"{sender} {receiver} text {text}")

    def text_from_smpp(self, sender: str, receiver: str, text: str) -> None:
        """Let a recipient send a text by way of the SMPP message centre."""
        assert self._smsc is not None
        write_line(self._smsc, f"{sender} {receiver} {text}")

    def smpp_log(self) -> list[str]:
        """Return what the SMPP message centre took: one JSON line each."""
        return [line for line in self._read("smsc").splitlines() if line.startswith("{")]

    def fake_log(self, name: str) -> str:
        """Return what a fake message centre printed."""
        return self._read(name)

    def _start_smsc(self) -> int:
        environment = {"NODE_PATH": str(NODE_MODULES)}
        node = which("node") or "node"
        self._smsc = self._spawn("smsc", [node, str(SMSC_SCRIPT), SMPP], environment)
        wait_until(lambda: "port" in self._read("smsc"), self._smsc, "the SMPP centre to listen")
        return int(self._read("smsc").split()[1])

    def _write_config(self, inbound_url: str, resend_count: int, smpp_port: int) -> Path:
        (self._folder / "spool").mkdir()
        names = (*FAKES, SMPP)
        others = {name: ";".join(other for other in names if other != name) for name in names}
        ports = {**self._fake_ports, SMPP: smpp_port}
        config = CORE.format(
            admin=self._admin,
            link=self._link,
            send=self._send,
            folder=self._folder,
            username=USERNAME,
            password=PASSWORD,
            status_password=STATUS_PASSWORD,
            inbound=inbound_url,
            token=INBOUND_TOKEN,
            resend_freq_s=1,
            resend_count=resend_count,
        )
        for name in names:
            centre = SMPP_CENTRE if name == SMPP else FAKE_CENTRE
            config += centre.format(id=name, port=ports[name], others=others[name])
        path = self._folder / "kannel.conf"
        path.write_text(config, "utf-8")
        return path

    def _spawn(
        self, name: str, command: Sequence[str], environment: dict[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        log = self._stack.enter_context((self._folder / f"{name}.out").open("ab"))
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=self._folder,
        )
        self._stack.callback(end_process, process)
        return process

    def _admin_url(self, command: str) -> str:
        return f"http://{HOST}:{self._admin}/{command}?password={PASSWORD}"

    def _is_online(self, name: str) -> bool:
        with urlopen(self.status_url, timeout=5) as answer:  # noqa: S310 - our own address
            status = answer.read().decode()
        return re.search(rf"{name}\[{name}\].*\(online", status) is not None

    def _read(self, name: str) -> str:
        return (self._folder / f"{name}.out").read_text("utf-8", errors="replace")


@contextmanager
def run_gateway(folder: Path, inbound_url: str, resend_count: int = 1) -> Iterator[Gateway]:
    """Run Kannel for as long as the context lasts.

    Args:
        folder: An existing folder for its files.
        inbound_url: Where texts of recipients are reported, without a query.
        resend_count: How often it tries again what no message centre takes, a second apart.
    """
    require_programs()
    with ExitStack() as stack:
        gateway = Gateway(folder, stack)
        gateway.start(inbound_url, resend_count)
        yield gateway


def require_programs() -> None:
    """Fail, by name, for what is not installed."""
    for program, package in (
        (BEARERBOX, "kannel"),
        (SMSBOX, "kannel"),
        (FAKESMSC, "kannel-extras"),
    ):
        if not program.exists():
            pytest.fail(f"{program} is missing: install Debian's package {package} (see .ci/run)")
    if which("node") is None:
        pytest.fail("node is missing: install Debian's packages nodejs and npm (see .ci/run)")
    if not (NODE_MODULES / "smpp").is_dir():
        pytest.fail("npm's smpp is missing: `make data/local/npm/.ready` installs it, with npm")


def wait_until(
    is_done: Callable[[], bool], process: "subprocess.Popen[bytes] | None", what: str
) -> None:
    """Poll until something holds; fail when a process it needs ends, or after a while."""
    give_up_at = time.monotonic() + START_S
    while not is_done():
        if time.monotonic() > give_up_at or (process and process.poll() is not None):
            pytest.fail(f"waited in vain for {what}")
        time.sleep(0.02)


def is_listening(port: int) -> bool:
    """Tell whether anything accepts connections at a port."""
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True


def write_line(process: "subprocess.Popen[bytes]", line: str) -> None:
    """Write a line to what a process reads."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n".encode())
    process.stdin.flush()


def end_process(process: "subprocess.Popen[bytes]") -> None:
    """End a process, gently for a while."""
    stdin: IO[Any] | None = process.stdin
    if stdin is not None:
        stdin.close()
    process.terminate()
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
