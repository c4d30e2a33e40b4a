"""What Vonage's codes and statuses mean, as data."""

from collections.abc import Mapping

from rollcall.domain.receipts import ReceiptState
from rollcall.routes.verdicts import CodeMeanings

SUCCESS = "0"
"""The status of a message, or of a part of one, that was taken."""

SUBMIT_CODES: CodeMeanings = {
    "1": "throttled",  # faster than the account's limit; comes with HTTP 200
    "2": "rejected",  # missing parameters
    "3": "rejected",  # invalid parameters
    "4": "rejected",  # invalid credentials
    "5": "unknown",  # an error "whilst processing this message": nobody says how far it came
    "6": "rejected",  # invalid message, or a prefix that Vonage does not know
    "7": "permanent",  # the number is barred
    "8": "rejected",  # our account is barred
    "9": "rejected",  # no credit
    "10": "throttled",  # too many connections
    "11": "rejected",  # the account may not use HTTP
    "12": "rejected",  # message too long
    "14": "rejected",  # invalid signature of ours
    "15": "rejected",  # invalid sender
    "22": "rejected",  # invalid network code
    "23": "rejected",  # invalid callback address
    "29": "rejected",  # trial account, number not on its list
    "32": "rejected",  # signed and with a secret besides
    "33": "permanent",  # the number is no longer in use
}
"""The `status` of a message in the answer to a submit, other than success. Codes and wording are
from Vonage's documentation ("Troubleshooting SMS"); 22, 32 and 33 as another project quotes it."""

STATES: Mapping[str, ReceiptState] = {
    "accepted": "accepted",
    "buffered": "accepted",
    "unknown": "accepted",  # a status of the carrier's that Vonage cannot read: the end is open
    "delivered": "delivered",
    "expired": "failed",
    "failed": "failed",
    "rejected": "failed",  # of both APIs
    "submitted": "accepted",  # from here on of the Messages API
    "read": "delivered",
    "undeliverable": "failed",
}
"""The `status` of a receipt, of the SMS API (its OpenAPI description) and of the Messages API."""

PERMANENT: Mapping[str, bool] = {
    "1": False,  # unknown
    "2": False,  # absent for now
    "3": True,  # absent for good
    "4": True,  # barred by the user
    "5": False,  # portability
    "6": False,  # taken for spam
    "7": False,  # handset busy
    "8": False,  # network
    "9": True,  # illegal number: opted out
    "10": False,  # illegal message
    "11": False,  # unroutable
    "12": False,  # destination unreachable
    "13": False,  # age restriction
    "14": False,  # blocked by the carrier
    "15": False,  # prepaid without funds
    "16": False,  # quota of the gateway
    "50": False,  # filters of the entity, header, content and consent
    "51": False,
    "52": False,
    "53": False,
    "54": False,  # regulation
    "99": False,  # general
    "1050": True,  # from here on of the Messages API: barred
    "1170": True,  # no valid number
    "1180": False,  # absent for now
    "1190": True,  # absent for good
    "1200": True,  # barred by the user
    "1210": False,  # taken for spam
    "1220": False,  # handset busy
    "1230": False,  # network
    "1240": True,  # illegal number: opted out
    "1250": False,  # illegal message
    "1260": False,  # destination unreachable
    "1280": False,  # blocked by the carrier
    "1330": False,  # unknown
}
"""Of the error code of a failed message: can no route reach this number? Of others, no. The names
of the SMS API's codes are as other projects quote Vonage's documentation; those of the Messages
API, 1050 and up, are from memory."""
