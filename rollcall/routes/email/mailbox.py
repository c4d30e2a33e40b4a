"""Mails from an IMAP mailbox: read, recorded by the caller, and only then marked as done.

    reading ─► the caller commits what they say ─► confirm
      a crash anywhere before the end means that mails are read again; a receipt or an answer that
      is known already changes nothing

What is done with a mail that is confirmed:

    what was recorded   moved to `processed_folder`, deleted, or marked as seen
    any other mail      stays as it is, unread, and is flagged so that it is not read twice:
                        somebody may have answered "I am trapped" to the address of the bounces

`imaplib` blocks; whoever has an event loop calls this in a thread. UIDs hold within one connection
only as long as UIDVALIDITY is the same, so a reader keeps its connection from reading to
confirming, and after a break everything that was not confirmed is read anew.
"""

import imaplib
import logging
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from rollcall.errors import RollcallError
from rollcall.routes.email.mailbox_settings import MailboxSettings
from rollcall.routes.trust import trust_authorities

READ_FLAG: Final = {"bounces": "$RollcallRead", "replies": "$RollcallNoReply"}
"""Set on mails that are none of what a mailbox holds, where the server lets us set our own flags.
One that holds both is read twice, and neither reading must hide a mail from the other."""

Found = TypeVar("Found")

log = logging.getLogger(__name__)

MAX_MAIL_BYTES: Final = 1_048_576
"""So much of a mail is fetched."""


class MailboxError(RollcallError):
    """The mailbox cannot be reached, refuses us, or does not hold what is configured."""


@dataclass(frozen=True, slots=True)
class ReadMail(Generic[Found]):
    """One mail of the mailbox.

    Attributes:
        uid: Its number, good for the connection it was read over.
        found: What it says, None if it is none of what the mailbox holds.
    """

    uid: int
    found: Found | None


class Mailbox(Generic[Found]):
    """An open mailbox; made by `open_mailbox`.

    Args:
        settings: What is done with recorded mails.
        read: What a mail says, from its octets; None if it is none of ours.
        imap: Signed in, the folder selected.
    """

    def __init__(
        self,
        settings: MailboxSettings,
        read: Callable[[bytes], Found | None],
        imap: imaplib.IMAP4,
    ) -> None:
        self._settings = settings
        self._read_mail = read
        self._flag = READ_FLAG[settings.holds]
        self._imap = imap
        self._keeps_flags = b"\\*" in b" ".join(imap.response("PERMANENTFLAGS")[1] or [b""])

    def read_batches(self) -> Iterator[list[ReadMail[Found]]]:
        """Yield what has come in, at most `batch_size` mails at a time, oldest first.

        The caller commits what a batch says and calls `confirm` before it asks for the next.

        Raises:
            MailboxError: The connection broke, or the server refuses.
        """
        uids = self._search()
        size = self._settings.batch_size
        for start in range(0, len(uids), size):
            yield [mail for uid in uids[start : start + size] if (mail := self._read(uid))]

    def confirm(self, mails: Sequence[ReadMail[Found]]) -> None:
        """Mark mails as done, of which what was found is committed.

        Raises:
            MailboxError: Some may not be marked; they are read again.
        """
        with _told_as_mailbox_error(self._settings):
            self._finish(_join([mail.uid for mail in mails if mail.found is not None]))
            others = _join([mail.uid for mail in mails if mail.found is None])
            if others:
                flag = self._flag if self._keeps_flags else r"\Seen"
                _require_ok(self._imap.uid("STORE", others, "+FLAGS.SILENT", f"({flag})"))

    def _search(self) -> list[int]:
        """Return the mails nobody has read; what came before us is as good as what comes now."""
        unread = ["UNKEYWORD", self._flag] if self._keeps_flags else []
        criteria = ["UNSEEN", "UNDELETED", *unread]
        with _told_as_mailbox_error(self._settings):
            [found] = _require_ok(self._imap.uid("SEARCH", *criteria))
        return sorted(map(int, (found or b"").split()))

    def _read(self, uid: int) -> ReadMail[Found] | None:
        """Read the beginning of a mail without marking it; None if it is gone meanwhile."""
        with _told_as_mailbox_error(self._settings):
            told = _require_ok(
                self._imap.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{MAX_MAIL_BYTES}>)")
            )
        octets = next((part[1] for part in told if isinstance(part, tuple)), None)
        return ReadMail(uid, self._understand(octets)) if octets is not None else None

    def _understand(self, octets: bytes) -> Found | None:
        """Return what a mail says; one that nobody could foresee must not hold up the others.

        Nothing of it is logged but what kind of fault it met: the fault may quote the mail.
        """
        try:
            return self._read_mail(octets)
        except Exception as error:  # noqa: BLE001 - strangers write mails: one must not stop all
            told = {"route_id": self._settings.route, "error": type(error).__name__}
            log.warning("a mail cannot be read: left unread in its mailbox", extra=told)
            return None

    def _finish(self, uids: str) -> None:
        if not uids:
            return
        folder = self._settings.processed_folder
        if folder is not None and "MOVE" in self._imap.capabilities:
            _require_ok(self._imap.uid("MOVE", uids, _quote(folder)))
        elif folder is not None:
            _require_ok(self._imap.uid("COPY", uids, _quote(folder)))
            self._delete(uids)
        elif self._settings.when_recorded == "delete":
            self._delete(uids)
        else:
            _require_ok(self._imap.uid("STORE", uids, "+FLAGS.SILENT", r"(\Seen)"))

    def _delete(self, uids: str) -> None:
        """Delete these mails, and none that somebody else has marked as deleted."""
        _require_ok(self._imap.uid("STORE", uids, "+FLAGS.SILENT", r"(\Seen \Deleted)"))
        if "UIDPLUS" in self._imap.capabilities:
            _require_ok(self._imap.uid("EXPUNGE", uids))


@contextmanager
def open_mailbox(
    settings: MailboxSettings, read: Callable[[bytes], Found | None]
) -> Iterator[Mailbox[Found]]:
    """Connect, protect the connection, sign in and open the folder; closed at the end.

    Raises:
        MailboxError: The server cannot be reached, is not whom we trust, or refuses us.
        ConfigError: `ca_file` cannot be read.
    """
    tls = trust_authorities(settings.ca_file, f"mailbox of route {settings.route!r}")
    with _told_as_mailbox_error(settings):
        imap = _connect(settings, tls)
    try:
        with _told_as_mailbox_error(settings, "sign-in"):
            _sign_in(imap, settings, tls)
        if settings.processed_folder is not None:
            with _told_as_mailbox_error(settings, f"folder {settings.processed_folder!r}"):
                _require_ok(imap.status(_quote(settings.processed_folder), "(UIDNEXT)"))
        with _told_as_mailbox_error(settings, f"folder {settings.folder!r}"):
            _require_ok(imap.select(_quote(settings.folder)))
        yield Mailbox(settings, read, imap)
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            imap.logout()


def _connect(settings: MailboxSettings, tls: ssl.SSLContext) -> imaplib.IMAP4:
    where = (settings.host, settings.port)
    if settings.security == "tls":
        return imaplib.IMAP4_SSL(*where, ssl_context=tls, timeout=settings.answer_timeout_s)
    return imaplib.IMAP4(*where, timeout=settings.answer_timeout_s)


def _sign_in(imap: imaplib.IMAP4, settings: MailboxSettings, tls: ssl.SSLContext) -> None:
    if settings.security == "starttls":
        imap.starttls(tls)
    password = settings.password.get_secret_value()
    if "AUTH=PLAIN" in imap.capabilities:
        told = f"\0{settings.username}\0{password}".encode()
        imap.authenticate("PLAIN", lambda _: told)
    else:
        imap.login(settings.username, password)
    _read_capabilities(imap)


def _read_capabilities(imap: imaplib.IMAP4) -> None:
    """Ask again: many servers offer more to those who have signed in."""
    _, told = imap.capability()
    words = b" ".join(part for part in told if isinstance(part, bytes)).decode("ascii", "replace")
    imap.capabilities = tuple(words.upper().split())


@contextmanager
def _told_as_mailbox_error(settings: MailboxSettings, what: str = "") -> Iterator[None]:
    """Say what broke, without what the server said: it may quote what we sent."""
    try:
        yield
    except imaplib.IMAP4.abort as exc:
        raise MailboxError(f"mailbox {settings.place}: the connection broke off") from exc
    except imaplib.IMAP4.error as exc:
        told = f"the server refuses {what}".rstrip()
        raise MailboxError(f"mailbox {settings.place}: {told}") from exc
    except OSError as exc:
        reason = type(exc).__name__
        raise MailboxError(f"mailbox {settings.place}: not reached ({reason})") from exc


def _require_ok(answer: tuple[str, list[Any]]) -> list[Any]:
    status, told = answer
    if status != "OK":
        raise imaplib.IMAP4.error("refused")
    return told


def _join(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _quote(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
