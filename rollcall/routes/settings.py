"""The configured ways out: what may stand in `routes.toml`, and nothing else.

A secret is never written into the file: wherever a text says `env:ROLLCALL_SECRET_NAME`, alone or
within (`"Bearer env:ROLLCALL_SECRET_CARRIER"`), the secret of that name takes its place.
"""

import re
from abc import abstractmethod
from decimal import Decimal
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from rollcall.domain.countries import is_country_code
from rollcall.domain.message import Channel
from rollcall.domain.reply_addresses import REPLY_TEMPLATE

Meaning = Literal["accepted", "throttled", "temporary", "rejected", "permanent"]
"""Of a provider's code: taken; slow down; later; not by this route; not to this recipient."""


def _check_country(code: str) -> str:
    if not is_country_code(code):
        raise ValueError(f"{code!r} is no country code (ISO 3166-1 alpha-2)")
    return code


CountryCode = Annotated[str, AfterValidator(_check_country)]
NumberPrefix = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,13}$")]
Price = Annotated[Decimal, Field(ge=0, le=1000, allow_inf_nan=False)]


class StrictSettings(BaseModel):
    """Unknown fields are refused, and values never shown: they may be secrets."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BaseRouteSettings(StrictSettings):
    """What every route has."""

    id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$",
        description="Name of the route in ledger and pages; never used again for another.",
    )
    priority: int = Field(default=100, ge=0, description="Lower is preferred.")
    honours_idempotency_key: bool = Field(
        default=False, description="The provider recognises a repeated key and does not send again."
    )
    connect_timeout_s: float = Field(
        default=5.0,
        gt=0,
        le=300,
        description="Seconds to reach the other side, TLS and sign-in included.",
    )
    answer_timeout_s: float = Field(
        default=30.0,
        gt=0,
        le=600,
        description="Seconds to wait for an answer, or for a free connection.",
    )
    max_connections: int = Field(
        default=20,
        ge=1,
        le=2000,
        description="Connections open at once; the provider may set a limit.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of authorities to trust instead of the system's; best absolute.",
    )
    countries: tuple[CountryCode, ...] = Field(
        default=(), description="Countries of the numbers it serves (ISO 3166-1); empty: all."
    )
    prefixes: tuple[NumberPrefix, ...] = Field(
        default=(), description='Beginnings of the numbers it serves, e.g. "+8190"; empty: all.'
    )
    weight: float = Field(
        default=1.0, gt=0, le=1000, description="Share among routes that are otherwise equal."
    )
    price_per_segment: Price | None = Field(
        default=None,
        description="What one SMS segment costs, in your currency; cheaper routes are preferred.",
    )
    messages_per_s: float | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="Most messages a second over all processes, as agreed with the provider.",
    )
    receipts: Literal["none", "carrier", "handset"] = Field(
        default="none", description="How far the receipts of this route can see, if it sends any."
    )
    receipt_deadline_s: float = Field(
        default=180.0,
        gt=0,
        le=86_400,
        description="Seconds after which a message without a receipt counts as unconfirmed.",
    )
    receipt_secret: SecretStr | None = Field(
        default=None,
        description="Part of the address that the provider calls; at least 16 characters.",
    )
    answers_lookups: bool = Field(
        default=False, description="The provider can be asked what became of a message."
    )

    @model_validator(mode="after")
    def _check_receipts(self) -> Self:
        if self.receipts != "none" and self.receipt_secret is None and not self.answers_lookups:
            raise ValueError("receipts need a receipt_secret, or answers_lookups")
        return self

    @field_validator("receipt_secret")
    @classmethod
    def _check_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not re.fullmatch(
            r"[A-Za-z0-9_-]{16,128}", secret.get_secret_value()
        ):
            raise ValueError("should be 16 to 128 letters, digits, - or _")
        return secret

    @property
    @abstractmethod
    def channel(self) -> Channel:
        """Return the channel it serves."""

    @property
    def longest_try_s(self) -> float:
        """How long one try can take at most: a place, a connection, two answers.

        Whoever holds a delivery under a lease must hold it for longer.
        """
        return self.connect_timeout_s + 3 * self.answer_timeout_s


def _check_sender(sender: str) -> str:
    _, address = parseaddr(sender)
    local, _, domain = address.rpartition("@")
    if not (local and domain and address.isascii() and sender.isprintable()):
        raise ValueError('should look like "Crisis Team <crisis@example.org>"')
    return sender


MailSender = Annotated[str, AfterValidator(_check_sender)]
"""Whom recipients of an email see: an address, with or without a name before it."""


class EmailRouteSettings(BaseRouteSettings):
    """What every route for email has."""

    reply_to: str | None = Field(
        default=None,
        pattern=REPLY_TEMPLATE,
        description='Where answers in conversations go: "reply+{token}@example.org".',
    )


class SmtpSettings(EmailRouteSettings):
    """A mail server that takes our messages."""

    kind: Literal["smtp"]

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return "email"

    host: str = Field(min_length=1, description="Name or address of the mail server.")
    port: int = Field(
        default=587, ge=1, le=65535, description="587 for starttls, 465 for tls, 25 for none."
    )
    security: Literal["none", "starttls", "tls"] = Field(
        default="starttls", description="How the connection is protected; never fallen back from."
    )
    username: str | None = Field(default=None, description="Who signs in; none signs in as nobody.")
    password: SecretStr | None = Field(default=None, description="Their password.")
    sender: MailSender = Field(
        description='Whom recipients see, e.g. "Crisis Team <crisis@example.org>".'
    )
    hello_name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9.:\[\]-]+$",
        description="Our name in EHLO; by default the sender's domain.",
    )
    keep_idle_s: float = Field(
        default=30.0,
        ge=0,
        le=3600,
        description="Seconds an unused connection is kept for the next message.",
    )
    pipelining: bool = Field(
        default=True,
        description="Write commands together where the server offers it (RFC 2920).",
    )
    return_path: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._=-]+\+\{attempt\}@[A-Za-z0-9.-]+$",
        description='Where bounces go, if not to the sender: "bounces+{attempt}@example.org".',
    )

    @model_validator(mode="after")
    def _check_sign_in(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self
