"""How hard a delivery is tried, by its channel and the message's options."""

from datetime import datetime, timedelta

from rollcall.domain.delivery import RetryPolicy
from rollcall.domain.message import Channel, MessageOptions
from rollcall.settings import DeliverySettings


def choose_policy(
    channel: Channel,
    options: MessageOptions,
    settings: DeliverySettings,
    expires_at: datetime | None,
    accepted_at: datetime | None = None,
) -> RetryPolicy:
    """Return the policy for one channel of a message.

    Email always uses every mail server there is. Everything is tried for 48 h at most: a greylisted
    or full mailbox may open again (RFC 5321 §4.5.4.1 asks mail servers for four to five days), and
    tries that pause because all routes are down must end one day. Notifications end sooner: they
    are a second way, and nobody is to wait for a network that lets no push service be called.

    Args:
        channel: Which.
        options: Of the message.
        settings: The operator's.
        expires_at: The moment the message itself names.
        accepted_at: When it was accepted; None: there is no end but its own.
    """
    give_up_h = settings.give_up_h
    if channel == "push":
        give_up_h = min(settings.push_give_up_h, give_up_h)
    give_up_at = accepted_at and accepted_at + timedelta(hours=give_up_h)
    ends_at = min((one for one in (expires_at, give_up_at) if one), default=None)
    is_email = channel == "email"
    is_high_quality = is_email or (channel == "sms" and options.high_quality_sms)
    longest_s = settings.email_longest_wait_s if is_email else settings.longest_wait_s
    return RetryPolicy(
        max_tries=_max_tries(channel, options, settings),
        uses_alternatives=is_high_quality,
        copies_cap=settings.high_quality_copies_cap if is_high_quality else settings.copies_cap,
        base_s=settings.first_wait_s,
        max_s=longest_s,
        expires_at=ends_at,
    )


def _max_tries(channel: Channel, options: MessageOptions, settings: DeliverySettings) -> int:
    if channel == "email":
        return settings.email_max_tries
    if channel == "push":
        return settings.push_max_tries
    return settings.high_quality_max_tries if options.high_quality_sms else settings.sms_max_tries
