"""Take a person's name and addresses out of the texts of a message that is over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from re import Pattern
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, exists, not_, or_, select, update
from sqlalchemy.orm import aliased

from rollcall.domain.chats import chat_id_of
from rollcall.domain.removal import (
    ERASED,
    compile_terms,
    erase_terms,
    replace_person,
    rewrite_strings,
    spell_terms,
)
from rollcall.ledger.chat_tables import Chat, ChatPost
from rollcall.ledger.compaction import owe_compaction
from rollcall.ledger.engine import Ledger
from rollcall.ledger.holds import is_held
from rollcall.ledger.retention import CHUNK_TEXTS, done_messages
from rollcall.ledger.tables import Content, Delivery, Message, MessageFilter

_MOST_TERMS: Final = 30
"""Spellings that the database looks for itself; of somebody with more, all texts are read."""


@dataclass(frozen=True)
class ErasedPerson:
    """Somebody who is to be erased.

    Attributes:
        person_id: Who.
        pseudonym: The id that stands for them from then on.
        terms: Their names, addresses and numbers, as far as they are known.
    """

    person_id: str
    pseudonym: str
    terms: frozenset[str]

    @cached_property
    def pattern(self) -> Pattern[str] | None:
        """Return what finds them in texts."""
        return compile_terms(self.terms)

    def rewrite(self, text: str | None) -> str | None:
        """Return a text without them."""
        return None if text is None else erase_terms(text, self.pattern)

    def rewrite_request(self, request: Any) -> Any:
        """Return a request that neither names them nor means them by their id."""
        told = rewrite_strings(request, lambda text: erase_terms(text, self.pattern))
        return replace_person(told, self.person_id, self.pseudonym)


def may_change(connection: Connection, message_id: str, now: datetime) -> bool:
    """Tell whether a message is over and not held, and keep it so until the transaction ends."""
    mine = Message.message_id == message_id
    connection.execute(select(Message.message_id).where(mine).with_for_update()).one()
    is_free = select(Message.message_id).where(mine, done_messages(now), not_(is_held()))
    if connection.execute(is_free).first() is None:
        return False
    owe_compaction(connection)  # whoever asks this is about to take something away
    return True


def erase_texts(ledger: Ledger, who: ErasedPerson, message_id: str, now: datetime) -> bool:
    """Take somebody out of the texts of one message; safe to call twice.

    Returns:
        False where the message is not over, or is held, and holds them still.
    """
    own = _find_own_contents(ledger, who, message_id)
    naming = _find_contents_naming(ledger, who, message_id)
    for digests in _chunks(sorted(own | naming)):
        with ledger.write() as connection:
            if not may_change(connection, message_id, now):
                return False
            for row in connection.execute(_contents(message_id, digests)).all():
                _rewrite_content(connection, who, row, is_own=row.content_digest in own)
    return _erase_request(ledger, who, message_id, now)


def _erase_request(ledger: Ledger, who: ErasedPerson, message_id: str, now: datetime) -> bool:
    with ledger.write() as connection:
        query = select(Message.request, Message.reason).where(Message.message_id == message_id)
        row = connection.execute(query).one()
        request, reason = who.rewrite_request(row.request), who.rewrite(row.reason)
        is_named = (
            (request, reason) != (row.request, row.reason)
            or _filters(connection, who, message_id)
            or _posts(connection, who, message_id)
        )
        if not is_named:
            return True
        if not may_change(connection, message_id, now):
            return False
        told = update(Message).where(Message.message_id == message_id)
        connection.execute(told.values(request=request, reason=reason))
        _erase_filters(connection, who, message_id)
        _erase_chat(connection, who, message_id)
        return True


def _erase_filters(connection: Connection, who: ErasedPerson, message_id: str) -> None:
    for saved_filter_id, selection in _filters(connection, who, message_id).items():
        mine = and_(
            MessageFilter.message_id == message_id,
            MessageFilter.saved_filter_id == saved_filter_id,
        )
        connection.execute(update(MessageFilter).where(mine).values(selection=selection))


def _filters(connection: Connection, who: ErasedPerson, message_id: str) -> dict[str, Any]:
    """Return the dynamic filters of a message that mean somebody, as they are without them."""
    query = select(MessageFilter.saved_filter_id, MessageFilter.selection).where(
        MessageFilter.message_id == message_id
    )
    rewritten = (
        (saved_filter_id, selection, replace_person(selection, who.person_id, who.pseudonym))
        for saved_filter_id, selection in connection.execute(query)
    )
    return {one: told for one, selection, told in rewritten if told != selection}


def _erase_chat(connection: Connection, who: ErasedPerson, message_id: str) -> None:
    chat_id = chat_id_of(message_id)
    query = select(Chat.title, Chat.ladder).where(Chat.chat_id == chat_id)
    chat = connection.execute(query).one_or_none()
    if chat is None:
        return
    told = {"title": who.rewrite(chat.title), "ladder": who.rewrite_request(chat.ladder)}
    connection.execute(update(Chat).where(Chat.chat_id == chat_id).values(told))
    for post in _posts(connection, who, message_id):
        is_own = post.person_id == who.person_id
        text = ERASED if is_own else who.rewrite(post.text)
        author = who.pseudonym if is_own else post.person_id
        rewritten = {
            "text": text,
            "translations": {} if is_own else who.rewrite_request(post.translations),
            "person_id": author,
        }
        connection.execute(
            update(ChatPost).where(ChatPost.post_id == post.post_id).values(rewritten)
        )


def _posts(connection: Connection, who: ErasedPerson, message_id: str) -> list[Any]:
    """Return the posts that somebody wrote, or that name them."""
    query = select(
        ChatPost.post_id, ChatPost.person_id, ChatPost.text, ChatPost.translations
    ).where(ChatPost.chat_id == chat_id_of(message_id))
    return [
        one
        for one in connection.execute(query)
        if one.person_id == who.person_id
        or (who.rewrite(one.text), who.rewrite_request(one.translations))
        != (one.text, one.translations)
    ]


def _find_own_contents(ledger: Ledger, who: ErasedPerson, message_id: str) -> set[str]:
    """Return the texts that nobody else was sent: in them every word may tell of the person."""
    other = aliased(Delivery)
    is_shared = exists().where(
        other.message_id == message_id,
        other.content_digest == Delivery.content_digest,
        other.person_id != who.person_id,
    )
    query = select(Delivery.content_digest).where(
        Delivery.message_id == message_id,
        Delivery.person_id == who.person_id,
        Delivery.content_digest.is_not(None),
        not_(is_shared),
    )
    with ledger.read() as connection:
        return {one for one in connection.execute(query).scalars() if one}


def _find_contents_naming(ledger: Ledger, who: ErasedPerson, message_id: str) -> set[str]:
    spelled = spell_terms(who.terms)
    if not spelled:
        return set()
    query = select(Content.content_digest).where(Content.message_id == message_id)
    if len(spelled) <= _MOST_TERMS:
        query = query.where(or_(*(_holds(one) for one in spelled)))
    with ledger.read() as connection:
        return set(connection.execute(query).scalars())


def _holds(term: str) -> ColumnElement[bool]:
    columns = (Content.subject, Content.text, Content.html)
    return or_(*(one.icontains(term, autoescape=True) for one in columns))


def _contents(message_id: str, digests: list[str]) -> Any:
    return select(Content.__table__).where(
        Content.message_id == message_id, Content.content_digest.in_(digests)
    )


def _rewrite_content(connection: Connection, who: ErasedPerson, row: Any, *, is_own: bool) -> None:
    told: dict[str, Any] = {"subject": None, "text": ERASED, "html": None}
    if not is_own:
        told = {name: who.rewrite(getattr(row, name)) for name in told}
    mine = and_(Content.message_id == row.message_id, Content.content_digest == row.content_digest)
    connection.execute(update(Content).where(mine).values(told))


def _chunks(digests: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(digests), CHUNK_TEXTS):
        yield digests[start : start + CHUNK_TEXTS]
