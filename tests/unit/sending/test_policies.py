from datetime import UTC, datetime, timedelta

import pytest

from rollcall.domain.message import MessageOptions
from rollcall.sending.policies import choose_policy
from rollcall.settings import DeliverySettings

SETTINGS = DeliverySettings(
    email_max_tries=11,
    sms_max_tries=6,
    high_quality_max_tries=44,
    copies_cap=1,
    high_quality_copies_cap=3,
    first_wait_s=0.5,
    longest_wait_s=90,
    email_longest_wait_s=700,
)
STANDARD = MessageOptions(include_sms=True)
HIGH_QUALITY = MessageOptions(include_sms=True, high_quality_sms=True)
EXPIRES_AT = datetime(2026, 11, 24, tzinfo=UTC)


def test_standard_sms_has_a_few_tries_over_its_preferred_route() -> None:
    policy = choose_policy("sms", STANDARD, SETTINGS, None)
    assert (policy.max_tries, policy.uses_alternatives, policy.copies_cap) == (6, False, 1)


def test_high_quality_sms_has_many_tries_over_all_routes() -> None:
    policy = choose_policy("sms", HIGH_QUALITY, SETTINGS, None)
    assert (policy.max_tries, policy.uses_alternatives, policy.copies_cap) == (44, True, 3)


@pytest.mark.parametrize("options", [MessageOptions(), STANDARD, HIGH_QUALITY])
def test_email_always_uses_every_mail_server(options: MessageOptions) -> None:
    policy = choose_policy("email", options, SETTINGS, None)
    assert (policy.max_tries, policy.uses_alternatives, policy.copies_cap) == (11, True, 3)


def test_waits_and_expiry_hold_for_every_channel() -> None:
    sms = choose_policy("sms", HIGH_QUALITY, SETTINGS, EXPIRES_AT)
    email = choose_policy("email", HIGH_QUALITY, SETTINGS, EXPIRES_AT)
    assert (sms.base_s, sms.max_s, sms.expires_at) == (0.5, 90, EXPIRES_AT)
    assert (email.base_s, email.max_s, email.expires_at) == (0.5, 700, EXPIRES_AT)


@pytest.mark.parametrize("expires_at", [None, EXPIRES_AT])
def test_nothing_is_tried_for_longer_than_48_hours(expires_at: datetime | None) -> None:
    accepted_at = EXPIRES_AT - timedelta(hours=50)
    policy = choose_policy("email", STANDARD, SETTINGS, expires_at, accepted_at)
    assert policy.expires_at == accepted_at + timedelta(hours=48)


def test_by_default_standard_sends_a_lost_answer_again_once_and_nobody_gets_five_copies() -> None:
    defaults = DeliverySettings()
    assert (defaults.high_quality_copies_cap, defaults.copies_cap) == (4, 2)
    assert defaults.high_quality_max_tries == 50


def test_notifications_end_sooner_and_care_for_no_quality_of_sms() -> None:
    accepted_at = EXPIRES_AT - timedelta(days=9)
    settings = DeliverySettings(push_max_tries=7, push_give_up_h=3, give_up_h=48)
    for options in (MessageOptions(include_push=True), HIGH_QUALITY):
        policy = choose_policy("push", options, settings, EXPIRES_AT, accepted_at)
        assert (policy.max_tries, policy.uses_alternatives) == (7, False)
        assert policy.expires_at == accepted_at + timedelta(hours=3)
    sooner = accepted_at + timedelta(minutes=5)
    assert choose_policy("push", STANDARD, settings, sooner, accepted_at).expires_at == sooner
