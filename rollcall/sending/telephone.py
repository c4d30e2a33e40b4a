"""What administrators do for a member on the telephone: take their answer, read out their link."""

from datetime import datetime

from rollcall.clock import format_instant
from rollcall.domain.chats import Answer
from rollcall.errors import InputError, RequestError
from rollcall.ledger.chat_members import MemberDigest, load_answer, load_digest
from rollcall.ledger.chats import load_open_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewAnswer, Recorded, entry_id, record_entries
from rollcall.sending.link_check import require_key
from rollcall.sending.link_key import LinkKey


def record_told_answer(
    ledger: Ledger, chat_id: str, person_id: str, answer: Answer, key: str, now: datetime
) -> Recorded:
    """Record what a member told an administrator; the same key twice is one answer.

    Returns:
        Whether it is `recorded` now, or `known` from before.

    Raises:
        InputError: There is no such conversation or member, or it is archived.
        RequestError: The key stands for another answer.
    """
    new = NewAnswer(chat_id, person_id, answer, "administrator", key)
    [recorded] = record_entries(ledger, [new], now)
    if recorded == "closed":
        load_open_chat(ledger, chat_id)
        load_digest(ledger, chat_id, person_id)
    if recorded == "known" and load_answer(ledger, entry_id(new)) != answer:
        raise RequestError(f"key {key!r} already stands for another answer of {person_id}")
    return recorded


def find_personal_link(
    ledger: Ledger, links: LinkKey, chat_id: str, person_id: str, now: datetime
) -> str:
    """Return a member's personal link, once it is certain that it works: it is a secret.

    Raises:
        InputError: There is no such conversation or member, or its links are dead.
        ConfigError: Links lead nowhere, or were made of another key.
    """
    links.require_address()
    chat = load_open_chat(ledger, chat_id)
    digest = load_digest(ledger, chat_id, person_id)
    if chat.links_expire_at <= now:
        expired_at = format_instant(chat.links_expire_at.replace(microsecond=0))
        raise InputError(f"the personal links of chat {chat_id} expired at {expired_at}")
    if digest is None:
        raise InputError(f"the personal link of {person_id!r} in chat {chat_id} is dead")
    require_key(links, MemberDigest(chat_id, person_id, digest))
    return links.of_chat(chat_id).link_of(person_id)
