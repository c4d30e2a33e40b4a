"""The posts that one member may see, read for many members by few statements.

What everybody in a chat sees is kept in memory until the chat's version changes; what only one
member sees is read for all who ask at once. Others' replies are not read where they are not seen.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, union_all

from rollcall.ledger.chat_tables import ChatPost
from rollcall.ledger.lists import gather_rows, list_rows, write_list
from rollcall.ledger.tables import AudienceMember

PAGE_POSTS: Final = 30
"""Most posts on one page."""

_MOST_CHATS: Final = 200
"""Chats whose posts are kept in memory."""


@dataclass(frozen=True, slots=True)
class PagePost:
    """A post as it stands in the ledger.

    Attributes:
        post_id: Orders posts of one moment.
        person_id: Its writer, None: an administrator.
        name: The writer's.
        text: As it was written.
        translations: By BCP 47 tag.
        written_at: When.
    """

    post_id: str
    person_id: str | None
    name: str | None
    text: str
    translations: dict[str, str]
    written_at: datetime


class Reader(NamedTuple):
    """Who reads: a member, and what decides what they see."""

    chat_id: str
    message_id: str
    person_id: str
    chat_version: int
    members_see_replies: bool


def _newest(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the newest posts of a chat of which this is true."""
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
    """Return the query for one page of posts, the newest first, and one more."""
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


_OF_ALL = _page_of(_newest())
_OF_ADMINISTRATORS = _page_of(_newest(ChatPost.person_id.is_(None)))
_OF_ONE = _page_of(
    # two searches of an index: others' posts are not even passed over
    union_all(
        _newest(ChatPost.person_id.is_(None)), _newest(ChatPost.person_id == bindparam("person_id"))
    )
)


def _own_posts() -> Select[Any]:
    """Return the query for the newest posts of each member of a list."""
    readers = list_rows("readers", "chat_id", "person_id")
    newest = (ChatPost.written_at.desc(), ChatPost.post_id)
    place = func.row_number().over(
        partition_by=(ChatPost.chat_id, ChatPost.person_id), order_by=newest
    )
    ranked = (
        select(
            ChatPost.chat_id,
            ChatPost.person_id,
            ChatPost.post_id,
            ChatPost.text,
            ChatPost.written_at,
            place.label("place"),
        )
        .join(
            readers,
            (ChatPost.chat_id == readers.c.chat_id) & (ChatPost.person_id == readers.c.person_id),
        )
        .subquery("ranked")
    )
    columns = (one for one in ranked.c if one.name != "place")
    return gather_rows(select(*columns).where(ranked.c.place <= PAGE_POSTS + 1))


_OWN = _own_posts()


class PostReader:
    """Reads posts; for one thread at a time."""

    def __init__(self) -> None:
        self._shared: OrderedDict[str, tuple[int, list[PagePost]]] = OrderedDict()

    def read_newest(
        self, connection: Connection, readers: Iterable[Reader]
    ) -> dict[Reader, list[PagePost]]:
        """Return the newest posts that each may see, the newest first: a page, and one more."""
        wanted = set(readers)
        apart = sorted(one for one in wanted if not one.members_see_replies)
        own = _read_own(connection, apart) if apart else {}
        found = {}
        for one in wanted:
            posts = self._read_shared(connection, one) + own.get((one.chat_id, one.person_id), [])
            found[one] = sorted(posts, key=_newest_first)[: PAGE_POSTS + 1]
        return found

    def _read_shared(self, connection: Connection, reader: Reader) -> list[PagePost]:
        """Return the newest posts that all members of a chat see."""
        known = self._shared.get(reader.chat_id)
        if known and known[0] == reader.chat_version:
            return known[1]
        query = _OF_ALL if reader.members_see_replies else _OF_ADMINISTRATORS
        posts = _read(connection, query, reader, 0)
        self._shared[reader.chat_id] = reader.chat_version, posts
        if len(self._shared) > _MOST_CHATS:
            self._shared.popitem(last=False)
        return posts


def read_older(connection: Connection, reader: Reader, skip: int) -> list[PagePost]:
    """Return a page of posts that somebody may see, and one more, without the newest."""
    return _read(connection, _OF_ALL if reader.members_see_replies else _OF_ONE, reader, skip)


def _read(connection: Connection, query: Select[Any], reader: Reader, skip: int) -> list[PagePost]:
    wanted: dict[str, Any] = {
        "chat_id": reader.chat_id,
        "message_id": reader.message_id,
        "most": skip + PAGE_POSTS + 1,
        "skip": skip,
    }
    if query is _OF_ONE:
        wanted["person_id"] = reader.person_id
    rows = connection.execute(query, wanted)
    return [
        PagePost(one.post_id, one.person_id, one.name, one.text, one.translations, one.written_at)
        for one in rows
    ]


def _read_own(
    connection: Connection, readers: Sequence[Reader]
) -> dict[tuple[str, str], list[PagePost]]:
    """Return what these members wrote themselves, by chat and member."""
    listed = write_list((one.chat_id, one.person_id) for one in readers)
    own = defaultdict(list)
    for row in connection.execute(_OWN, {"readers": listed}).scalar_one():
        chat_id, person_id, post_id, text, written_at = row
        post = PagePost(post_id, person_id, None, text, {}, read_written(written_at))
        own[chat_id, person_id].append(post)
    return own


def read_written(told: str) -> datetime:
    """Return a moment as it stands in gathered rows: SQLite's is bare, and in UTC."""
    moment = datetime.fromisoformat(told)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _newest_first(post: PagePost) -> tuple[float, str]:
    return -post.written_at.timestamp(), post.post_id
