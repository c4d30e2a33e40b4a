"""What personal links are made of: a key that lies beside the ledger, and the portal's address."""

import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from rollcall.domain.personal_links import PersonalLinks, placeholder_link
from rollcall.errors import ConfigError
from rollcall.sending.key_file import read_or_make

KEY_BYTES: Final = 32


@dataclass(frozen=True)
class LinkKey:
    """The key of personal links, read when one is first needed.

    Attributes:
        base_url: Where recipients reach the portal, without a slash at the end; may be empty.
        path: Where the key lies; made when there is none.
        given: The key as hexadecimal digits, for an installation of several machines.
    """

    base_url: str
    path: Path
    given: str = ""

    @cached_property
    def key(self) -> bytes:
        """Return the key.

        Raises:
            ConfigError: It is none, or cannot be read or written.
        """
        told = self.given or read_or_make(
            self.path, lambda: secrets.token_hex(KEY_BYTES), "the key of personal links"
        )
        try:
            key = bytes.fromhex(told)
        except ValueError:
            key = b""
        if len(key) < KEY_BYTES:
            where = "ROLLCALL_PORTAL_KEY" if self.given else str(self.path)
            raise ConfigError(f"{where} must be at least {2 * KEY_BYTES} hexadecimal digits")
        return key

    def require_address(self) -> None:
        """Make sure that links can be written.

        Raises:
            ConfigError: Nobody knows where they would lead, or the key cannot be had.
        """
        if not self.base_url:
            raise ConfigError("ROLLCALL_PUBLIC_URL is not set: personal links must lead somewhere")
        _ = self.key

    def placeholder(self) -> str:
        """Return what stands for a link in rendered texts."""
        return placeholder_link(self.base_url)

    def of_chat(self, chat_id: str) -> PersonalLinks:
        """Return what writes the links of one conversation."""
        return PersonalLinks(self.key, self.base_url, chat_id)
