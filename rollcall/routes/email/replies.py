"""What a mail server's replies mean: the one place that turns SMTP replies into errors.

    reply                          means        what follows
    421, 454                       throttled    the same route, more slowly
    other 4xx                      temporary    the same message again later: greylisting, a full
                                                disk, a full mailbox (4.2.2); up to 48 hours
    5xx to RCPT or the content,    recipient    final: the mailbox does not exist, is disabled or,
      with 5.1.1 .2 .3 .6 .10,                  as the server has decided, full; no route can help
      5.2.1 or 5.2.2
    other 5xx                      rejected     final for this route; another mail route may try
    anything else                  unavailable  no mail server answers there; another route

A 5xx without an enhanced code is never held against the recipient, be its text "no such user":
servers say 550 as readily of us, and texts are no protocol.

A full mailbox: RFC 3463 calls X.2.2 a "persistent transient failure", because the recipient can
make room, and leaves the class, its first digit, to the server that knows the mailbox. So 4.2.2 is
tried again for as long as any 4xx, and 5.2.2 is what its class says: final. It is the mailbox that
is full and not the route, so another mail route would be of no use; another channel is.
"""

import re
from typing import Literal

from rollcall.errors import RecipientError, RouteError

Stage = Literal["connect", "sender", "recipient", "content"]
"""What the server was asked: to talk with us, to take this sender, this recipient, this message."""

COMPLETED = 250
"""The request was done: after the final dot, the message was taken over."""

CLOSING = 421
"""The server ends the connection: too many, too fast, or idle for too long."""

START_INPUT = 354
"""The reply to DATA: now send the message."""

THROTTLED = frozenset({CLOSING, 454})
"""What asks us to slow down; 454 is the "Throttling failure" of Amazon SES."""

NO_SUCH_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Enhanced codes (RFC 3463, 7505) by which no route can help: no such mailbox or domain, malformed,
moved away, a domain without mail, a disabled mailbox. A bare 550 is not among them: servers say it
as readily of us ("relay denied"), and then another route may well deliver."""

MAILBOX_FULL = "5.2.2"

RECIPIENT_CODES = NO_SUCH_MAILBOX | {MAILBOX_FULL}
"""Enhanced codes that end the matter for this recipient over every mail route."""

_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")
_QUEUE_ID = re.compile(r"\bqueued as ([A-Za-z0-9._-]{1,64})", re.IGNORECASE)


def explain_refusal(
    code: int, text: str, stage: Stage, route_id: str
) -> RouteError | RecipientError:
    """Say as an error what a definite refusal means.

    Args:
        code: The reply's three digits; anything else than 4xx and 5xx is no SMTP.
        text: The reply's text, of which only the enhanced code is kept: it may quote the address.
        stage: What was refused.
        route_id: Who refused it.
    """
    enhanced = _ENHANCED.match(text)
    told = f"{code} {enhanced[1]}" if enhanced else str(code)
    if code in THROTTLED:
        return RouteError("the mail server asks to slow down", route_id, told, "throttled")
    match code // 100:
        case 4:
            return RouteError("the mail server refuses for now", route_id, told, "temporary")
        case 5 if stage in ("recipient", "content") and enhanced and enhanced[1] in RECIPIENT_CODES:
            is_full = enhanced[1] == MAILBOX_FULL
            reason = "the mailbox is full" if is_full else "the mailbox does not exist"
            return RecipientError(reason, route_id, told)
        case 5:
            return RouteError(f"the mail server refuses ({stage})", route_id, told, "rejected")
        case _:
            return RouteError("the mail server does not speak SMTP", route_id, told, "unavailable")


def is_completed(code: int) -> bool:
    """Tell whether a command was carried out: any 2xx, e.g. 251 to a recipient who moved."""
    return code // 100 == COMPLETED // 100


def is_refused(code: int) -> bool:
    """Tell whether a command was definitely not carried out: 4xx or 5xx."""
    return code // 100 in (4, 5)


def is_answer(code: int) -> bool:
    """Tell whether this can be the reply to a message: that it was taken, or was not."""
    return is_completed(code) or is_refused(code)


def read_queue_id(text: str) -> str | None:
    """Find the id under which the server queued a message, as Postfix and many others tell it."""
    found = _QUEUE_ID.search(text)
    return found[1] if found else None
