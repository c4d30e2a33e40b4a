"""What `rollcall check` says of receipts: whether a route awaits any, and at which address."""

from rollcall.errors import ConfigError
from rollcall.portal.assembly import NEVER_REPORTS, read_public_url
from rollcall.routes.base import Route
from rollcall.routes.callbacks import CallbackReader, receipts_address
from rollcall.routes.settings import BaseRouteSettings

SECRET = "SECRET"  # noqa: S105 - what is printed in place of one


def tell_receipts(route: Route, settings: BaseRouteSettings, public_url: str) -> str:
    """Say whether receipts of a route are awaited, and at which address, without its secret.

    Raises:
        ConfigError: They are, but can never come.
    """
    if settings.receipt_secret is None:
        return "receipts are asked for" if settings.receipts != "none" else "no receipts awaited"
    if not isinstance(route, CallbackReader):
        raise ConfigError(f"it has a receipt_secret, but {NEVER_REPORTS}")
    address = receipts_address(read_public_url(public_url), settings.id, SECRET)
    return f"receipts awaited at {address}"
