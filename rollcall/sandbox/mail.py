"""A mail server: what aiosmtpd asks of whoever takes its messages.

Greylisting and unknown mailboxes are answered to RCPT, all other faults to the message itself.
"""

import asyncio
import re
import ssl
from typing import cast
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from rollcall.sandbox.desk import HOLD_FACTOR, AcceptanceDesk, Parcel
from rollcall.sandbox.plan import MailPlan
from rollcall.sandbox.schedule import Fault, is_unknown_mailbox

HOST_NAME = "mail.sandbox.example"
"""Said in the greeting; without a name aiosmtpd looks one up, blocking, for each connection."""

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^@>]+)@", re.IGNORECASE | re.MULTILINE)


class MailDesk:
    """Takes messages as its plan says.

    Args:
        plan: How it behaves.
        desk: Decides over tries and keeps the journal.
    """

    def __init__(self, plan: MailPlan, desk: AcceptanceDesk) -> None:
        self._plan = plan
        self._desk = desk

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if is_unknown_mailbox(address):
            return "550 5.1.1 No such mailbox here"
        if not self._desk.greet(address, self._plan.greylist_pct):
            return "451 4.7.1 Greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take or refuse a message."""
        await asyncio.sleep(self._plan.delay_s)
        fate, provider_id = self._desk.judge(_read_parcel(envelope))
        match fate.fault:
            case Fault.NONE | Fault.ACCEPT_AND_DROP:
                return f"250 2.0.0 Ok: queued as {provider_id}"
            case Fault.REFUSE:
                return "554 5.7.1 Refused by policy"
            case Fault.THROTTLE:
                return "454 4.7.0 Throttling failure: slow down"
            case Fault.GARBAGE:
                return "?! Welcome to the hotel's wireless network"
            case Fault.RESET:
                cast(asyncio.Transport, server.transport).abort()
            case Fault.TIME_OUT:
                pass
        # Ends with the connection, which cancels this; who waits on is asked to come back.
        await asyncio.sleep(self._plan.answer_timeout_s * HOLD_FACTOR)
        return "451 4.3.0 Took too long"


class MailSessions:
    """Makes what serves each connection to one mail server, and ends them all.

    Args:
        plan: How the server is protected.
        desk: Takes the messages.
    """

    def __init__(self, plan: MailPlan, desk: MailDesk) -> None:
        self._plan = plan
        self._desk = desk
        self._tls = _load_certificate(plan)
        self._open: WeakSet[SMTP] = WeakSet()

    def open(self) -> SMTP:
        """Make what serves one more connection; for the event loop that serves it."""
        session = SMTP(
            self._desk,
            hostname=HOST_NAME,
            enable_SMTPUTF8=True,
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            auth_required=self._plan.username is not None,
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )
        self._open.add(session)
        return session

    def abort(self) -> None:
        """End all connections at once."""
        for session in list(self._open):
            if session.transport is not None:
                cast(asyncio.Transport, session.transport).abort()

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, told: LoginPassword
    ) -> AuthResult:
        right = (self._plan.username or "").encode(), (self._plan.password or "").encode()
        return AuthResult(success=(told.login, told.password) == right, handled=False)


def _read_parcel(envelope: Envelope) -> Parcel:
    found = _MESSAGE_ID.search(cast(bytes, envelope.content))
    reference = found[1].decode("ascii", "replace") if found else ""
    return Parcel(reference, envelope.rcpt_tos[0])


def _load_certificate(plan: MailPlan) -> ssl.SSLContext | None:
    if plan.certificate_file is None:
        return None
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(plan.certificate_file)
    return tls
