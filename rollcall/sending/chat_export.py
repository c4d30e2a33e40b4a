"""Export a conversation: its members, every answer they gave, and every post."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, Literal

from rollcall.clock import format_instant
from rollcall.domain.safe_csv import write_csv
from rollcall.ledger.chat_lists import PostRecord, read_posts
from rollcall.ledger.chat_members import (
    AnswerRecord,
    ChatMemberRecord,
    iterate_members,
    read_answers,
)
from rollcall.ledger.chats import ChatRecord
from rollcall.ledger.engine import Ledger
from rollcall.sending.chat_json import answer_to_json, chat_to_json, member_to_json, post_to_json

ExportFormat = Literal["csv", "json"]

CSV_COLUMNS: Final = (
    "record", "at", "person_id", "name", "email", "phone", "country", "need", "distance_km",
    "answer", "via", "weak_proof", "text",
)  # fmt: skip
"""`record` is `member`, `answer` or `post`; what a record does not have is empty."""


def export_chat(ledger: Ledger, chat: ChatRecord, file_format: ExportFormat) -> Iterator[str]:
    """Yield the text of an export in pieces; a CSV begins with a byte order mark, for Excel."""
    if file_format == "json":
        yield json.dumps(_gather(ledger, chat), ensure_ascii=False, indent=1) + "\n"
        return
    yield "\ufeff"
    yield from write_csv(_iterate_rows(ledger, chat))


def _gather(ledger: Ledger, chat: ChatRecord) -> dict[str, Any]:
    history: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in read_answers(ledger, chat.chat_id):
        history[one.person_id].append(answer_to_json(one))
    members = [
        member_to_json(one) | {"answers": history.get(one.person_id, [])}
        for one in iterate_members(ledger, chat)
    ]
    posts = [post_to_json(one) for one in read_posts(ledger, chat)]
    return chat_to_json(chat) | {"members": members, "posts": posts}


def _iterate_rows(ledger: Ledger, chat: ChatRecord) -> Iterator[list[str | float | None]]:
    yield list(CSV_COLUMNS)
    names: dict[str, str] = {}
    for member in iterate_members(ledger, chat):
        names[member.person_id] = member.name
        yield _row_of(_describe_member(member))
    for answer in read_answers(ledger, chat.chat_id):
        yield _row_of(_describe_answer(answer) | {"name": names.get(answer.person_id)})
    for post in read_posts(ledger, chat):
        yield _row_of(_describe_post(post))


def _row_of(told: dict[str, str | float | None]) -> list[str | float | None]:
    return [told.get(column) for column in CSV_COLUMNS]


def _describe_member(member: ChatMemberRecord) -> dict[str, str | float | None]:
    answered_at, distance_km = member.answered_at, member.distance_km
    return {
        "record": "member",
        "at": format_instant(answered_at) if answered_at else None,
        "person_id": member.person_id,
        "name": member.name,
        "email": member.email,
        "phone": member.phone,
        "country": member.country,
        "need": member.need,
        "distance_km": None if distance_km is None else round(distance_km, 1),
        "answer": member.answer,
        "via": member.answered_via,
        "weak_proof": _tell(is_weak=member.is_weak_proof) if member.answered_via else None,
    }


def _describe_answer(answer: AnswerRecord) -> dict[str, str | float | None]:
    return {
        "record": "answer",
        "at": format_instant(answer.answered_at),
        "person_id": answer.person_id,
        "answer": answer.answer,
        "via": answer.via,
        "weak_proof": _tell(is_weak=answer.is_weak_proof),
    }


def _describe_post(post: PostRecord) -> dict[str, str | float | None]:
    return {
        "record": "post",
        "at": format_instant(post.written_at),
        "person_id": post.person_id,
        "name": post.name,
        "via": post.via,
        "text": post.text,
    }


def _tell(*, is_weak: bool) -> str:
    return "yes" if is_weak else "no"
