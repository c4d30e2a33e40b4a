"""Where notifications go: asked of the ledger as a try is made, many people at once."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from rollcall.clock import Clock
from rollcall.domain.push import PushSubscription
from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.patience import ask_patiently
from rollcall.ledger.push_subscriptions import drop_subscription, find_subscriptions

GATHER_S: Final = 0.005
"""How long a question waits for others to be asked with it: tries of a batch begin together."""

log = logging.getLogger(__name__)

_Asked = dict[str, list["asyncio.Future[list[PushSubscription]]"]]


@dataclass(slots=True)
class LedgerDirectory:
    """Reads and drops the subscriptions of the app's devices; for one event loop.

    Attributes:
        ledger: Where they are.
        clock: What tells when patience with the ledger ends.
    """

    ledger: Ledger
    clock: Clock
    _asked: _Asked = field(init=False, default_factory=dict)
    _asking: set["asyncio.Task[None]"] = field(init=False, default_factory=set)

    async def find(self, person_id: str) -> list[PushSubscription]:
        """Return where notifications to somebody go now.

        Raises:
            LedgerError: The ledger does not answer.
        """
        told: asyncio.Future[list[PushSubscription]] = asyncio.get_running_loop().create_future()
        if not self._asked:
            task = asyncio.ensure_future(self._ask_soon())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        self._asked.setdefault(person_id, []).append(told)
        return await told

    async def drop(self, subscription: PushSubscription) -> None:
        """Forget a subscription that is gone; where that fails, the next try finds it so again."""
        try:
            await ask_patiently(
                self.clock,
                drop_subscription,
                self.ledger,
                subscription.device_id,
                subscription.endpoint,
            )
        except LedgerError as error:
            log.warning("a subscription was not dropped", extra={"reason": str(error)})

    async def _ask_soon(self) -> None:
        await asyncio.sleep(GATHER_S)
        asked, self._asked = self._asked, {}
        try:
            found = await ask_patiently(self.clock, find_subscriptions, self.ledger, tuple(asked))
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            _answer(asked, error)
            return
        for person_id, waiting in asked.items():
            _answer({person_id: waiting}, found.get(person_id, []))


def _answer(asked: _Asked, told: list[PushSubscription] | Exception) -> None:
    for waiting in asked.values():
        for one in waiting:
            if one.done():  # who asked was cancelled
                continue
            if isinstance(told, Exception):
                one.set_exception(told)
            else:
                one.set_result(told)
