"""What Kannel answers: to sendsms, and on its status page. Measured with Kannel 1.4.5."""

import re
from typing import NamedTuple

from rollcall.errors import RouteError
from rollcall.routes.base import Acceptance
from rollcall.routes.sms.kannel_settings import KannelSettings
from rollcall.routes.verdicts import Verdict, conclude, judge_status, require_acceptance


class SendsmsAnswer(NamedTuple):
    """One answer of sendsms: its HTTP status, how its text begins, and what it means."""

    status: int
    beginning: str
    verdict: Verdict


ANSWERS: tuple[SendsmsAnswer, ...] = (
    SendsmsAnswer(202, "0: Accepted for delivery", "accepted"),
    # no connection to a message centre just now: it is sent when there is one again, however late
    SendsmsAnswer(202, "3: Queued for later delivery", "accepted"),
    SendsmsAnswer(400, "Number(s) has/have been denied", "rejected"),
    SendsmsAnswer(403, "Not routable", "rejected"),
    SendsmsAnswer(403, "Authorization failed", "rejected"),
    # the bearerbox refused it for now, e.g. its queue is full: it has not kept it
    SendsmsAnswer(503, "Temporal failure", "temporary"),
)
"""gw/smsbox.c; what stands in no line is judged by its status, and a 2xx as unknown."""

_CENTRE = re.compile(r"^\s+(?P<name>\S+?)\[(?P<id>[^\]\s]+)\]\s+\S+ \((?P<state>[a-z-]+)", re.M)
"""A line of the status page: `    fake-a[fake-a]    FAKE:10001 (online 48s, rcvd: …`."""


def read_sendsms_answer(settings: KannelSettings, status: int, body: bytes) -> Acceptance:
    """Turn an answer of sendsms into an acceptance; Kannel gives no id with it.

    Raises:
        RouteError: Not taken.
        OutcomeUnknownError: It is not an answer of Kannel's.
    """
    text = body[:200].decode("utf-8", errors="replace").strip()
    for known in ANSWERS:
        if status == known.status and text.startswith(known.beginning):
            code = f"{status} {known.beginning}"
            return require_acceptance(conclude(known.verdict, settings.id, code))
    by_status = judge_status(status)
    verdict: Verdict = "unknown" if by_status == "accepted" else by_status
    return require_acceptance(conclude(verdict, settings.id, str(status)))


def read_status(settings: KannelSettings, status: int, body: bytes) -> str:
    """Tell in a few words what the status page says of our message centre, or of all.

    Raises:
        RouteError: It refuses the password, is no status page, or no message centre is connected.
    """
    page = body.decode("utf-8", errors="replace")
    if page.strip() == "Denied":  # with a 200
        raise RouteError("refuses the password of status_url", settings.id, str(status), "rejected")
    if "Status: " not in page:
        raise RouteError("gives no status page", settings.id, str(status), "rejected")
    centres = {found["id"]: found["state"] for found in _CENTRE.finditer(page)}
    if settings.smsc is not None:
        centres = {settings.smsc: centres.get(settings.smsc, "missing")}
    told = ", ".join(f"{name} {state}" for name, state in sorted(centres.items())) or "no smsc"
    if "online" not in centres.values():
        raise RouteError(f"has no connection to send by: {told}", settings.id, None, "unavailable")
    return f"Kannel answers: {told}"
