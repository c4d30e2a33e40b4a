"""Whether this process has the key that conversations were opened with: others make dead links."""

from rollcall.domain.personal_links import derive_token, digest_token
from rollcall.errors import ConfigError
from rollcall.ledger.chat_members import MemberDigest, find_newest_digest, find_some_digest
from rollcall.ledger.engine import Ledger
from rollcall.sending.link_key import LinkKey


def require_key_of(ledger: Ledger, links: LinkKey, chat_id: str) -> None:
    """Make sure that the links of a conversation were made of our key; its dead ones are no matter.

    Raises:
        ConfigError: They were made of another key, or ours cannot be had.
    """
    known = find_some_digest(ledger, chat_id)
    if known is not None:
        require_key(links, known)


def require_newest_key(ledger: Ledger, links: LinkKey) -> str | None:
    """Make sure of it for the conversation that was opened last of those that go on.

    Returns:
        Its id; None where there is none with links that work.

    Raises:
        ConfigError: As `require_key_of`.
    """
    known = find_newest_digest(ledger)
    if known is None:
        return None
    require_key(links, known)
    return known.chat_id


def require_key(links: LinkKey, known: MemberDigest) -> None:
    """Make sure that what is stored of a member's link is what we would store of it.

    Raises:
        ConfigError: As `require_key_of`.
    """
    derived = digest_token(derive_token(links.key, known.chat_id, known.person_id))
    if derived != known.token_digest:
        raise ConfigError(
            f"the personal links of chat {known.chat_id} were made of another key: put back the "
            "one it was opened with (ROLLCALL_PORTAL_KEY, or portal.key in the data folder), or "
            "archive the chat"
        )
