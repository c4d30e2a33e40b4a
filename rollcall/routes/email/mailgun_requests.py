"""The form of a request to Mailgun's `messages`.

Every request has `recipient-variables`: with them each recipient gets a message of their own and
sees only themselves in it; without them all would see all addresses. A content that all recipients
get stands once, in the form; texts of their own are variables, which Mailgun puts in place of
`%recipient.text%`, as it does in headers and in the `v:` data that come back in events.

The form is multipart, as documented: unlike in a URL-encoded one, nothing has to be encoded.
"""

import secrets
from collections.abc import Mapping
from email.utils import formataddr, parseaddr

from rollcall.domain.reply_addresses import write_reply_address
from rollcall.routes.email.batches import Batch, Letter
from rollcall.routes.email.json_bodies import write_json
from rollcall.routes.email.mime import UTF_8, flatten_subject, format_message_id

ATTEMPT = "rollcall_attempt"
"""The name of the data by which events are known to be of an attempt of ours."""

DELIVERY = "rollcall_delivery"

VARIABLE_MARKER = "%recipient"
"""How the names of variables begin. A text that holds it must not travel as one."""

MOST_VARIABLE_CHARACTERS = 100_000
"""Our own limit, Mailgun documents none: a longer content has a request of its own."""


class RequestBuilder:
    """Builds the requests of one sender.

    Args:
        sender: Whom recipients see: an address, with or without a name before it.
        reply_to: Where answers go, with `{token}` for whose they are; None for the sender.
    """

    def __init__(self, sender: str, reply_to: str | None = None) -> None:
        self._reply_to = reply_to
        name, address = parseaddr(sender)
        self.sender_domain = address.rpartition("@")[2]
        self._sender = formataddr((name, address), UTF_8)

    def build(self, batch: Batch) -> tuple[str, bytes]:
        """Build the request of a batch; return its Content-Type and its content.

        Links stay as they were written and nothing is added: who is warned of a flood must see that
        a link is ours, and must not be tracked.
        """
        first = batch.letters[0].submission
        variables = {
            letter.mailbox: self._list_variables(letter, batch) for letter in batch.letters
        }
        fields: dict[str, str | bytes] = {
            "from": self._sender,
            "to": ", ".join(variables),
            "subject": flatten_subject(first.subject or ""),
            "text": first.text,
            "recipient-variables": write_json(variables),
            f"v:{ATTEMPT}": "%recipient.attempt%",
            f"v:{DELIVERY}": "%recipient.delivery%",
            "h:Message-Id": "%recipient.message_id%",
            "h:Auto-Submitted": "auto-generated",
            "o:tracking": "no",
        }
        if self._reply_to and first.reply_token:
            fields["h:Reply-To"] = "%recipient.reply_to%"
        if first.html is not None:
            fields["html"] = first.html
        if not batch.is_shared:
            own = ("subject", "text", "html") if first.html is not None else ("subject", "text")
            fields |= {name: f"%recipient.{name}%" for name in own}
        return encode_form(fields)

    def _list_variables(self, letter: Letter, batch: Batch) -> dict[str, str]:
        submission = letter.submission
        variables = {
            "attempt": submission.attempt_id,
            "delivery": submission.delivery_id,
            "message_id": format_message_id(submission.delivery_id, self.sender_domain),
        }
        if self._reply_to and submission.reply_token:
            variables["reply_to"] = write_reply_address(self._reply_to, submission.reply_token)
        if not batch.is_shared:
            variables["subject"] = flatten_subject(submission.subject or "")
            variables["text"] = submission.text
            if submission.html is not None:
                variables["html"] = submission.html
        return variables


def fits_variables(letter: Letter) -> bool:
    """Tell whether a letter's text may travel as variables."""
    subject, text, html = letter.content
    said = f"{subject} {text} {html}"
    return VARIABLE_MARKER not in said and len(said) <= MOST_VARIABLE_CHARACTERS


def encode_form(fields: Mapping[str, str | bytes]) -> tuple[str, bytes]:
    """Encode a form as multipart/form-data (RFC 7578); return its Content-Type and its content.

    Args:
        fields: By names that need no escape; bytes are written as they are.
    """
    boundary = secrets.token_hex(16)
    parts = []
    for name, said in fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        body = said if isinstance(said, bytes) else said.encode("utf-8", "replace")
        parts += [head.encode(), body, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)
