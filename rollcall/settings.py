"""The settings, from the environment: nothing else reads it.

Every variable begins with `ROLLCALL_`; `ROLLCALL_SECRET_…` are the secrets that `routes.toml`
names. An empty variable is one that is not set. A variable that nothing knows, or in small letters,
is refused: a mistyped setting is a setting silently not made.
"""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from rollcall.domain.audience import looks_deliverable
from rollcall.domain.validation_text import first_mistake
from rollcall.errors import ConfigError

PREFIX = "ROLLCALL_"
SECRET_PREFIX = f"{PREFIX}SECRET_"
PROJECT_FOLDER = Path(__file__).resolve().parents[1]
"""The checkout: `data/` with templates, SQL and reference tables lies beside the library."""


def _require_deliverable(address: str) -> str:
    if not looks_deliverable(address):
        raise ValueError("is no email address")
    return address


EmailAddress = Annotated[str, AfterValidator(_require_deliverable)]


class DeliverySettings(BaseModel):
    """How hard messages are tried."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email_max_tries: int = Field(50, ge=1, le=50, description="Tries of one email.")
    give_up_h: float = Field(
        48.0, gt=0, le=120, description="Hours after which nothing of a message is tried any more."
    )
    email_longest_wait_s: float = Field(
        7200.0, ge=0, le=86_400, description="Longest wait between tries of an email."
    )
    sms_max_tries: int = Field(5, ge=1, le=50, description="Tries of one SMS of standard quality.")
    high_quality_max_tries: int = Field(
        50, ge=1, le=50, description="Tries of one SMS of high quality, over all routes."
    )
    push_max_tries: int = Field(8, ge=1, le=50, description="Tries of one notification.")
    push_give_up_h: float = Field(
        4.0,
        gt=0,
        le=120,
        description="Hours after which a notification that no push service took is given up.",
    )
    copies_cap: int = Field(
        2,
        ge=1,
        le=4,
        description="Copies of an SMS that may be out while nobody knows whether one arrived.",
    )
    high_quality_copies_cap: int = Field(
        4, ge=1, le=4, description="The same for SMS of high quality and for email."
    )
    first_wait_s: float = Field(2.0, ge=0, le=600, description="First wait between tries.")
    longest_wait_s: float = Field(300.0, ge=0, le=3600, description="Longest wait between tries.")
    canary_hold_s: float = Field(
        5.0,
        ge=0,
        le=5,
        description="Longest hold of a large send while its first messages show the best routes.",
    )
    processes: int = Field(
        2,
        ge=1,
        le=16,
        description="Processes that deliver one large message: as many cores it can make use of.",
    )


class GuardSettings(BaseModel):
    """What must be confirmed before it is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repeat_within_s: float = Field(
        3600.0,
        ge=0,
        le=30 * 86_400,
        description="The same content to the same people again within so many seconds; 0: never.",
    )
    growth_factor: float = Field(
        3.0,
        ge=1,
        le=1e6,
        description="An audience more than so many times that of the template's last message,",
    )
    growth_min: int = Field(
        100, ge=1, le=1_000_000_000, description="by at least so many people more."
    )


class RetentionSettings(BaseModel):
    """After how many days what is over loses its personal data; 0: never."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages_days: int = Field(
        90,
        ge=0,
        le=36_500,
        description="Texts, names and addresses of a message without chat or page, once done.",
    )
    chats_days: int = Field(
        90, ge=0, le=36_500, description="A chat, once it is archived, and all its messages."
    )
    locations_days: int = Field(
        30, ge=0, le=36_500, description="Locations of the app that are not somebody's latest one."
    )
    app_days: int = Field(
        90, ge=0, le=36_500, description="Emergencies of the app that ended, devices revoked."
    )
    receipts_days: int = Field(
        90,
        ge=0,
        le=36_500,
        description="Receipts that belong to nothing, or were overtaken and their message is gone.",
    )
    drafts_days: int = Field(
        14, ge=0, le=36_500, description="Drafts of the dashboards, once nobody changes them."
    )
    snapshots_days: int = Field(
        30, ge=0, le=36_500, description="The snapshot of a message, once it is done."
    )
    sources_days: int = Field(
        90, ge=0, le=36_500, description="Versions of a source that are not in use any more."
    )
    previews_days: int = Field(30, ge=0, le=36_500, description="Fingerprints of previews.")
    incidents_days: int = Field(
        30, ge=0, le=36_500, description="What a feed said that could not be read since."
    )


class RefreshSettings(BaseModel):
    """When a source that can be read is told as wrong all the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stale_h: float = Field(
        72.0,
        ge=0,
        le=8760,
        description="Hours without a new file after which a source is stale; 0: never.",
    )
    shrunk_pct: float = Field(
        20.0,
        ge=0,
        le=100,
        description="Loss of rows, in % of the largest kept version, that is too much; 0: none is.",
    )


class PortSettings(BaseModel):
    """Where the parts of one machine listen, all on loopback unless it is said otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefect: int = Field(4200, ge=1, le=65_535, description="Prefect's server: its UI and API.")
    portal: int = Field(8710, ge=1, le=65_535, description="The portal, behind your web server.")
    dispatcher: int = Field(8711, ge=1, le=65_535, description="The dispatcher's metrics.")
    portal_metrics: int = Field(8712, ge=1, le=65_535, description="The portal's metrics.")
    replies: int = Field(8713, ge=1, le=65_535, description="Metrics of `rollcall replies`.")
    bounces: int = Field(8714, ge=1, le=65_535, description="Metrics of `rollcall bounces`.")
    dashboards: int = Field(8501, ge=1, le=65_535, description="The dashboards.")
    dashboards_metrics: int = Field(
        8715, ge=1, le=65_535, description="The dashboards' metrics, where browsers never come."
    )
    sandbox: int = Field(8716, ge=1, le=65_535, description="Metrics of the demo's carriers.")


class DashboardSettings(BaseModel):
    """Who is let in to the dashboards, and for how long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    public_url: str = Field(
        "",
        description="Where administrators reach them from other machines, e.g. "
        "https://desk.example.org.",
    )
    session_h: float = Field(
        12.0, gt=0, le=168, description="Hours after which one has to sign in again."
    )
    oidc_metadata_url: str = Field(
        "", description="Of an identity provider: where its openid-configuration is."
    )
    oidc_client_id: str = Field("", description="Which client we are to it.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Our secret with it.")
    oidc_claim: str = Field(
        "groups", min_length=1, description="The claim that says what somebody may do."
    )
    oidc_admins: tuple[str, ...] = Field((), description="Its values for admins, a JSON list.")
    oidc_senders: tuple[str, ...] = Field((), description="Its values for senders, a JSON list.")
    oidc_viewers: tuple[str, ...] = Field((), description="Its values for viewers, a JSON list.")
    oidc_sender_limit: int = Field(
        1000, ge=1, description="To how many people such a sender may send at once."
    )

    @property
    def has_oidc(self) -> bool:
        """Tell whether an identity provider is configured."""
        return bool(self.oidc_metadata_url)


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = Field(
        PROJECT_FOLDER / "data" / "local",
        description="Where the ledger, kept sources and snapshots lie; only its owner can read it.",
    )
    source: Path | None = Field(
        None, description="Folder of the travellers' data, where an order names none."
    )
    ledger_url: str = Field(
        "", description="The ledger as a database URL; default: SQLite in the data folder."
    )
    routes_file: Path = Field(
        PROJECT_FOLDER / "routes.toml", description="The routes, as docs/operating.md describes."
    )
    organisation: str = Field(
        "Your organisation", description="Whom messages come from, for `{{ organisation }}`."
    )
    administrators: tuple[EmailAddress, ...] = Field(
        (),
        description="Email addresses, as a JSON list, that are told when a schedule fails, e.g. "
        '["duty@example.org"].',
    )
    public_url: str = Field(
        "",
        description="Where providers and recipients reach the portal, e.g. https://safe.example.org.",
    )
    portal_key: SecretStr = Field(
        SecretStr(""),
        description="Key of personal links, 64 hexadecimal digits, the same on every machine; "
        "default: made once in the data folder.",
    )
    ports: PortSettings = PortSettings()
    metrics_host: str = Field(
        "127.0.0.1", description="Where `/health` and `/metrics` of each process are listened for."
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="What `/metrics` asks for as a bearer; needed off loopback."
    )
    delivery: DeliverySettings = DeliverySettings()
    guards: GuardSettings = GuardSettings()
    retention: RetentionSettings = RetentionSettings()
    refresh: RefreshSettings = RefreshSettings()
    dashboards: DashboardSettings = DashboardSettings()

    @property
    def ledger_address(self) -> str:
        """Return the ledger's URL with the default filled in."""
        return self.ledger_url or f"sqlite:///{self.data_dir / 'ledger.db'}"

    @property
    def desk_url(self) -> str:
        """Return where the dashboards are: for administrators elsewhere, else on this machine."""
        here = f"http://127.0.0.1:{self.ports.dashboards}"
        return (self.dashboards.public_url or here).rstrip("/")


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        ConfigError: A variable is unknown or has a wrong value; names it.
    """
    known = set(variable_names())
    for name in sorted(os.environ):
        if _is_ours(name) and name not in known:
            raise ConfigError(f"unknown setting {name}{_suggestion(name, known)}")
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigError(f"setting {PREFIX}{_variable_part(error)}") from error
    except SettingsError as error:
        raise ConfigError(f"a setting that holds several is not JSON: {error}") from error


def load_secrets() -> dict[str, str]:
    """Return the secrets that routes may name, by the full name of their variable."""
    return {name: value for name, value in os.environ.items() if name.startswith(SECRET_PREFIX)}


def variable_names() -> Iterator[str]:
    """List the environment variables of all settings."""
    for name, field in Settings.model_fields.items():
        variable = f"{PREFIX}{name}".upper()
        yield variable
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from (f"{variable}__{part}".upper() for part in field.annotation.model_fields)


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX) and not name.startswith(SECRET_PREFIX)


def _variable_part(error: ValidationError) -> str:
    """Write where a mistake is as the variable's name is written, then what is wrong."""
    where, _, reason = first_mistake(error).partition(": ")
    return f"{where.replace('.', '__').upper()}: {reason}"


def _suggestion(name: str, known: set[str]) -> str:
    """Compare what follows the prefix: with it, all names are alike."""
    parts = [one.removeprefix(PREFIX) for one in known]
    close = get_close_matches(name.upper().removeprefix(PREFIX), parts, n=1)
    return f" (did you mean {PREFIX}{close[0]}?)" if close else ""
