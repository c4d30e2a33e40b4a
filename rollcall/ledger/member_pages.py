"""What a personal link leads to, read for many members at once.

A link that is unknown, has expired, or whose chat is archived finds nobody, by the same query. What
others replied is not read where members are not to see it, so that nothing of it, not even how long
it takes to look for it, can be seen.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from rollcall.domain.chats import Answer, ChatKind
from rollcall.ledger.chat_tables import Chat, ChatMember
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import gather_rows, in_list, write_list
from rollcall.ledger.page_posts import (
    PAGE_POSTS,
    PagePost,
    PostReader,
    Reader,
    read_older,
    read_written,
)
from rollcall.ledger.tables import AudienceMember, Message, UtcDateTime

_MOST_TITLES: Final = 1_000
"""Chats whose translated titles are kept in memory."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What somebody asks for who has a link.

    Attributes:
        token_digest: Of their token.
        skip: How many of the newest posts to leave out.
        with_posts: Whether posts are wanted at all.
    """

    token_digest: str
    skip: int = 0
    with_posts: bool = True


@dataclass(frozen=True, slots=True)
class MemberPage:
    """What one member may see of a conversation.

    `country` is where they were when the audience was frozen; `version` changes with what they
    see; `posts` are the newest that were asked for, oldest first; `has_older`: there are more
    before them.
    """

    token_digest: str
    chat_id: str
    kind: ChatKind
    title: str
    titles: Mapping[str, str]
    chat_language: str | None
    ok_request: bool
    members_see_replies: bool
    opened_at: datetime
    person_id: str
    name: str
    language: str | None
    country: str | None
    home_country: str | None
    answer: Answer
    answered_at: datetime | None
    version: str
    posts: tuple[PagePost, ...]
    has_older: bool


class _MemberRow(NamedTuple):
    """A row of `_MEMBERS`."""

    token_digest: str
    chat_id: str
    message_id: str
    kind: ChatKind
    title: str
    chat_language: str | None
    ok_request: int
    members_see_replies: int
    opened_at: str
    person_id: str
    name: str
    language: str | None
    country: str | None
    home_country: str | None
    answer: Answer
    answered_at: str | None
    chat_version: int
    member_version: int

    @property
    def reader(self) -> Reader:
        sees = bool(self.members_see_replies)
        return Reader(self.chat_id, self.message_id, self.person_id, self.chat_version, sees)


_MEMBERS = gather_rows(
    select(
        ChatMember.token_digest,
        Chat.chat_id,
        Chat.message_id,
        Chat.kind,
        Chat.title,
        Chat.language.label("chat_language"),
        Chat.ok_request,
        Chat.members_see_replies,
        Chat.opened_at,
        ChatMember.person_id,
        AudienceMember.name,
        AudienceMember.language,
        AudienceMember.position["country"].as_string().label("country"),
        AudienceMember.home_country,
        ChatMember.answer,
        ChatMember.answered_at,
        Chat.version.label("chat_version"),
        ChatMember.version.label("member_version"),
    )
    .join(Chat, Chat.chat_id == ChatMember.chat_id)
    .join(
        AudienceMember,
        (AudienceMember.message_id == ChatMember.message_id)
        & (AudienceMember.person_id == ChatMember.person_id),
    )
    .where(
        in_list(ChatMember.token_digest, "digests"),
        ChatMember.token_digest.is_not(None),  # so that its partial index is used
        Chat.archived_at.is_(None),
        Chat.links_expire_at > bindparam("now", type_=UtcDateTime()),
    )
)


class MemberPages:
    """Reads what members see; for one thread at a time.

    Args:
        ledger: Where from.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._posts = PostReader()
        self._titles: OrderedDict[str, dict[str, str]] = OrderedDict()

    def read(self, asked: Sequence[PageRequest], now: datetime) -> list[MemberPage | None]:
        """Return what each link leads to, None where it leads nowhere; in one transaction.

        Raises:
            LedgerError: The ledger does not answer.
        """
        digests = write_list(sorted({one.token_digest for one in asked}))
        with self._ledger.read() as connection:
            listed = connection.execute(_MEMBERS, {"digests": digests, "now": now}).scalar_one()
            found = {row[0]: _MemberRow(*row) for row in listed}
            posts = self._read_posts(connection, asked, found)
            return [
                self._make_page(connection, found[one.token_digest], posts.get(one))
                if one.token_digest in found
                else None
                for one in asked
            ]

    def _read_posts(
        self,
        connection: Connection,
        asked: Sequence[PageRequest],
        found: Mapping[str, _MemberRow],
    ) -> dict[PageRequest, list[PagePost]]:
        """Return the posts of each request that wants some, the newest first, and one more."""
        wanted = {
            one: found[one.token_digest].reader
            for one in asked
            if one.with_posts and one.token_digest in found
        }
        newest_for = [reader for one, reader in wanted.items() if not one.skip]
        newest = self._posts.read_newest(connection, newest_for) if newest_for else {}
        return {
            one: read_older(connection, reader, one.skip) if one.skip else newest[reader]
            for one, reader in wanted.items()
        }

    def _make_page(
        self, connection: Connection, row: _MemberRow, posts: list[PagePost] | None
    ) -> MemberPage:
        newest = posts or []
        return MemberPage(
            token_digest=row.token_digest,
            chat_id=row.chat_id,
            kind=row.kind,
            title=row.title,
            titles=self._read_titles(connection, row.message_id),
            chat_language=row.chat_language,
            ok_request=bool(row.ok_request),
            members_see_replies=bool(row.members_see_replies),
            opened_at=read_written(row.opened_at),
            person_id=row.person_id,
            name=row.name,
            language=row.language,
            country=row.country,
            home_country=row.home_country,
            answer=row.answer,
            answered_at=read_written(row.answered_at) if row.answered_at else None,
            version=f"{row.chat_version}-{row.member_version}",
            posts=tuple(reversed(newest[:PAGE_POSTS])),
            has_older=len(newest) > PAGE_POSTS,
        )

    def _read_titles(self, connection: Connection, message_id: str) -> Mapping[str, str]:
        """Return a chat's title in other languages: it never changes, and is read once."""
        if message_id not in self._titles:
            query = select(Message.request).where(Message.message_id == message_id)
            request = connection.execute(query).scalar_one()
            translations = request["content"].get("translations") or {}
            self._titles[message_id] = {tag: one["subject"] for tag, one in translations.items()}
            if len(self._titles) > _MOST_TITLES:
                self._titles.popitem(last=False)
        return self._titles[message_id]
