"""What to send, as a user names it: a message file, a template, or a template changed by a file."""

from pathlib import Path

from rollcall.cli.output import read_text
from rollcall.domain.message import MessageRequest
from rollcall.domain.message_templates import TemplateKind, apply_template, parse_message
from rollcall.errors import InputError
from rollcall.ledger.templates import load_template
from rollcall.wiring import opened_ledger


def make_request(
    message: Path | None, template: str | None, kind: TemplateKind = "one_way"
) -> MessageRequest:
    """Read a message, or a chat; with a template its keys replace the template's.

    Raises:
        InputError: Neither was given, or there is no such template.
        RequestError: The message is not well formed.
        SelectionError: Its selection cannot be meant.
    """
    what, name = ("message", "MESSAGE") if kind == "one_way" else ("chat", "FILE")
    text = read_text(message, what) if message else None
    if template is not None:
        with opened_ledger() as ledger:
            return apply_template(load_template(ledger, kind, template).settings, text, kind)
    if text is None:
        raise InputError(f"what to send is missing: give a {name}, or a --template")
    return parse_message(text, kind)
