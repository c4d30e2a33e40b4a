"""Conversations as programs get them (docs/contract.md)."""

from datetime import datetime
from typing import Any

from rollcall.clock import format_instant
from rollcall.ledger.chat_lists import (
    ChatEntry,
    PostRecord,
    count_needs,
    list_chat_messages,
    read_posts,
)
from rollcall.ledger.chat_members import AnswerRecord, ChatMemberRecord
from rollcall.ledger.chats import ChatRecord, near_of
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses


def chat_to_json(chat: ChatRecord) -> dict[str, Any]:
    """Return a conversation as such."""
    near = near_of(chat)
    return {
        "chat_id": chat.chat_id,
        "message_id": chat.message_id,
        "kind": chat.kind,
        "title": chat.title,
        "state": "archived" if chat.archived_at else "ongoing",
        "ok_request": chat.ok_request,
        "members_see_replies": chat.members_see_replies,
        "near": {"latitude": near[0], "longitude": near[1]} if near else None,
        "ladder": chat.ladder,
        "opened_at": format_instant(chat.opened_at),
        "links_expire_at": format_instant(chat.links_expire_at),
        "archived_at": _instant(chat.archived_at),
    }


def entry_to_json(entry: ChatEntry) -> dict[str, Any]:
    """Return a conversation of a list, with its counts."""
    counts = {"members": entry.member_count, "answers": entry.answers}
    return chat_to_json(entry.chat) | counts


def describe_whole(ledger: Ledger, chat: ChatRecord) -> dict[str, Any]:
    """Return all there is to tell of a conversation but for who its members are."""
    messages = list_chat_messages(ledger, chat.chat_id)
    return chat_to_json(chat) | {
        "needs": count_needs(ledger, chat),
        "deliveries": count_statuses(ledger, chat.message_id),
        "messages": [
            {
                "message_id": one.message_id,
                "kind": one.kind,
                "state": one.state,
                "reason": one.reason,
                "accepted_at": format_instant(one.accepted_at),
            }
            for one in messages
        ],
        "posts": [post_to_json(one) for one in read_posts(ledger, chat)],
    }


def post_to_json(post: PostRecord) -> dict[str, Any]:
    """Return a post; without a `person_id` an administrator wrote it."""
    return {
        "post_id": post.post_id,
        "person_id": post.person_id,
        "name": post.name,
        "text": post.text,
        "translations": post.translations,
        "via": post.via,
        "written_at": format_instant(post.written_at),
    }


def member_to_json(member: ChatMemberRecord) -> dict[str, Any]:
    """Return a member, with how and when they answered."""
    distance_km = member.distance_km
    return {
        "person_id": member.person_id,
        "name": member.name,
        "email": member.email,
        "phone": member.phone,
        "language": member.language,
        "country": member.country,
        "need": member.need,
        "distance_km": None if distance_km is None else round(distance_km, 1),
        "answer": member.answer,
        "answered_at": _instant(member.answered_at),
        "answered_via": member.answered_via,
        "weak_proof": member.is_weak_proof,
        "reminders": member.chase_count,
        "deliveries": member.deliveries,
    }


def answer_to_json(answer: AnswerRecord) -> dict[str, Any]:
    """Return one answer of a member's history."""
    return {
        "answer": answer.answer,
        "via": answer.via,
        "weak_proof": answer.is_weak_proof,
        "answered_at": format_instant(answer.answered_at),
    }


def _instant(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment else None
