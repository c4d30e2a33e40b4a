"""A telephone with the app, and the clock of the portal that it talks to."""

from collections.abc import AsyncIterator

import pytest

from rollcall.ledger.engine import Ledger
from tests.integration.app.phone import (
    Phone,
    SetClock,
    invitation,
    open_phones,
)


@pytest.fixture
def set_clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def phone(ledger: Ledger, set_clock: SetClock) -> AsyncIterator[Phone]:
    async with open_phones(ledger, set_clock) as (opened,):
        yield opened


@pytest.fixture
async def enrolled(phone: Phone) -> Phone:
    await phone.use(invitation("p0000"))
    return phone
