"""What a personal link leads to, read for many members at once.

A link that is unknown, has expired, or whose chat is archived finds nobody, by the same query. What
others replied is not read where members are not to see it, so that nothing of it, not even how long
it takes to look for it, can be seen.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select, union_all

from rollcall.domain.chats import Answer, ChatKind
from rollcall.ledger.chat_tables import Chat, ChatMember, ChatPost
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.tables import AudienceMember, Message, UtcDateTime

PAGE_POSTS: Final = 30
"""Most posts on one page."""

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
class PagePost:
    """A post as it stands in the ledger; `name` is its writer's, None: an administrator.

    Attributes:
        is_mine: Whether the member themselves wrote it.
        translations: By BCP 47 tag.
    """

    name: str | None
    is_mine: bool
    text: str
    translations: dict[str, str]
    written_at: datetime


@dataclass(frozen=True, slots=True)
class MemberPage:
    """What one member may see of a conversation.

    `country` is where they were when the audience was frozen; `posts` are the newest that were
    asked for, oldest first; `has_older`: there are more before them.
    """

    token_digest: str
    chat_id: str
    kind: ChatKind
    title: str
    titles: dict[str, str]
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
    posts: tuple[PagePost, ...] = ()
    has_older: bool = False


_MEMBERS = (
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


def _newest_posts(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the newest posts of a chat of which this is true, with their writers."""
    posts = (
        select(
            ChatPost.post_id,
            ChatPost.person_id,
            ChatPost.text,
            ChatPost.translations,
            ChatPost.written_at,
        )
        .where(ChatPost.chat_id == bindparam("chat_id"), *conditions)
        .order_by(ChatPost.written_at.desc(), ChatPost.post_id)
        .limit(bindparam("most"))
        .subquery()
    )
    return select(posts)


def _page_of(posts: Any) -> Select[Any]:
    """Return the query for one page of posts."""
    listed = posts.subquery("listed")
    return (
        select(listed, AudienceMember.name)
        .outerjoin(
            AudienceMember,
            (AudienceMember.message_id == bindparam("message_id"))
            & (AudienceMember.person_id == listed.c.person_id),
        )
        .order_by(listed.c.written_at.desc(), listed.c.post_id)
        .limit(PAGE_POSTS + 1)
        .offset(bindparam("skip"))
    )


_ALL_POSTS = _page_of(_newest_posts())
_OWN_POSTS = _page_of(
    # two searches of an index: others' posts are not even passed over
    union_all(
        _newest_posts(ChatPost.person_id.is_(None)),
        _newest_posts(ChatPost.person_id == bindparam("person_id")),
    )
)


class MemberPages:
    """Reads what members see; for one thread at a time.

    Args:
        ledger: Where from.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._titles: OrderedDict[str, dict[str, str]] = OrderedDict()

    def read(self, asked: Sequence[PageRequest], now: datetime) -> list[MemberPage | None]:
        """Return what each link leads to, None where it leads nowhere; in one transaction.

        Raises:
            LedgerError: The ledger does not answer.
        """
        digests = write_list(sorted({one.token_digest for one in asked}))
        with self._ledger.read() as connection:
            rows = connection.execute(_MEMBERS, {"digests": digests, "now": now}).all()
            found = {row.token_digest: row for row in rows}
            return [
                self._make_page(connection, found[one.token_digest], one)
                if one.token_digest in found
                else None
                for one in asked
            ]

    def _make_page(self, connection: Connection, row: Row[Any], asked: PageRequest) -> MemberPage:
        told = row._asdict()
        message_id = told.pop("message_id")
        told["version"] = f"{told.pop('chat_version')}-{told.pop('member_version')}"
        titles = self._read_titles(connection, message_id)
        posts: list[PagePost] = []
        if asked.with_posts:
            posts = _read_posts(connection, row, asked.skip)
        shown = tuple(reversed(posts[:PAGE_POSTS]))
        return MemberPage(**told, titles=titles, posts=shown, has_older=len(posts) > PAGE_POSTS)

    def _read_titles(self, connection: Connection, message_id: str) -> dict[str, str]:
        """Return a chat's title in other languages: it never changes, and is read once."""
        if message_id not in self._titles:
            query = select(Message.request).where(Message.message_id == message_id)
            request = connection.execute(query).scalar_one()
            translations = request["content"].get("translations") or {}
            self._titles[message_id] = {tag: one["subject"] for tag, one in translations.items()}
            if len(self._titles) > _MOST_TITLES:
                self._titles.popitem(last=False)
        return self._titles[message_id]


def _read_posts(connection: Connection, row: Row[Any], skip: int) -> list[PagePost]:
    wanted = {
        "chat_id": row.chat_id,
        "message_id": row.message_id,
        "most": skip + PAGE_POSTS + 1,
        "skip": skip,
    }
    query = _ALL_POSTS
    if not row.members_see_replies:
        query = _OWN_POSTS
        wanted["person_id"] = row.person_id
    return [
        PagePost(
            one.name, one.person_id == row.person_id, one.text, one.translations, one.written_at
        )
        for one in connection.execute(query, wanted)
    ]
