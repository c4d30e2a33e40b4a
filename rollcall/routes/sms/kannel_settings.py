"""What a Kannel gateway may say of itself in `routes.toml`."""

from typing import Literal

from pydantic import Field, HttpUrl, SecretStr, field_validator

from rollcall.domain.message import Channel
from rollcall.routes.settings import BaseRouteSettings

LEAST_TOKEN_CHARACTERS = 16

NO_SUCH_NUMBER = "0x0000000b"
"""SMPP 3.4 §5.1.3, ESME_RINVDSTADR: invalid destination address."""


class KannelSettings(BaseRouteSettings):
    """A Kannel gateway of our own: its smsbox takes messages by HTTP."""

    kind: Literal["kannel"]

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return "sms"

    url: HttpUrl = Field(
        description="The smsbox's sendsms, e.g. http://127.0.0.1:13013/cgi-bin/sendsms."
    )
    username: str = Field(min_length=1, description="Of its sendsms-user.")
    password: SecretStr = Field(description="Of its sendsms-user.")
    sender: str = Field(min_length=1, max_length=21, description="Number or name to send from.")
    smsc: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="The smsc-id to send by; deny it to the others, or any may take the message.",
    )
    validity_min: int | None = Field(
        default=None,
        ge=1,
        le=10_080,
        description="Minutes after which gateway and network stop trying to deliver.",
    )
    status_url: HttpUrl | None = Field(
        default=None,
        description="The bearerbox's status.txt with ?password=, for `rollcall check`.",
        repr=False,
    )
    inbound_token: SecretStr | None = Field(
        default=None, description="What the sms-service's get-url says as token=, if it does."
    )
    permanent_codes: tuple[str, ...] = Field(
        default=(NO_SUCH_NUMBER,),
        description='Codes in receipts by which no route can help, e.g. "UNDELIV/001".',
    )

    @field_validator("inbound_token")
    @classmethod
    def _check_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < LEAST_TOKEN_CHARACTERS:
            raise ValueError(f"should have at least {LEAST_TOKEN_CHARACTERS} characters")
        return token
