"""A real IMAP server for the tests: Dovecot, on loopback ports of its own."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
import trustme

from tests.ports import find_free_port

USER = "bounces"
PASSWORD = "sandbox-7"
START_MAX_S = 20.0
MISSING = (
    "the tests of mailboxes need Debian's package dovecot-imapd (apt-get install dovecot-imapd)"
)

CONFIG = """
base_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login_user}
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail
mail_plugins =
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
ssl_dh =
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={mail_user} gid={mail_group} home={folder}/home
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass
class Dovecot:
    """A running server with one user's mail.

    Attributes:
        folder: Where everything of it lies.
        port: IMAP, with STARTTLS.
        tls_port: IMAP over TLS.
    """

    folder: Path
    port: int = field(default_factory=find_free_port)
    tls_port: int = field(default_factory=find_free_port)
    _numbers: "count[int]" = field(default_factory=count)

    @property
    def ca_file(self) -> Path:
        """Whom its clients have to trust."""
        return self.folder / "ca.pem"

    def deliver(self, mail: bytes, folder: str = "") -> str:
        """Put a mail into a folder as a mail server does; return its name there."""
        name = f"{next(self._numbers):09}.M1P1.sandbox"
        maildir = self._maildir(folder)
        waiting = maildir / "tmp" / name
        waiting.write_bytes(mail)
        _give_away(waiting)
        waiting.rename(maildir / "new" / name)
        return name

    def create(self, folder: str) -> None:
        """Make an empty folder."""
        maildir = self._maildir(folder)
        for part in ("tmp", "new", "cur"):
            (maildir / part).mkdir(parents=True, exist_ok=True)
        for path in (maildir, *maildir.iterdir()):
            _give_away(path)

    def flags(self, folder: str = "") -> dict[str, str]:
        """Return the mails of a folder, each with the letters of its Maildir flags."""
        mails = {}
        for part in ("new", "cur"):
            for path in (self._maildir(folder) / part).iterdir():
                name, _, flags = path.name.partition(":2,")
                mails[name.split(",")[0]] = flags
        return mails

    def empty(self) -> None:
        """Forget all mail, and what the server remembers of it."""
        mail = self.folder / "mail"
        shutil.rmtree(mail, ignore_errors=True)
        mail.mkdir()
        _give_away(mail)
        self.create("")

    def _maildir(self, folder: str) -> Path:
        mail = self.folder / "mail"
        return mail / f".{folder}" if folder else mail


@contextmanager
def run_dovecot() -> Iterator[Dovecot]:
    """Run a server until the end of the block; fails the test where Dovecot is not installed."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.fail(MISSING)
    # not in pytest's folder: only its owner may enter that, and names of sockets have to be short
    folder = Path(tempfile.mkdtemp(prefix="imap-"))
    try:
        server = _set_up(folder)
        command = [program, "-F", "-c", str(folder / "dovecot.conf")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=START_MAX_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _set_up(folder: Path) -> Dovecot:
    folder.chmod(0o755)
    server = Dovecot(folder)
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(server.ca_file)
    certificate.private_key_pem.write_to_path(folder / "server.key")
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(folder / "server.pem", append=True)
    (folder / "home").mkdir()
    _give_away(folder / "home")
    server.empty()
    ports = {"port": server.port, "tls_port": server.tls_port}
    (folder / "dovecot.conf").write_text(CONFIG.format(folder=folder, **ports, **_accounts()))
    return server


def _accounts() -> dict[str, str]:
    """Return who runs what: as root the accounts of Debian's package, else we ourselves."""
    if os.geteuid() == 0:
        internal, login, mail = "dovecot", "dovenull", "nobody"
    else:
        internal = login = mail = pwd.getpwuid(os.geteuid()).pw_name
    return {
        "internal_user": internal,
        "internal_group": grp.getgrgid(pwd.getpwnam(internal).pw_gid).gr_name,
        "login_user": login,
        "mail_user": str(pwd.getpwnam(mail).pw_uid),
        "mail_group": str(pwd.getpwnam(mail).pw_gid),
    }


def _give_away(path: Path) -> None:
    """Let the account that reads mail own a file: Dovecot reads none as root."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def _wait(server: Dovecot, process: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + START_MAX_S
    while time.monotonic() < give_up_at and process.poll() is None:
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", server.port), timeout=5) as s,
        ):
            if s.recv(4) == b"* OK":
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
    log = server.folder / "dovecot.log"
    pytest.fail(f"Dovecot does not start: {log.read_text() if log.exists() else 'no log'}")
