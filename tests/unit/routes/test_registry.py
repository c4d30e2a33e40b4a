from pathlib import Path
from typing import Any

import pytest

from rollcall.errors import ConfigError
from rollcall.routes.registry import build_route
from rollcall.routes.settings import SmtpSettings
from tests.unit.routes.conftest import MakeCarrier

MAIL: dict[str, Any] = {
    "id": "relay",
    "kind": "smtp",
    "host": "mail.example.org",
    "sender": "crisis@example.org",
}


def test_settings_make_a_route_of_their_channel(make_carrier: MakeCarrier) -> None:
    sms, mail = build_route(make_carrier()), build_route(SmtpSettings.model_validate(MAIL))
    assert (sms.route_id, sms.channel) == ("bravo", "sms")
    assert (mail.route_id, mail.channel) == ("relay", "email")


@pytest.mark.parametrize("ca_file", ["/nowhere/ca.pem", "/dev/null"])
def test_unreadable_authorities_are_told_at_start(make_carrier: MakeCarrier, ca_file: str) -> None:
    for settings in (
        make_carrier(ca_file=Path(ca_file)),
        SmtpSettings.model_validate(MAIL | {"ca_file": ca_file}),
    ):
        with pytest.raises(ConfigError, match=f"ca_file: {ca_file}"):
            build_route(settings)
