"""Where bounces and answers come to: what may stand in a `[[mailbox]]` of `routes.toml`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from rollcall.routes.settings import StrictSettings


def _check_folder(name: str) -> str:
    if not name.isascii() or not name.isprintable():
        raise ValueError("should be the name as the server spells it, in ASCII (RFC 3501 §5.1.3)")
    return name


FolderName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_folder)]


class MailboxSettings(StrictSettings):
    """One mailbox on an IMAP server."""

    route: str = Field(description="The route whose bounces, or answers, come there: its id.")
    holds: Literal["bounces", "replies"] = Field(
        default="bounces",
        description="What is read there: bounces, by `rollcall bounces`, or answers, by `rollcall "
        "replies`.",
    )
    host: str = Field(min_length=1, description="Name or address of the IMAP server.")
    port: int = Field(
        default=993, ge=1, le=65535, description="993 for tls, 143 for starttls and none."
    )
    security: Literal["tls", "starttls", "none"] = Field(
        default="tls", description="How the connection is protected; never fallen back from."
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of authorities to trust instead of the system's; best absolute.",
    )
    username: str = Field(min_length=1, description="Who signs in.")
    password: SecretStr = Field(description="Their password.")
    folder: FolderName = Field(default="INBOX", description="Where they arrive.")
    processed_folder: FolderName | None = Field(
        default=None, description="Where what was recorded is moved; it must exist."
    )
    when_recorded: Literal["mark_seen", "delete"] = Field(
        default="mark_seen",
        description="What is done with a recorded mail that is not moved.",
    )
    batch_size: int = Field(
        default=100, ge=1, le=1000, description="Mails read before they are recorded."
    )
    answer_timeout_s: float = Field(
        default=30.0, gt=0, le=600, description="Seconds to wait for an answer."
    )

    @property
    def place(self) -> str:
        """Name the mailbox without anything secret, for logs and errors."""
        return f"{self.folder} on {self.host}"
