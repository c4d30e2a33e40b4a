"""What the ledger's short words mean, for people who have other things to think of."""

from typing import Final

STATUS_WORDS: Final[dict[str, str]] = {
    "waiting": "waiting to be sent",
    "accepted": "sent",
    "at_carrier": "delivered to the network",
    "delivered": "delivered to the telephone",
    "not_delivered": "not delivered",
    "unconfirmed": "unconfirmed",
    "not_attempted": "not sent: no address",
    "stopped": "held back: stopped",
}

STATUS_MEANINGS: Final[dict[str, str]] = {
    "waiting": "It is tried now or a little later.",
    "accepted": "A provider or mail server took it over. Whether it arrived is not known (yet).",
    "at_carrier": "The telephone network or mail server of the recipient says that it has it.",
    "delivered": "The telephone of the recipient says that it has it.",
    "not_delivered": "It was refused for good, or every try was used up.",
    "unconfirmed": "It may have arrived, once or more; nobody knows, and it is not sent again.",
    "not_attempted": "There was no address of this kind to send it to.",
    "stopped": "An administrator stopped the message before this one left.",
}

OUTCOME_WORDS: Final[dict[str, str]] = {
    "accepted": "taken over",
    "unavailable": "route could not be reached, nothing was sent",
    "throttled": "route asked us to slow down, nothing was sent",
    "rejected": "route refused it for a reason of its own, nothing was sent",
    "temporary": "route wants it again later, nothing was sent",
    "refused": "refused for good: no route can help this recipient",
    "uncertain": "the answer was lost; it may have been sent",
    "in_flight": "being handed over at this moment",
}

RECEIPT_WORDS: Final[dict[str, str]] = {
    "accepted": "the provider has it",
    "delivered": "it arrived",
    "failed": "it did not arrive",
    "missing": "the provider never had it",
}

STATE_WORDS: Final[dict[str, str]] = {
    "accepted": "accepted",
    "sending": "being sent",
    "sent": "sent",
    "stopped": "stopped",
    "refused": "refused: nothing was sent",
}

KIND_WORDS: Final[dict[str, str]] = {
    "one_way": "one-way message",
    "chat_invite": "invitation to a chat",
    "chat_notice": "notice of a post (by the system)",
    "chat_reminder": "reminder (by the system)",
}

CHANNEL_WORDS: Final[dict[str, str]] = {"email": "email", "sms": "SMS", "push": "app"}

ANSWER_WORDS: Final[dict[str, str]] = {
    "ok": "OK",
    "needs_help": "need help",
    "none": "have not answered",
}

NEED_WORDS: Final[dict[str, str]] = {
    "needs_help": "Need help",
    "not_reached": "Not reached",
    "silent": "No answer",
    "ok": "OK",
}

NEED_MEANINGS: Final[dict[str, str]] = {
    "needs_help": "They said that they need help.",
    "not_reached": "They have not answered, and no route is known to have taken anything over.",
    "silent": "They could have answered and have not.",
    "ok": "They said that they are OK.",
}

SAID_WORDS: Final[dict[str, str]] = {
    "ok": "I'm OK",
    "needs_help": "I need help",
    "none": "took the answer back",
}

VIA_WORDS: Final[dict[str, str]] = {
    "page": "on their page",
    "sms": "by SMS",
    "email": "by email",
    "app": "with the app",
    "administrator": "told to an administrator",
}

CHAT_KIND_WORDS: Final[dict[str, str]] = {"chat": "chat", "one_way": "one-way message that asks"}


def tell_count(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
