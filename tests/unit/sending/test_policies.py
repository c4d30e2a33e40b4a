from datetime import UTC, datetime

import pytest

from rollcall.domain.message import MessageOptions
from rollcall.sending.policies import choose_policy
from rollcall.settings import DeliverySettings

SETTINGS = DeliverySettings(
    email_max_tries=11,
    sms_max_tries=6,
    high_quality_max_tries=44,
    resend_cap=1,
    high_quality_resend_cap=3,
    first_wait_s=0.5,
    longest_wait_s=90,
)
STANDARD = MessageOptions(include_sms=True)
HIGH_QUALITY = MessageOptions(include_sms=True, high_quality_sms=True)
EXPIRES_AT = datetime(2026, 11, 24, tzinfo=UTC)


def test_standard_sms_has_a_few_tries_over_its_preferred_route() -> None:
    policy = choose_policy("sms", STANDARD, SETTINGS, None)
    assert (policy.max_tries, policy.uses_alternatives, policy.resend_cap) == (6, False, 1)


def test_high_quality_sms_has_many_tries_over_all_routes() -> None:
    policy = choose_policy("sms", HIGH_QUALITY, SETTINGS, None)
    assert (policy.max_tries, policy.uses_alternatives, policy.resend_cap) == (44, True, 3)


@pytest.mark.parametrize("options", [MessageOptions(), STANDARD, HIGH_QUALITY])
def test_email_always_uses_every_mail_server(options: MessageOptions) -> None:
    policy = choose_policy("email", options, SETTINGS, None)
    assert (policy.max_tries, policy.uses_alternatives, policy.resend_cap) == (11, True, 3)


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_waits_and_expiry_hold_for_every_channel(channel: str) -> None:
    policy = choose_policy(
        "email" if channel == "email" else "sms", HIGH_QUALITY, SETTINGS, EXPIRES_AT
    )
    assert (policy.base_s, policy.max_s, policy.expires_at) == (0.5, 90, EXPIRES_AT)


def test_default_caps_are_those_of_the_architecture() -> None:
    defaults = DeliverySettings()
    assert (defaults.high_quality_resend_cap, defaults.resend_cap) == (4, 1)
    assert defaults.high_quality_max_tries == 50
