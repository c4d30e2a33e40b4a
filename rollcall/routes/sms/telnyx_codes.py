"""What Telnyx's codes and statuses mean, as data."""

from collections.abc import Mapping

from rollcall.domain.receipts import ReceiptState
from rollcall.routes.verdicts import CodeMeanings

SUBMIT_CODES: CodeMeanings = {
    "10002": "permanent",  # invalid number
    "10007": "unknown",  # unexpected error
    "10008": "unknown",  # the request timed out at Telnyx
    "10009": "rejected",  # signed in wrongly
    "10010": "rejected",  # not allowed to
    "10011": "throttled",  # too many requests
    "20100": "rejected",  # no credit
    "40001": "permanent",  # a landline, or not routable
    "40002": "rejected",  # taken for spam
    "40003": "rejected",  # this sender is blocked as a spammer
    "40009": "rejected",  # the body is refused
    "40010": "rejected",  # sender not registered (10DLC)
    "40011": "throttled",  # too many requests at the carrier
    "40012": "permanent",  # invalid destination number
    "40013": "rejected",  # invalid sender
    "40015": "rejected",  # taken for spam by Telnyx
    "40016": "throttled",  # daily limit of the campaign
    "40018": "throttled",  # rate of the campaign
    "40100": "rejected",  # sender cannot send messages
    "40300": "permanent",  # opted out with STOP
    "40302": "rejected",  # too large
    "40305": "rejected",  # invalid sender
    "40306": "rejected",  # named sender not configured
    "40309": "rejected",  # country not enabled
    "40310": "permanent",  # invalid To
    "40312": "rejected",  # messaging profile disabled
    "40314": "rejected",  # account disabled
    "40315": "rejected",  # sender in bad repute
    "40318": "throttled",  # queue full
    "40319": "rejected",  # not this kind of message to this number
    "40320": "temporary",  # sender not usable yet
    "40321": "rejected",  # no sender in the profile
    "40322": "rejected",  # blocked for its content
    "40328": "rejected",  # longer than recommended
    "40329": "rejected",  # toll-free sender not verified
}
"""Codes that answer a submit. Checked in Telnyx's documentation: those below 20000, and 40001,
40002, 40003, 40009 and 40011; the others as another project quotes it."""

CONFLICT = 409
"""HTTP status of a request whose idempotency key is still in use: the first one may go through."""

STATES: Mapping[str, ReceiptState] = {
    "queued": "accepted",
    "sending": "accepted",
    "sent": "accepted",  # the carrier has it
    "delivered": "delivered",
    "read": "delivered",
    "delivery_unconfirmed": "accepted",  # the carrier never said; the end stays open
    "sending_failed": "failed",
    "delivery_failed": "failed",
    "expired": "failed",
}
"""The status of a recipient in an outbound message (the types of Telnyx's own SDK)."""

RECEIPT_EVENTS = frozenset({"message.sent", "message.finalized"})
TEXT_EVENT = "message.received"
"""Which events say something of our messages, and which one hands over a recipient's text."""

PERMANENT: Mapping[str, bool] = {
    "40001": True,  # a landline, or not routable
    "40002": False,  # taken for spam for now
    "40003": False,  # this sender is blocked as a spammer
    "40004": False,  # refused for a reason that nobody tells
    "40005": False,  # expired on the way
    "40006": False,  # the carrier's server is down
    "40008": False,  # the carrier did not take it
    "40009": False,  # the body is refused
    "40010": False,  # sender not registered
    "40011": False,  # too many requests at the carrier
    "40012": True,  # invalid destination number
    "40013": False,  # invalid sender
    "40014": False,  # expired in Telnyx's queue
    "40015": False,  # taken for spam by Telnyx
    "40016": False,  # daily limit of the campaign
    "40017": False,  # taken for spam by a carrier
    "40018": False,  # rate of the campaign
    "40300": True,  # opted out with STOP
    "40310": True,  # invalid To
    "40322": False,  # blocked for its content
}
"""Of the error code of a failed message: can no route reach this number? Of others, no. Checked in
Telnyx's documentation: 40001 to 40011; the others as another project quotes it."""
