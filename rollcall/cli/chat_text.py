"""Conversations as people read them on a terminal."""

from collections.abc import Sequence
from typing import Any

from rollcall.cli.moments import show_instant
from rollcall.cli.output import console, make_cell, new_table
from rollcall.clock import parse_instant
from rollcall.ledger.chat_lists import ChatEntry
from rollcall.ledger.chat_members import ChatMemberRecord

_KINDS = {"chat": "chat", "one_way": "one-way"}


def print_chats(entries: Sequence[ChatEntry], *, archived: bool) -> None:
    """Print a list of conversations, one line each."""
    table = new_table("chat", "opened", "kind", "members", "OK", "help", "no answer", "title")
    for one in entries:
        counts = [str(one.answers[answer]) for answer in ("ok", "needs_help", "none")]
        told = (show_instant(one.chat.opened_at), _KINDS[one.chat.kind], str(one.member_count))
        table.add_row(*map(make_cell, (one.chat.chat_id, *told, *counts, one.chat.title)))
    console.print(table if entries else f"no {'archived' if archived else 'ongoing'} chats")


def print_chat(told: dict[str, Any]) -> None:
    """Print all of a conversation but its members, as `describe_whole` tells it."""
    heading = make_cell(f"{told['chat_id']}  {told['state']}  {told['title']}")
    console.print(heading, soft_wrap=True)
    console.print(_tell_terms(told), markup=False, soft_wrap=True)
    print_needs(told["needs"])
    for channel, counts in told["deliveries"].items():
        console.print(f"{channel:<14} {_tell_counts(counts)}", markup=False)
    messages = new_table("message", "accepted", "kind", "state", "reason")
    for one in told["messages"]:
        cells = (one["message_id"], _to_second(one["accepted_at"]), one["kind"], one["state"])
        messages.add_row(*map(make_cell, (*cells, one["reason"])))
    console.print(messages)
    for post in told["posts"]:
        _print_post(post)


def print_needs(needs: dict[Any, int]) -> None:
    """Print how many members need what."""
    console.print(f"{'members':<14} {sum(needs.values())}: {_tell_counts(needs)}", markup=False)


def print_members(members: Sequence[ChatMemberRecord]) -> None:
    """Print members, one line each."""
    table = new_table("id", "need", "name", "phone", "km", "answered", "how", "invitation")
    for one in members:
        distance = None if one.distance_km is None else f"{one.distance_km:,.0f}"
        how = f"{one.answered_via} (weak proof)" if one.is_weak_proof else one.answered_via
        invitation = ", ".join(
            f"{channel} {status.replace('_', ' ')}" for channel, status in one.deliveries.items()
        )
        cells = (one.person_id, one.need.replace("_", " "), one.name, one.phone, distance)
        last = (show_instant(one.answered_at), how, invitation)
        table.add_row(*map(make_cell, (*cells, *last)))
    console.print(table if members else "no members")


def _print_post(post: dict[str, Any]) -> None:
    who = post["name"] or post["person_id"] or "administrator"
    via = "" if post["person_id"] is None else f", by {post['via']}"
    console.print()
    console.print(make_cell(f"{_to_second(post['written_at'])}  {who}{via}"), soft_wrap=True)
    for line in post["text"].splitlines() or [""]:
        console.print(make_cell(line) if line else "", soft_wrap=True)


def _tell_terms(told: dict[str, Any]) -> str:
    asks = 'asks "Are you OK?"' if told["ok_request"] else 'does not ask "Are you OK?"'
    if told["kind"] == "one_way":
        return f"the page of a one-way message; {asks}"
    sees = "see each other's replies" if told["members_see_replies"] else "see only your posts"
    ends = f"archived {_to_second(told['archived_at'])}" if told["archived_at"] else "ongoing"
    until = _to_second(told["links_expire_at"])
    return f"{ends}; {asks}; members {sees}; links work until {until}"


def _tell_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())


def _to_second(written: str) -> str | None:
    return show_instant(parse_instant(written))
