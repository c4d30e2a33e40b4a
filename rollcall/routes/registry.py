"""Which settings make which route: one line a provider."""

from collections.abc import Callable
from typing import Annotated, Any, Union

from pydantic import Field, TypeAdapter

from rollcall.clock import Clock
from rollcall.routes.apprise import AppriseRoute, AppriseSettings
from rollcall.routes.base import Route
from rollcall.routes.callbacks import receipts_address
from rollcall.routes.email.mailgun import MailgunRoute, MailgunSettings
from rollcall.routes.email.sendgrid import SendGridRoute, SendGridSettings
from rollcall.routes.email.smtp import SmtpRoute
from rollcall.routes.push.webpush import WebPushRoute, WebPushSettings
from rollcall.routes.settings import BaseRouteSettings, SmtpSettings
from rollcall.routes.sms.http_settings import HttpSmsSettings
from rollcall.routes.sms.http_sms import HttpSmsRoute
from rollcall.routes.sms.infobip import InfobipRoute, InfobipSettings
from rollcall.routes.sms.kannel import KannelRoute
from rollcall.routes.sms.kannel_settings import KannelSettings
from rollcall.routes.sms.sinch import SinchRoute, SinchSettings
from rollcall.routes.sms.telnyx import TelnyxRoute, TelnyxSettings
from rollcall.routes.sms.twilio import TwilioRoute, TwilioSettings
from rollcall.routes.sms.vonage import VonageRoute, VonageSettings

_ROUTES: dict[type[BaseRouteSettings], Callable[..., Route]] = {
    HttpSmsSettings: HttpSmsRoute,
    InfobipSettings: InfobipRoute,
    KannelSettings: KannelRoute,
    SinchSettings: SinchRoute,
    SmtpSettings: SmtpRoute,
    TelnyxSettings: TelnyxRoute,
    TwilioSettings: TwilioRoute,
    VonageSettings: VonageRoute,
    SendGridSettings: SendGridRoute,
    MailgunSettings: MailgunRoute,
    AppriseSettings: AppriseRoute,
    WebPushSettings: WebPushRoute,
}
"""Every kind of route, by its settings; a route is made of `(settings, clock, callback)`."""

_ANY: TypeAdapter[BaseRouteSettings] = TypeAdapter(
    Annotated[Union[tuple(_ROUTES)], Field(discriminator="kind")]  # type: ignore[arg-type]  # noqa: UP007 - made of a table
)


def read_route_settings(entry: dict[str, Any]) -> BaseRouteSettings:
    """Read one `[[route]]` of the file.

    Raises:
        ValidationError: A field is missing, unknown or wrong.
    """
    return _ANY.validate_python(entry)


def build_route(
    settings: BaseRouteSettings, clock: Clock | None = None, public_url: str | None = None
) -> Route:
    """Build the route that some settings describe; nothing is connected yet.

    Args:
        settings: Which provider, and how it is addressed.
        clock: What tells the time.
        public_url: Where providers reach our portal, None where they do not.

    Raises:
        ConfigError: The settings name a file that cannot be read.
    """
    return _ROUTES[type(settings)](settings, clock, callback_base(settings, public_url))


def callback_base(settings: BaseRouteSettings, public_url: str | None) -> str | None:
    """Return the address at which a provider reports to us, None where it is not to."""
    if settings.receipt_secret is None or not public_url:
        return None
    return receipts_address(public_url, settings.id, settings.receipt_secret.get_secret_value())
