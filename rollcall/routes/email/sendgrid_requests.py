"""The JSON of a request to SendGrid's `mail/send`.

A content that all recipients get stands once, as `content`. Texts of their own travel as
`substitutions`, which SendGrid puts in place of the markers that `content` then consists of. These
may be 10,000 bytes a person (its OpenAPI description; its guide says 50,000), and SendGrid may look
for markers in what it has put in, so that a text which holds one must not travel so.
"""

from email.utils import parseaddr
from typing import Any

from rollcall.domain.reply_addresses import write_reply_address
from rollcall.routes.email.batches import Batch, Letter
from rollcall.routes.email.json_bodies import write_json
from rollcall.routes.email.mime import flatten_subject, format_message_id

ATTEMPT = "rollcall_attempt"
"""The `custom_args` that come back in events. Not `attempt`: SendGrid has a field of that name."""

DELIVERY = "rollcall_delivery"

MARKER_START = "-rollcall."
TEXT_MARKER = "-rollcall.text-"
HTML_MARKER = "-rollcall.html-"
REPLY_MARKER = "-rollcall.reply-"
"""With the sender's domain: what a whole address is put in place of, and looks like one itself."""

MOST_SUBSTITUTION_BYTES = 9_000
"""A tenth less than documented: markers count too, and how quotation marks do is not said."""

NO_SUBJECT = "(no subject)"
"""SendGrid refuses a message without a subject."""


class RequestBuilder:
    """Builds the requests of one sender.

    Args:
        sender: Whom recipients see: an address, with or without a name before it.
        reply_to: Where answers go, with `{token}` for whose they are; None for the sender.
    """

    def __init__(self, sender: str, reply_to: str | None = None) -> None:
        self._reply_to = reply_to
        name, address = parseaddr(sender)
        self._sender = {"email": address} | ({"name": name} if name else {})
        self._sender_domain = address.rpartition("@")[2]
        self._reply_marker = f"{REPLY_MARKER}@{self._sender_domain}"

    def build(self, batch: Batch) -> bytes:
        """Build the request of a batch.

        Links stay as they were written and nothing is added: who is warned of a flood must see that
        a link is ours, and must not be tracked.
        """
        first = batch.letters[0].submission
        personalizations = [
            self._personalize(letter, is_shared=batch.is_shared) for letter in batch.letters
        ]
        request: dict[str, Any] = {
            "from": self._sender,
            "subject": _subject(first.subject) if batch.is_shared else NO_SUBJECT,
            "personalizations": personalizations,
            "content": _list_content(batch),
            "headers": {"Auto-Submitted": "auto-generated"},
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
                "subscription_tracking": {"enable": False},
            },
        }
        if self._find_reply_address(batch.letters[0]):
            # no personalization has one of its own, but substitutions are made in it
            request["reply_to"] = {"email": self._reply_marker}
        return write_json(request)

    def _personalize(self, letter: Letter, *, is_shared: bool) -> dict[str, Any]:
        submission = letter.submission
        message_id = format_message_id(submission.delivery_id, self._sender_domain)
        personalization: dict[str, Any] = {
            "to": [{"email": letter.mailbox}],
            "headers": {"Message-ID": message_id},
            "custom_args": {ATTEMPT: submission.attempt_id, DELIVERY: submission.delivery_id},
        }
        if reply_to := self._find_reply_address(letter):
            personalization["substitutions"] = {self._reply_marker: reply_to}
        if not is_shared:
            personalization["subject"] = _subject(submission.subject)
            personalization.setdefault("substitutions", {}).update(_list_substitutions(letter))
        return personalization

    def _find_reply_address(self, letter: Letter) -> str | None:
        token = letter.submission.reply_token
        return write_reply_address(self._reply_to, token) if self._reply_to and token else None


def fits_substitutions(letter: Letter) -> bool:
    """Tell whether a letter's text may travel as substitutions."""
    subject, text, html = letter.content
    said = f"{subject} {text} {html}"
    if MARKER_START in said:
        return False
    if 4 * len(said) <= MOST_SUBSTITUTION_BYTES:  # no character has more bytes
        return True
    return len(said.encode("utf-8", "replace")) <= MOST_SUBSTITUTION_BYTES


def _list_substitutions(letter: Letter) -> dict[str, str]:
    submission = letter.submission
    substitutions = {TEXT_MARKER: _text(submission.text)}
    if submission.html is not None:
        substitutions[HTML_MARKER] = _text(submission.html)
    return substitutions


def _list_content(batch: Batch) -> list[dict[str, str]]:
    first = batch.letters[0].submission
    text = _text(first.text) if batch.is_shared else TEXT_MARKER
    parts = [{"type": "text/plain", "value": text}]
    if first.html is not None:
        html = _text(first.html) if batch.is_shared else HTML_MARKER
        parts.append({"type": "text/html", "value": html})
    return parts


def _subject(subject: str | None) -> str:
    return flatten_subject(subject or "") or NO_SUBJECT


def _text(text: str) -> str:
    """Return a text that SendGrid takes: it wants at least one character."""
    return text or " "
