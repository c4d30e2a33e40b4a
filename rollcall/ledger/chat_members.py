"""The members of a conversation as administrators see them: by need, with what they answered."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, case, exists, not_, select

from rollcall.domain.chats import Answer, AnswerVia
from rollcall.domain.needs import WEAK_PROOF, MemberState, Need, find_need, sort_by_need
from rollcall.errors import InputError
from rollcall.ledger.chat_lists import is_reached
from rollcall.ledger.chat_tables import Chat, ChatAnswer, ChatMember
from rollcall.ledger.chats import ChatRecord
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import gather_rows, in_list, write_list
from rollcall.ledger.tables import AudienceMember, Delivery

PAGE_ROWS: Final = 1_000
"""Members whose details are read at once."""

_DIGESTS: Final = select(ChatMember.chat_id, ChatMember.person_id, ChatMember.token_digest).where(
    ChatMember.token_digest.is_not(None)
)

_ANSWER_OF: Final[dict[Need, Answer]] = {
    "needs_help": "needs_help", "not_reached": "none", "silent": "none", "ok": "ok",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChatMemberRecord:
    """One member as an administrator sees them.

    Attributes:
        person_id: Who.
        name: As known when the conversation was opened; email and phone likewise.
        need: What they need.
        distance_km: How far they were from where it happened; None where nobody knows.
        deliveries: What the invitation came to, by channel.
    """

    person_id: str
    name: str
    email: str | None
    phone: str | None
    language: str | None
    country: str | None
    need: Need
    distance_km: float | None
    answer: Answer
    answered_at: datetime | None
    answered_via: AnswerVia | None
    chase_count: int
    deliveries: dict[str, str]

    @property
    def is_weak_proof(self) -> bool:
        """Tell whether their answer came in a way that can be forged."""
        return self.answered_via in WEAK_PROOF


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One answer that a member gave, once."""

    person_id: str
    answer: Answer
    via: AnswerVia
    answered_at: datetime

    @property
    def is_weak_proof(self) -> bool:
        """Tell whether it came in a way that can be forged."""
        return self.via in WEAK_PROOF


@dataclass(frozen=True, slots=True)
class MemberDigest:
    """What is stored of the personal link of one member, while it works."""

    chat_id: str
    person_id: str
    token_digest: str


def iterate_members(
    ledger: Ledger,
    chat: ChatRecord,
    need: Need | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[ChatMemberRecord]:
    """Yield the members of a conversation by need, and within each by distance where it is known.

    Args:
        ledger: Where they are.
        chat: The conversation.
        need: Only those who need this.
        limit: At most so many; None: all.
        offset: How many to leave out before.
    """
    if need is not None and limit is not None:
        asked = _read_page(ledger, chat, need, limit, offset)
    else:
        until = None if limit is None else offset + limit
        ordered = sort_by_need(_read_first(ledger, chat, need, until))
        asked = ordered[offset:until]
    for start in range(0, len(asked), PAGE_ROWS):
        yield from read_details(ledger, chat, asked[start : start + PAGE_ROWS])


def find_some_digest(ledger: Ledger, chat_id: str) -> MemberDigest | None:
    """Return what is stored of one member's link, whoever it is; None where none works."""
    query = _DIGESTS.where(ChatMember.chat_id == chat_id).limit(1)
    with ledger.read() as connection:
        row = connection.execute(query).first()
    return MemberDigest(**row._asdict()) if row else None


def find_newest_digest(ledger: Ledger) -> MemberDigest | None:
    """Return such a one of the conversation opened last among those that are not archived."""
    has_links = exists().where(
        ChatMember.chat_id == Chat.chat_id, ChatMember.token_digest.is_not(None)
    )
    query = (
        select(Chat.chat_id)
        .where(Chat.archived_at.is_(None), has_links)
        .order_by(Chat.opened_at.desc(), Chat.chat_id)
    )
    with ledger.read() as connection:
        chat_id = connection.execute(query.limit(1)).scalar()
    return find_some_digest(ledger, chat_id) if chat_id else None


def read_answers(
    ledger: Ledger, chat_id: str, person_ids: Sequence[str] | None = None
) -> list[AnswerRecord]:
    """Return every answer that members of a conversation gave, oldest first.

    Args:
        ledger: Where they are.
        chat_id: The conversation.
        person_ids: Of these members; None: of all.
    """
    query = (
        select(ChatAnswer.person_id, ChatAnswer.answer, ChatAnswer.via, ChatAnswer.answered_at)
        .where(ChatAnswer.chat_id == chat_id)
        .order_by(ChatAnswer.answered_at, ChatAnswer.answer_id)
    )
    asked: dict[str, str] = {}
    if person_ids is not None:
        query = query.where(in_list(ChatAnswer.person_id, "people"))
        asked = {"people": write_list(person_ids)}
    with ledger.read() as connection:
        return [AnswerRecord(*row) for row in connection.execute(query, asked)]


def read_standing_answers(ledger: Ledger, chat_id: str) -> dict[str, AnswerRecord]:
    """Return the latest answer of every member who has one that stands, by `person_id`."""
    query = (
        select(
            ChatMember.person_id,
            ChatMember.answer,
            ChatMember.answered_via.label("via"),
            ChatMember.answered_at,
        )
        .where(ChatMember.chat_id == chat_id, ChatMember.answer != "none")
        .order_by(ChatMember.person_id)
    )
    with ledger.read() as connection:
        rows = connection.execute(query)
        return {row.person_id: AnswerRecord(**row._asdict()) for row in rows}


def load_digest(ledger: Ledger, chat_id: str, person_id: str) -> str | None:
    """Return the digest of a member's token; None once their link is dead.

    Raises:
        InputError: The conversation has no such member.
    """
    query = select(ChatMember.token_digest).where(
        ChatMember.chat_id == chat_id, ChatMember.person_id == person_id
    )
    with ledger.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise InputError(f"chat {chat_id} has no member {person_id!r}")
    digest: str | None = row.token_digest
    return digest


def load_answer(ledger: Ledger, answer_id: str) -> Answer | None:
    """Return what one recorded answer says; None where there is none."""
    query = select(ChatAnswer.answer).where(ChatAnswer.answer_id == answer_id)
    with ledger.read() as connection:
        answer: Any = connection.execute(query).scalar_one_or_none()
    told: Answer | None = answer
    return told


def _read_first(
    ledger: Ledger, chat: ChatRecord, need: Need | None, until: int | None
) -> list[MemberState]:
    """Read those whom a page can show: the first is often full of people who need help."""
    if need is None and until is not None:
        helped = _read_states(ledger, chat, "needs_help")
        if len(helped) >= until:
            return helped
    return _read_states(ledger, chat, need)


def _read_states(ledger: Ledger, chat: ChatRecord, need: Need | None) -> list[MemberState]:
    """Read what the order depends on, of all members."""
    query = select_states(chat)
    if need is not None:
        query = query.where(ChatMember.answer == _ANSWER_OF[need])
    with ledger.read() as connection:
        states = states_from(connection.execute(gather_rows(query)).scalar_one())
    return [one for one in states if need in (None, one.need)]


def _read_page(
    ledger: Ledger, chat: ChatRecord, need: Need, limit: int, offset: int
) -> list[MemberState]:
    """Read a page of those who need one thing, the nearest first.

    However many there are, no more is read than up to the end of the page: it is found by index.
    """
    query = select_states(chat).where(ChatMember.answer == _ANSWER_OF[need])
    if need in ("silent", "not_reached"):
        has_any = is_reached(chat)
        query = query.where(has_any if need == "silent" else not_(has_any))
    order = (ChatMember.distance_km.asc().nulls_last(), ChatMember.person_id)
    with ledger.read() as connection:
        page = query.order_by(*order).limit(limit).offset(offset)
        return states_from(connection.execute(page).all())


def select_states(chat: ChatRecord) -> Select[Any]:
    """Return the query for what `states_from` reads, of all members of a conversation."""
    return select(
        ChatMember.person_id,
        ChatMember.answer,
        case((ChatMember.answer != "none", 1), (is_reached(chat), 1), else_=0).label("reached"),
        ChatMember.distance_km,
    ).where(ChatMember.chat_id == chat.chat_id)


def states_from(rows: Iterable[Sequence[Any]]) -> list[MemberState]:
    """Return what members need, and how far they were, of rows of `select_states`."""
    return [
        MemberState(person_id, find_need(answer, is_reached=reached == 1), distance_km)
        for person_id, answer, reached, distance_km in rows
    ]


def read_details(
    ledger: Ledger, chat: ChatRecord, page: Sequence[MemberState]
) -> list[ChatMemberRecord]:
    """Return all there is to tell of some members, in their order; in two statements."""
    query = (
        select(
            ChatMember.person_id,
            AudienceMember.name,
            AudienceMember.email,
            AudienceMember.phone,
            AudienceMember.language,
            AudienceMember.position["country"].as_string().label("country"),
            ChatMember.answer,
            ChatMember.answered_at,
            ChatMember.answered_via,
            ChatMember.chase_count,
        )
        .join(AudienceMember, is_same_person())
        .where(ChatMember.chat_id == chat.chat_id, in_list(ChatMember.person_id, "people"))
    )
    deliveries = select(Delivery.person_id, Delivery.channel, Delivery.status).where(
        Delivery.message_id == chat.message_id, in_list(Delivery.person_id, "people")
    )
    listed = {"people": write_list([state.person_id for state in page])}
    statuses: dict[str, dict[str, str]] = defaultdict(dict)
    with ledger.read() as connection:
        for person_id, channel, status in connection.execute(deliveries, listed):
            statuses[person_id][channel] = status
        rows = {row.person_id: row._asdict() for row in connection.execute(query, listed)}
    return [_describe(rows[one.person_id], one, statuses[one.person_id]) for one in page]


def _describe(
    row: dict[str, Any], state: MemberState, deliveries: dict[str, str]
) -> ChatMemberRecord:
    """Make a record of a row, whose answer may be newer than what the order was made of."""
    need = find_need(row["answer"], is_reached=state.need != "not_reached")
    return ChatMemberRecord(**row, need=need, distance_km=state.distance_km, deliveries=deliveries)


def is_same_person() -> Any:
    """Tell, in a query, of a member and somebody of an audience whether they are the same."""
    return (AudienceMember.message_id == ChatMember.message_id) & (
        AudienceMember.person_id == ChatMember.person_id
    )
