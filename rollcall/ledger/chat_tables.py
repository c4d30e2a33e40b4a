"""The ledger's tables of conversations: who is in one, what they answered, what was written.

Answers and posts are facts, appended and never changed. What a member's answers amount to stands
beside them in `chat_members`, so that it can be counted and listed by index.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from rollcall.ledger.tables import Base, lean_index


class Chat(Base):
    """One row per conversation, recorded with the message whose texts lead to it.

    `kind`: `chat`, or `one_way`: the page of a one-way message that asks "Are you OK?", on which
    nobody writes. `version` changes with whatever every member sees. `archived_at` ends it for
    its members, `links_expire_at` only their personal links. `near_…` is where it happened.
    """

    __tablename__ = "chats"

    chat_id: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.message_id"), unique=True)
    kind: Mapped[str]
    title: Mapped[str]
    language: Mapped[str | None]
    ok_request: Mapped[bool]
    members_see_replies: Mapped[bool]
    near_latitude: Mapped[float | None]
    near_longitude: Mapped[float | None]
    ladder: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    opened_at: Mapped[datetime] = mapped_column(index=True)
    links_expire_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    version: Mapped[int]


class ChatMember(Base):
    """One row per member, frozen with the audience of the chat's first message.

    `token_digest` finds them by their personal link, `reply_digest` by the address that they answer
    emails to; both are gone once neither is to work any more. `answer` is what `chat_answers`
    amount to. `version` changes with whatever only they see. `next_chase_at`: when they are
    reminded, if they have not answered by then. `phone` is the number that texts of theirs come
    from, E.164, until the archive. `distance_km` is how far they were from where it happened when
    it was opened, if both is known.
    """

    __tablename__ = "chat_members"
    __table_args__ = (
        ForeignKeyConstraint(
            ["message_id", "person_id"],
            ["audience_members.message_id", "audience_members.person_id"],
        ),
        lean_index("uq_chat_members_token", "token_digest", present="token_digest", unique=True),
        lean_index("uq_chat_members_reply", "reply_digest", present="reply_digest", unique=True),
        lean_index("ix_chat_members_chase", "next_chase_at", present="next_chase_at"),
        lean_index("ix_chat_members_phone", "phone", present="phone"),
        Index("ix_chat_members_person_id", "person_id"),
        Index("ix_chat_members_need", "chat_id", "answer", "distance_km", "person_id"),
    )

    chat_id: Mapped[str] = mapped_column(ForeignKey("chats.chat_id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str]
    token_digest: Mapped[str | None]
    reply_digest: Mapped[str | None]
    phone: Mapped[str | None]
    answer: Mapped[str]
    answered_at: Mapped[datetime | None]
    answered_via: Mapped[str | None]
    chase_count: Mapped[int]
    next_chase_at: Mapped[datetime | None]
    version: Mapped[int]
    distance_km: Mapped[float | None]


class ChatAnswer(Base):
    """One row per answer that a member gave; `answer_id` is derived, so that it counts once."""

    __tablename__ = "chat_answers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["chat_id", "person_id"], ["chat_members.chat_id", "chat_members.person_id"]
        ),
        Index("ix_chat_answers_member", "chat_id", "person_id"),
    )

    answer_id: Mapped[str] = mapped_column(primary_key=True)
    chat_id: Mapped[str]
    person_id: Mapped[str]
    answer: Mapped[str]
    via: Mapped[str]
    answered_at: Mapped[datetime]


class ChatPost(Base):
    """One row per entry in a chat; without a `person_id` an administrator wrote it.

    `translations`: the same in other languages, by BCP 47 tag; of members' replies there are none.
    """

    __tablename__ = "chat_posts"
    __table_args__ = (
        Index("ix_chat_posts_chat_id", "chat_id", "written_at"),
        Index("ix_chat_posts_person_id", "chat_id", "person_id", "written_at"),
    )

    post_id: Mapped[str] = mapped_column(primary_key=True)
    chat_id: Mapped[str] = mapped_column(ForeignKey("chats.chat_id"))
    person_id: Mapped[str | None]
    text: Mapped[str]
    translations: Mapped[dict[str, Any]]
    via: Mapped[str]
    written_at: Mapped[datetime]


class TakenText(Base):
    """One row per text or email that was taken as said in a conversation: a repeat of it is known.

    `text_id` is a digest of its provider's id. Without this a text that is handed over again would
    be read anew, for whichever conversation awaits an answer by then.
    """

    __tablename__ = "taken_texts"

    text_id: Mapped[str] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]


class CheckIn(Base):
    """One row per scheduled check-in: who is asked "Are you OK?", at which hours of their own.

    `asked_on` are the days of the week (0 is Monday), `asked_at` is `HH:MM` in each member's own
    time zone; `time_zone` is for those who have none. Every moment until `looked_until_at` has been
    looked at: whoever was due then has a round.
    """

    __tablename__ = "check_ins"

    check_in_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    folded_name: Mapped[str] = mapped_column(unique=True)
    request: Mapped[dict[str, Any]]
    source: Mapped[str]
    asked_at: Mapped[str]
    asked_on: Mapped[list[int]] = mapped_column(JSON)
    time_zone: Mapped[str]
    grace_min: Mapped[int]
    notify: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    looked_until_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class CheckInRound(Base):
    """One row per check-in, moment and time zone: the message that asked, and who was missing."""

    __tablename__ = "check_in_rounds"

    check_in_id: Mapped[str] = mapped_column(ForeignKey("check_ins.check_in_id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    time_zone: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str | None] = mapped_column(ForeignKey("messages.message_id"))
    closes_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    missed: Mapped[list[str]] = mapped_column(JSON)
