"""Settings of a carrier that a test changes as it likes."""

from collections.abc import Callable
from typing import Any

import pytest

from rollcall.routes.sms.http_settings import HttpSmsSettings

MakeCarrier = Callable[..., HttpSmsSettings]


@pytest.fixture
def make_carrier() -> MakeCarrier:
    """Make a carrier's settings, with changes."""

    def make(**changes: Any) -> HttpSmsSettings:
        plain = {
            "id": "bravo",
            "kind": "http_sms",
            "url": "https://carrier.example/sms",
            "body": {"to": "{to}", "text": "{text}"},
        }
        return HttpSmsSettings.model_validate(plain | changes)

    return make
