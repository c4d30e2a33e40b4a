"""A mail server that keeps what it gets, to be read as its recipient would."""

import email
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.ports import find_free_port

_LINK = re.compile(r"https?://[^\s/]+/c/([\w-]{22})")


class MailCatcher:
    """Keeps mails by recipient, in the order they came."""

    def __init__(self) -> None:
        self.mails: defaultdict[str, list[Message]] = defaultdict(list)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content: Any = envelope.content
        for address in envelope.rcpt_tos:
            self.mails[address].append(email.message_from_bytes(content))
        return "250 2.0.0 Ok"

    def read(self, address: str) -> str:
        """Return the text of the latest mail to somebody."""
        [plain, *_] = [
            part
            for part in self.mails[address][-1].walk()
            if part.get_content_type() == "text/plain"
        ]
        body: Any = plain.get_payload(decode=True)
        return str(body.decode("utf-8"))

    def tokens(self, address: str) -> list[str]:
        """Return the tokens of the personal links in the latest mail to somebody."""
        return _LINK.findall(self.read(address))


@contextmanager
def catch_mail(routes_file: Path) -> Iterator[MailCatcher]:
    """Run one on loopback and write a routes file that leads to it."""
    catcher = MailCatcher()
    port = find_free_port()
    server = Controller(catcher, hostname="127.0.0.1", port=port)
    server.start()
    try:
        routes_file.write_text(
            f'[[route]]\nid = "mail"\nkind = "smtp"\nhost = "127.0.0.1"\nport = {port}\n'
            'security = "none"\nsender = "Crisis Team <crisis@sandbox.example>"\n'
        )
        yield catcher
    finally:
        server.stop()
