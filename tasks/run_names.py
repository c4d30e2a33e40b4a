"""Names of runs that say what they are: ids, and names given to templates, filters and groups."""

import re
from typing import Any, Final

from prefect.runtime import flow_run

from rollcall.domain.forms.orders import OrderForm, PostForm

MOST_NAME_CHARS: Final = 160
"""Longest name of a run; beyond it, it is cut."""


def name_message() -> str:
    """Name a run of `send-message`."""
    return _name_run("message")


def name_chat() -> str:
    """Name a run of `open-chat`."""
    return _name_run("chat")


def name_notice() -> str:
    """Name a run of `post-to-chat`."""
    return _name_run("notice")


def name_accepted(name: str, message_id: str) -> str:
    """Return the name of a run of what was new, once the message is accepted."""
    return re.sub(r"^new (\w+)", rf"\1-{message_id}", name)


def _name_run(what: str) -> str:
    parameters: dict[str, Any] = flow_run.parameters or {}
    if known := parameters.get("message_id"):
        return f"{what}-{known}"
    order = parameters.get("order")
    head = "preview" if isinstance(order, OrderForm) and order.preview_only else f"new {what}"
    told = _tell(order)
    return f"{head}: {told}"[:MOST_NAME_CHARS] if told else head


def _tell(order: object) -> str:
    if isinstance(order, PostForm):
        return order.chat_id
    return order.tell() if isinstance(order, OrderForm) else ""
