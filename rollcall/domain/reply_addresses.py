"""The addresses that answers to emails go to: one of each member's own.

`reply+aaaqeayeaudaocajbifqydiob4@example.org`: the token in it is that of the use `reply`, spelled
in letters that survive a mail server which makes all of an address small.
"""

import base64
import re
from typing import Final

TOKEN_FIELD: Final = "{token}"  # noqa: S105 - where one goes, not one
"""Where the token stands in the template of an address."""

REPLY_TEMPLATE: Final = r"^[A-Za-z0-9._=-]{1,37}\+\{token\}@[A-Za-z0-9.-]+$"
"""How a template looks: `reply+{token}@example.org`; a local part has at most 64 characters."""

_SPELLED: Final = "([a-z2-7]{26})"


def write_reply_address(template: str, token: str) -> str:
    """Return a member's address.

    Args:
        template: As `REPLY_TEMPLATE` says.
        token: As `derive_token` returned it.
    """
    octets = base64.urlsafe_b64decode(f"{token}==")
    spelled = base64.b32encode(octets).decode().rstrip("=").lower()
    return template.replace(TOKEN_FIELD, spelled)


def find_reply_tokens(template: str, header: str) -> set[str]:
    """Return the tokens of all such addresses in a header, as `derive_token` spells them.

    Args:
        template: As `REPLY_TEMPLATE` says.
        header: Any text.
    """
    before, after = template.split(TOKEN_FIELD)
    pattern = rf"(?<![A-Za-z0-9._=+-]){re.escape(before)}{_SPELLED}{re.escape(after)}(?![\w.-])"
    found = re.findall(pattern, header, re.IGNORECASE)
    return set(filter(None, map(_read, found)))


def _read(spelled: str) -> str | None:
    """Return the token; None where the last letter stands for bits that no token has."""
    octets = base64.b32decode(f"{spelled.upper()}======")
    is_whole = base64.b32encode(octets).decode().rstrip("=") == spelled.upper()
    return base64.urlsafe_b64encode(octets).decode().rstrip("=") if is_whole else None
