"""What a carrier that is addressed by configuration may say of itself in `routes.toml`."""

import re
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, HttpUrl, JsonValue, SecretStr, field_validator, model_validator

from rollcall.domain.message import Channel
from rollcall.routes.settings import BaseRouteSettings, Meaning, StrictSettings
from rollcall.routes.sms.http_callback_settings import (
    CallbackFields,
    CallbackSignature,
    InboundFields,
    ReceiptFields,
)
from rollcall.routes.templates import HEADER_PLACEHOLDERS, PLACEHOLDERS, find_placeholders


class CodeTable(StrictSettings):
    """Which answers mean what. A number is an HTTP status; a text is the provider's own code."""

    accepted: tuple[int | str, ...] = Field(default=(), description="Taken over.")
    throttled: tuple[int | str, ...] = Field(default=(), description="Slow down.")
    temporary: tuple[int | str, ...] = Field(
        default=(), description="The same message again, later."
    )
    rejected: tuple[int | str, ...] = Field(default=(), description="Not by this route.")
    permanent: tuple[int | str, ...] = Field(
        default=(), description="No route can reach this number."
    )

    @model_validator(mode="after")
    def _check_unambiguous(self) -> Self:
        listed = [code for _, codes in self.rows() for code in codes]
        for code in listed:
            if listed.count(code) > 1:
                raise ValueError(f"{code!r} is listed twice")
            if isinstance(code, int) and not 100 <= code <= 599:  # noqa: PLR2004 - HTTP's range
                raise ValueError(f'{code} is no HTTP status; write a provider\'s code as "{code}"')
        return self

    def rows(self) -> tuple[tuple[Meaning, tuple[int | str, ...]], ...]:
        """List each meaning with its codes."""
        return (
            ("accepted", self.accepted),
            ("throttled", self.throttled),
            ("temporary", self.temporary),
            ("rejected", self.rejected),
            ("permanent", self.permanent),
        )

    def look_up(self, code: int | str) -> Meaning | None:
        """Return what a code was listed to mean, if it was."""
        return self._meanings.get(code)

    @cached_property
    def _meanings(self) -> dict[int | str, Meaning]:
        return {code: meaning for meaning, codes in self.rows() for code in codes}


class HttpSmsSettings(BaseRouteSettings):
    """A carrier that takes one text message with one HTTP request."""

    kind: Literal["http_sms"]

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return "sms"

    url: HttpUrl = Field(description="Where messages are submitted.", repr=False)
    method: Literal["POST", "PUT", "GET"] = Field(default="POST", description="HTTP method.")
    headers: dict[str, SecretStr] = Field(
        default={}, description="May hold {reference} and {idempotency_key}."
    )
    username: str | None = Field(default=None, description="For HTTP Basic authentication.")
    password: SecretStr | None = Field(default=None, description="For HTTP Basic authentication.")
    body_format: Literal["json", "form", "query"] = Field(
        default="json", description="How `body` travels: JSON, a form, or in the address."
    )
    body: dict[str, JsonValue] = Field(
        description="May hold {to} {text} {sender} {reference} {idempotency_key} {attempt} "
        "{callback_url}.",
        repr=False,
    )
    sender: str | None = Field(default=None, description="What {sender} stands for.")
    id_path: str | None = Field(
        default=None,
        description='Where the provider\'s id stands in a JSON answer, e.g. "messages.0.id".',
    )
    code_path: str | None = Field(
        default=None, description='Where the provider\'s own code stands, e.g. "error.code".'
    )
    codes: CodeTable = Field(default=CodeTable(), description="Which answers mean what.")
    callback_signature: CallbackSignature | None = Field(
        default=None, description="How the carrier signs what it calls back with."
    )
    receipt_fields: ReceiptFields | None = Field(
        default=None, description="Where in a callback what a receipt says stands."
    )
    inbound_fields: InboundFields | None = Field(
        default=None, description="Where in a callback a text of a recipient stands."
    )

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, template in headers.items():
            shown = template.get_secret_value()
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not (
                shown.isascii() and shown.isprintable()
            ):
                raise ValueError(f"{name!r} is no header that can be sent")
            _check_placeholders(shown, HEADER_PLACEHOLDERS)
        return headers

    @model_validator(mode="after")
    def _check_body(self) -> Self:
        if self.body_format != "json" and any(not _is_plain(part) for part in self.body.values()):
            raise ValueError(f"body holds texts and numbers only when sent as {self.body_format}")
        used = _check_placeholders(self.body, PLACEHOLDERS)
        for needed in ("to", "text"):
            if needed not in used:
                raise ValueError(f"body never says {{{needed}}}")
        if "sender" in used and self.sender is None:
            raise ValueError("body says {sender}, but no sender is set")
        return self

    @model_validator(mode="after")
    def _check_sign_in(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self

    @model_validator(mode="after")
    def _check_callbacks(self) -> Self:
        is_read = bool(self._fields())
        if self.receipt_secret is None:
            if is_read or self.callback_signature:
                raise ValueError("callbacks need a receipt_secret")
            return self
        if self.callback_signature is None:
            raise ValueError("with a receipt_secret a callback_signature is needed")
        if not is_read:
            raise ValueError("with a receipt_secret receipt_fields or inbound_fields are needed")
        reads_address = "query" in {fields.format for fields in self._fields()}
        if reads_address and self.callback_signature.signed != "url":
            raise ValueError('what comes as query is signed with the address: signed = "url"')
        if self.receipt_fields and not self._can_match(self.receipt_fields):
            raise ValueError(
                "receipt_fields: reference or provider_id is needed, or {callback_url} in the body"
            )
        return self

    def _fields(self) -> list[CallbackFields]:
        return [fields for fields in (self.receipt_fields, self.inbound_fields) if fields]

    def _can_match(self, fields: ReceiptFields) -> bool:
        """Tell whether a receipt can say which message it is about."""
        by_address = "callback_url" in find_placeholders(self.body)
        return by_address or bool(fields.reference or (fields.provider_id and self.id_path))


def _is_plain(part: JsonValue) -> bool:
    return isinstance(part, str | int | float) and not isinstance(part, bool)


def _check_placeholders(template: JsonValue, allowed: frozenset[str]) -> frozenset[str]:
    """A mistyped placeholder would go out to everybody as it stands: refuse it here."""
    used = find_placeholders(template)
    for name in sorted(used - allowed):
        raise ValueError(
            f"{{{name}}} is no placeholder here; there are {{{'} {'.join(sorted(allowed))}}}"
        )
    return used
