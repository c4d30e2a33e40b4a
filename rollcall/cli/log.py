"""`rollcall log`: the messages, or everybody one of them was sent to."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from rollcall.cli.chat_text import print_needs
from rollcall.cli.output import Format, FormatOption, console, make_cell, new_table, print_json
from rollcall.clock import format_instant
from rollcall.domain.chats import chat_id_of
from rollcall.ledger.chat_lists import count_answers, count_needs
from rollcall.ledger.chat_members import AnswerRecord, read_standing_answers
from rollcall.ledger.chats import load_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import LogEntry, count_statuses, list_messages, read_log
from rollcall.ledger.messages import MessageRecord, load_message
from rollcall.ledger.migrate import require_current
from rollcall.sending.chat_json import answer_to_json
from rollcall.settings import load_settings
from rollcall.wiring import build_ledger


def show_log(
    message: Annotated[
        str | None, typer.Argument(help="Id of a message; without it, the latest messages.")
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show the message log: per recipient name, channel, route, tries and status."""
    ledger = build_ledger(load_settings())
    try:
        require_current(ledger)
        if message is None:
            _show_messages(ledger, output)
        else:
            _show_message(ledger, message, output)
    finally:
        ledger.close()


def print_entries(
    entries: list[LogEntry],
    title: str | None = None,
    answers: Mapping[str, AnswerRecord] | None = None,
) -> None:
    """Print the deliveries of a message, one line each; with what people answered, if asked."""
    answered = () if answers is None else ("answer",)
    columns = ("id", "name", "channel", "route", "tries", "status", "reason", *answered)
    table = new_table(*columns, title=title)
    leaders = {entry.delivery_id: entry.person_id for entry in entries}
    for entry in entries:
        status = entry.status.replace("_", " ")
        cells = (entry.person_id, entry.name, entry.channel, entry.route_id)
        last = [str(entry.attempt_count), status, _shown_reason(entry, leaders)]
        if answers is not None:
            last.append(_shown_answer(answers.get(entry.person_id)))
        table.add_row(*map(make_cell, (*cells, *last)))
    console.print(table)


def _shown_reason(entry: LogEntry, leaders: dict[str, str]) -> str | None:
    """Return the reason, and what is special; an accepted delivery by itself needs no reason."""
    told = [] if entry.status == "accepted" or not entry.reason else [entry.reason]
    if entry.is_opted_out and entry.status != "not_attempted":
        told.append("opted out, overridden")
    if entry.same_as is not None:
        told.append(f"one SMS with {leaders.get(entry.same_as, 'another')}: same number")
    return "; ".join(told) or None


def _shown_answer(answer: AnswerRecord | None) -> str | None:
    if answer is None:
        return None
    proof = " (weak proof)" if answer.is_weak_proof else ""
    return f"{answer.answer.replace('_', ' ')}, by {answer.via}{proof}"


def _show_messages(ledger: Ledger, output: Format) -> None:
    messages = list_messages(ledger)
    if output is Format.JSON:
        print_json([_message_to_json(ledger, one) for one in messages])
        return
    table = new_table("message", "accepted", "state", "follows", "subject", "deliveries")
    for one in messages:
        counts = count_statuses(ledger, one.message_id)
        told = "; ".join(
            f"{channel} {count} {status.replace('_', ' ')}"
            for channel, by_status in counts.items()
            for status, count in by_status.items()
        )
        accepted_at = format_instant(one.accepted_at.replace(microsecond=0))
        state = one.state if one.kind == "one_way" else f"{one.kind.replace('_', ' ')}, {one.state}"
        cells = (one.message_id, accepted_at, state, one.follows_message_id)
        table.add_row(*map(make_cell, (*cells, one.request["content"]["subject"], told)))
    console.print(table if messages else "no messages yet")


def _show_message(ledger: Ledger, message_id: str, output: Format) -> None:
    message = load_message(ledger, message_id)
    entries = read_log(ledger, message_id)
    answers = None
    if message.opens_conversation:
        answers = read_standing_answers(ledger, chat_id_of(message_id))
    if output is Format.JSON:
        told = _message_to_json(ledger, message)
        if answers is not None:
            told["answers"] = _answers_to_json(ledger, message_id, answers)
        print_json(told | {"deliveries": [_entry_to_json(entry) for entry in entries]})
        return
    _print_message(message)
    if answers is not None:
        print_needs(count_needs(ledger, load_chat(ledger, chat_id_of(message_id))))
    print_entries(entries, answers=answers)


def _print_message(message: MessageRecord) -> None:
    subject = message.request["content"]["subject"]
    console.print(f"{message.message_id}  {message.state}  {subject}", markup=False)
    if message.chat_id:
        console.print(f"{message.kind.replace('_', ' ')} of chat {message.chat_id}", markup=False)
    if message.follows_message_id:
        who = message.request["follow_up"]["who"].replace("_", " ")
        console.print(f"follows {message.follows_message_id}, to those {who}", markup=False)
    if message.erased_at:
        told = format_instant(message.erased_at.replace(microsecond=0))
        console.print(f"names, addresses and texts were removed by retention at {told}")
    if message.reason:
        console.print(f"reason: {message.reason}", markup=False)


def _answers_to_json(
    ledger: Ledger, message_id: str, answers: Mapping[str, AnswerRecord]
) -> dict[str, Any]:
    people = [{"person_id": one.person_id} | answer_to_json(one) for one in answers.values()]
    return {"counts": count_answers(ledger, chat_id_of(message_id)), "people": people}


def _message_to_json(ledger: Ledger, message: MessageRecord) -> dict[str, Any]:
    closed_at, stopped_at, erased_at = message.closed_at, message.stopped_at, message.erased_at
    return {
        "message_id": message.message_id,
        "kind": message.kind,
        "state": message.state,
        "reason": message.reason,
        "subject": message.request["content"]["subject"],
        "accepted_at": format_instant(message.accepted_at),
        "as_of": format_instant(message.as_of),
        "closed_at": format_instant(closed_at) if closed_at else None,
        "stopped_at": format_instant(stopped_at) if stopped_at else None,
        "removed_at": format_instant(erased_at) if erased_at else None,
        "follows": message.follows_message_id,
        "chat": message.chat_id,
        "source_version": message.source_version,
        "audience_digest": message.audience_digest,
        "counts": count_statuses(ledger, message.message_id),
    }


def _entry_to_json(entry: LogEntry) -> dict[str, Any]:
    due_at = entry.next_attempt_at
    return asdict(entry) | {"next_attempt_at": format_instant(due_at) if due_at else None}
