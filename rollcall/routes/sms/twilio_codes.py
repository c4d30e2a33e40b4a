"""What Twilio's codes and statuses mean, as data."""

from collections.abc import Mapping

from rollcall.domain.receipts import ReceiptState
from rollcall.routes.verdicts import CodeMeanings

SUBMIT_CODES: CodeMeanings = {
    "14107": "throttled",  # too many messages to one number
    "20003": "rejected",  # signed in wrongly
    "20429": "throttled",  # too many requests; documented as never processed
    "21211": "permanent",  # invalid To
    "21212": "rejected",  # invalid From
    "21217": "permanent",  # To is no valid number
    "21408": "rejected",  # region not enabled
    "21601": "rejected",  # From cannot send SMS
    "21602": "rejected",  # no body
    "21603": "rejected",  # no From
    "21604": "rejected",  # no To
    "21606": "rejected",  # From is not ours
    "21608": "rejected",  # trial account, unverified To
    "21610": "permanent",  # opted out with STOP
    "21611": "throttled",  # the queue of this sender is full
    "21612": "rejected",  # no way from this sender to this number
    "21614": "permanent",  # To is no mobile number
    "21617": "rejected",  # body too long
    "21635": "permanent",  # To is a landline
    "21660": "rejected",  # From belongs to another account
    "21703": "rejected",  # the messaging service has no senders
    "21704": "rejected",  # no sender of the service fits this number
    "30001": "throttled",  # queue overflow
    "30002": "rejected",  # account suspended
    "30022": "throttled",  # rate of the campaign (10DLC)
    "63017": "throttled",  # rate of the account
}
"""Codes that answer a submit. Checked in Twilio's documentation: 20003, 20429, 21211, 21608, 21610,
21611, 21612, 21614, 21635, 30001, 30022, 63017; the others from memory."""

STATES: Mapping[str, ReceiptState] = {
    "accepted": "accepted",  # by a messaging service, which still chooses the sender
    "scheduled": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "accepted",  # the nearest carrier has it
    "delivered": "delivered",
    "read": "delivered",
    "partially_delivered": "accepted",  # what is missing may still come
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
"""Twilio's statuses of an outbound message (`message_enum_status` of its OpenAPI description)."""

INBOUND_STATES = frozenset({"received", "receiving"})
"""Its statuses of a text that a recipient sent."""

PERMANENT: Mapping[str, bool] = {
    "21211": True,  # invalid number
    "21610": True,  # opted out with STOP
    "21614": True,  # no mobile number
    "21635": True,  # a landline
    "30001": False,  # queue overflow
    "30002": False,  # account suspended
    "30003": False,  # handset switched off or out of reach; documented as transient
    "30004": False,  # blocked
    "30005": True,  # unknown handset
    "30006": True,  # a landline, or a carrier that cannot be reached; documented: do not retry
    "30007": False,  # filtered by a carrier
    "30008": False,  # unknown
    "30009": False,  # a segment is missing
    "30010": False,  # dearer than the price we allowed
    "30017": False,  # congestion at the carrier
    "30022": False,  # rate of the campaign
    "30023": False,  # daily cap of the campaign
    "30032": False,  # toll-free sender not verified
    "30034": False,  # sender not registered
    "30036": False,  # the validity period ended
    "30410": False,  # the carrier did not answer in time
}
"""Of the error code of a failed message: can no route reach this number? Of others, no. Checked in
Twilio's documentation: 21211, 21635, 30003, 30006; the others from memory."""
