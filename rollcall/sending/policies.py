"""How hard a delivery is tried, by its channel and the message's options."""

from datetime import datetime

from rollcall.domain.delivery import RetryPolicy
from rollcall.domain.message import Channel, MessageOptions
from rollcall.settings import DeliverySettings


def choose_policy(
    channel: Channel,
    options: MessageOptions,
    settings: DeliverySettings,
    expires_at: datetime | None,
) -> RetryPolicy:
    """Return the policy for one channel of a message.

    Email always uses every mail server there is, and is sent again as readily as high-quality SMS:
    its Message-ID stays the same, so that mailboxes can tell a repeat.
    """
    is_high_quality = channel == "email" or options.high_quality_sms
    return RetryPolicy(
        max_tries=_max_tries(channel, options, settings),
        uses_alternatives=is_high_quality,
        resend_cap=settings.high_quality_resend_cap if is_high_quality else settings.resend_cap,
        base_s=settings.first_wait_s,
        max_s=settings.longest_wait_s,
        expires_at=expires_at,
    )


def _max_tries(channel: Channel, options: MessageOptions, settings: DeliverySettings) -> int:
    if channel == "email":
        return settings.email_max_tries
    return settings.high_quality_max_tries if options.high_quality_sms else settings.sms_max_tries
