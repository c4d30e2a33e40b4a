"""What Sinch's delivery states and codes mean.

From the vendor's pages "Delivery report statuses", "Delivery report error codes" and "Status
reports error codes" (SMPP); what each means for us is our own judgement.
"""

from collections.abc import Mapping
from typing import NamedTuple

from rollcall.domain.receipts import ReceiptState

STATES: Mapping[str, ReceiptState] = {
    "queued": "accepted",
    "dispatched": "accepted",
    "aborted": "failed",  # before it reached the network
    "cancelled": "failed",
    "canceled": "failed",
    "rejected": "failed",
    "deleted": "failed",  # by a remote centre: "may happen if the number is invalid or opted out"
    "delivered": "delivered",
    "failed": "failed",
    "expired": "failed",
    "unknown": "accepted",  # the network took it and never reported: the end is open
}
"""Status of a report, in small letters → what it says."""


class CodeMeaning(NamedTuple):
    """What a code says.

    Attributes:
        state: What a report of it says where its status is none we know.
        is_permanent: No route can reach this recipient.
    """

    state: ReceiptState
    is_permanent: bool = False


CODES: Mapping[str, CodeMeaning] = {
    "400": CodeMeaning("accepted"),  # queued
    "401": CodeMeaning("accepted"),  # dispatched
    "402": CodeMeaning("failed"),  # unroutable: by Sinch; another provider has other routes
    "403": CodeMeaning("failed"),  # internal error
    "404": CodeMeaning("failed"),  # temporary delivery failure
    "405": CodeMeaning("failed"),  # a parameter of the body has no value for this recipient
    "406": CodeMeaning("failed"),  # expired before it reached the network
    "407": CodeMeaning("failed"),  # cancelled
    "408": CodeMeaning("failed"),  # rejected by the message centre
    "410": CodeMeaning("failed"),  # no default sender for this recipient
    "411": CodeMeaning("failed"),  # more parts than allowed
    "412": CodeMeaning("failed"),  # the account does not serve this region
    "413": CodeMeaning("failed"),  # the account is blocked, or out of credit
    "414": CodeMeaning("failed"),  # MMS: bad media
    "415": CodeMeaning("failed"),  # MMS: rejected
    "416": CodeMeaning("failed"),  # MMS: not supported
    "417": CodeMeaning("failed"),  # MMS: unreachable
    "418": CodeMeaning("failed"),  # MMS: the handset does not understand it
    "100": CodeMeaning("failed", is_permanent=True),  # unidentified subscriber
    "150": CodeMeaning("failed", is_permanent=True),  # unknown subscriber: no such number
    "152": CodeMeaning("failed", is_permanent=True),  # the subscription has no SMS
    "204": CodeMeaning("failed", is_permanent=True),  # the SIM has no SMS
    "205": CodeMeaning("failed", is_permanent=True),  # illegal subscriber
    "206": CodeMeaning("failed", is_permanent=True),  # illegal equipment
}
"""Code of a report → what it says: Sinch's own from 400 on, below them those of the network.

None of Sinch's own says that the number cannot be reached at all, though some say that trying again
by Sinch is no use. Of the network's, only those about number and subscription are permanent.
"""


def judge_report(status: str, code: str | None) -> CodeMeaning:
    """Judge a report by its status, and by its code where that is none we know.

    A status and a code that nobody knows leave the end open.
    """
    by_code = CODES.get(code or "", CodeMeaning("accepted"))
    state = STATES.get(status.lower(), by_code.state)
    return CodeMeaning(state, state == "failed" and by_code.is_permanent)
