"""What to send, as a user names it: a message file, a template, or a template changed by a file."""

from pathlib import Path

from rollcall.cli.output import read_text
from rollcall.domain.message import MessageRequest, parse_request
from rollcall.domain.message_templates import apply_template
from rollcall.errors import InputError
from rollcall.ledger.templates import load_template
from rollcall.wiring import opened_ledger


def make_request(message: Path | None, template: str | None) -> MessageRequest:
    """Read a message; with a template its keys replace the template's.

    Raises:
        InputError: Neither was given, or there is no such template.
        RequestError: The message is not well formed.
        SelectionError: Its selection cannot be meant.
    """
    text = read_text(message, "message") if message else None
    if template is not None:
        with opened_ledger() as ledger:
            return apply_template(load_template(ledger, "one_way", template).settings, text)
    if text is None:
        raise InputError("what to send is missing: give a MESSAGE, or a --template")
    return parse_request(text)
