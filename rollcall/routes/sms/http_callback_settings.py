"""How a carrier that is addressed by configuration signs its callbacks, and what they hold."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from rollcall.domain.receipts import ReceiptState
from rollcall.routes.settings import StrictSettings

CallbackFormat = Literal["json", "form", "query"]


class CallbackSignature(StrictSettings):
    """How the carrier signs: HMAC-SHA256 in a header."""

    header: str = Field(pattern=r"^[A-Za-z0-9-]+$", description="The header that holds it.")
    secret: SecretStr = Field(min_length=8, description="The key, shared with the carrier.")
    encoding: Literal["hex", "base64"] = Field(default="hex", description="How it is written.")
    prefix: str = Field(default="", description='What stands before it, e.g. "sha256=".')
    signed: Literal["body", "url"] = Field(
        default="body", description="What it is made over; url: our address as it was called."
    )
    timestamp_header: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]+$",
        description="The header with the Unix time; signed with what follows it.",
    )
    timestamp_separator: str = Field(
        default=".", description="What stands between time and what follows."
    )


class StateWords(StrictSettings):
    """Which of the carrier's words mean what."""

    accepted: tuple[str, ...] = Field(default=(), description="It has it; the end is open.")
    delivered: tuple[str, ...] = Field(description="It arrived.")
    failed: tuple[str, ...] = Field(default=(), description="This try will never arrive.")
    permanent: tuple[str, ...] = Field(
        default=(), description="The same, and no route can reach this number."
    )

    @model_validator(mode="after")
    def _check_unambiguous(self) -> Self:
        listed = [*self.accepted, *self.delivered, *self.failed, *self.permanent]
        for word in listed:
            if listed.count(word) > 1:
                raise ValueError(f"{word!r} is listed twice")
        return self

    def look_up(self, word: str) -> ReceiptState | None:
        """Return what a word was listed to mean, if it was."""
        if word in self.permanent:
            return "failed"
        lists: tuple[tuple[ReceiptState, tuple[str, ...]], ...] = (
            ("accepted", self.accepted),
            ("delivered", self.delivered),
            ("failed", self.failed),
        )
        return next((state for state, words in lists if word in words), None)


class CallbackFields(StrictSettings):
    """Where things stand in a callback: paths such as `message.id`; in a form plain names."""

    format: CallbackFormat = Field(default="json", description="json, form, or query.")
    list_path: str | None = Field(
        default=None, description="JSON only: where several stand; paths begin within each."
    )

    @model_validator(mode="after")
    def _check_list(self) -> Self:
        if self.list_path is not None and self.format != "json":
            raise ValueError("list_path is for json only")
        return self


class ReceiptFields(CallbackFields):
    """Where in a callback the parts of a receipt stand."""

    state: str = Field(min_length=1, description="The state's word.")
    states: StateWords = Field(description="Which words mean what.")
    reference: str | None = Field(
        default=None, description="Our {attempt} or {reference}; else the address holds it."
    )
    provider_id: str | None = Field(default=None, description="The carrier's id, as in id_path.")
    code: str | None = Field(default=None, description="The carrier's or network's code.")
    permanent_codes: tuple[str, ...] = Field(
        default=(), description="Codes of a failure by which no route can reach this number."
    )
    occurred_at: str | None = Field(
        default=None, description="When: ISO 8601 with an offset, or Unix time (s or ms)."
    )


class InboundFields(CallbackFields):
    """Where in a callback the parts of a text that somebody sent us stand."""

    sender: str = Field(min_length=1, description="Their number.")
    receiver: str = Field(min_length=1, description="Our number.")
    text: str = Field(min_length=1, description="What they wrote.")
    provider_id: str | None = Field(default=None, description="The carrier's id for it.")
    sent_at: str | None = Field(
        default=None, description="When: ISO 8601 with an offset, or Unix time (s or ms)."
    )
