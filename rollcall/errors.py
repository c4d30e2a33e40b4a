"""Everything Rollcall raises on purpose.

RollcallError
├── ConfigError               stop at start-up; names the setting
├── InputError                the operator's mistake, shown as one clear sentence
│   ├── SelectionError
│   ├── TemplateError
│   ├── SourceError
│   └── RequestError
├── NotAllowedError           whoever acts may not do this; names what they lack
├── LedgerError               the ledger cannot do what was asked of it
├── PrefectError              schedules cannot be read or changed: Prefect is away or says no
└── SendError                 what one try of a delivery came to
    ├── RouteError            another route may work; nothing was sent
    ├── RecipientError        no route can help: invalid number, opted out
    └── OutcomeUnknownError   the request left, the answer was lost
"""

from typing import Literal

RouteFault = Literal["unavailable", "throttled", "rejected", "temporary"]
"""Why a route did not take a message.

unavailable: it could not be reached, the request never left
throttled:   it asked us to slow down (429, SMTP 421/454), perhaps for `retry_after_s`
rejected:    it refused for good, for a reason of its own (credentials, sender, country not served)
temporary:   it refused for now and wants the same message again later (SMTP 4xx, greylisting)
"""


class RollcallError(Exception):
    """Base of everything raised on purpose."""


class ConfigError(RollcallError):
    """A setting is missing, unknown or wrong; the sentence names it."""


class InputError(RollcallError):
    """The operator's mistake, told as one clear sentence; the command exits with 2."""


class SelectionError(InputError):
    """A selection names something that does not exist or cannot be meant."""


class TemplateError(InputError):
    """A template uses what users' templates may not use; names the line."""


class SourceError(InputError):
    """A source cannot be loaded at all; names the file and the column."""


class RequestError(InputError):
    """A message request is not well formed or contradicts an earlier one with the same key."""


class NotAllowedError(RollcallError):
    """Whoever acts at the desk may not do this: their role, or their limit, does not allow it."""


class LedgerError(RollcallError):
    """The ledger is missing, too old, or held by another process."""


class PrefectError(RollcallError):
    """Prefect does not answer, or does not let us: its schedules cannot be read or changed."""


class SendError(RollcallError):
    """One try of a delivery did not end in acceptance.

    Args:
        reason: What happened, in words that hold no personal data.
        route_id: The route that was tried.
        provider_code: The provider's own code, if it gave one.
    """

    def __init__(self, reason: str, route_id: str, provider_code: str | None = None) -> None:
        super().__init__(reason, route_id, provider_code)
        self.reason = reason
        self.route_id = route_id
        self.provider_code = provider_code

    def __str__(self) -> str:
        code = f" ({self.provider_code})" if self.provider_code else ""
        return f"{self.route_id}: {self.reason}{code}"


class RouteError(SendError):
    """The route did not take the message, and certainly did not send it.

    Args:
        reason: As in `SendError`.
        route_id: As in `SendError`.
        provider_code: As in `SendError`.
        fault: Which kind of "no" it was.
        retry_after_s: Seconds the provider asked us to wait, if it did.
    """

    def __init__(
        self,
        reason: str,
        route_id: str,
        provider_code: str | None = None,
        fault: RouteFault = "rejected",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(reason, route_id, provider_code)
        self.args = (reason, route_id, provider_code, fault, retry_after_s)
        self.fault: RouteFault = fault
        self.retry_after_s = retry_after_s


class RecipientError(SendError):
    """No route can help: the number or mailbox does not exist, or its owner opted out."""


class OutcomeUnknownError(SendError):
    """The request left and the answer was lost: it may or may not have been sent."""
