"""What Prefect shows of a run, as Markdown: counts, times and ids; nothing of any person."""

import re
from collections.abc import Iterable, Mapping, Sequence

from rollcall.domain.chats import chat_id_of
from rollcall.domain.preview.preview import Preview
from rollcall.domain.reach import REACHED
from rollcall.ledger.log import StatusCounts
from rollcall.ledger.pace import Pace
from rollcall.sending.steps import SendReport

MOST_COUNTRIES = 30
"""Countries of a preview that are listed one by one."""


def tell_progress(counts: StatusCounts) -> tuple[float, str]:
    """Return how far a message is, in percent, and in words.

    Args:
        counts: Its deliveries by channel and status (`count_statuses`); empty before they are
            recorded.
    """
    total = sum(sum(by_status.values()) for by_status in counts.values())
    if not total:
        return 0.0, "preparing: nothing is recorded yet"
    waiting = sum(by_status.get("waiting", 0) for by_status in counts.values())
    told = [f"{channel} {_count(by_status, REACHED):,}" for channel, by_status in counts.items()]
    done = total - waiting
    return round(100 * done / total, 1), f"{done:,} of {total:,} done; {', '.join(told)} taken over"


def tell_end(report: SendReport) -> str:
    """Say in one sentence what a message has come to."""
    total = sum(sum(by_status.values()) for by_status in report.counts.values())
    told = f"message {report.message_id}: {report.total(*REACHED):,} of {total:,} taken over"
    rest = {name: report.total(name) for name in ("waiting", "unconfirmed", "stopped")}
    rest["not_delivered"] = report.total("not_delivered")
    rest["not_attempted"] = report.total("not_attempted")
    left = [f"{count:,} {name.replace('_', ' ')}" for name, count in rest.items() if count]
    return ", ".join([told, *left])


def write_end(report: SendReport, pace: Pace, desk_url: str, *, is_chat: bool) -> str:
    """Return the note at the end of a send.

    Args:
        report: What it came to.
        pace: How quickly it went.
        desk_url: Where the dashboards are.
        is_chat: Whether it opened a conversation.
    """
    parts = [
        f"# Message {report.message_id}\n\n{tell_end(report)}.",
        _write_counts("Deliveries", "channel", report.counts),
        _write_pace(pace),
        _write_counts("Tries", "route", report.tries),
        f"Every recipient: [message log]({desk_url}/log?message={report.message_id}), "
        f"or `rollcall log {report.message_id}`.",
    ]
    if is_chat:
        chat_id = chat_id_of(report.message_id)
        parts.append(
            f"The answers: [chat]({desk_url}/chats?chat={chat_id}), "
            f"or `rollcall chat show {chat_id}`."
        )
    return "\n\n".join(parts)


def write_preview(preview: Preview) -> str:
    """Return the note of a preview: who is meant, in numbers, and the digest to insist on."""
    summary = preview.summary
    countries = list(summary.reach.by_country.items())
    ways = {way: f"{count:,}" for way, count in summary.reach.by_way.items()}
    parts = [
        f"# Preview: {summary.reach.people_count:,} people\n\nNothing was sent.",
        _table(("reachable by", "people"), [*ways.items(), ("nothing", f"{_no_way(preview):,}")]),
        _table(("country", "people"), [(one, f"{n:,}") for one, n in countries[:MOST_COUNTRIES]]),
        f"Facilities: {len(summary.facility_ids):,}, "
        f"of which {len(summary.silent_facility_ids):,} stand for nobody.",
        f"To send to exactly these people, fill in as *Only to those previewed*:\n\n"
        f"```\n{preview.digest}\n```",
    ]
    if (more := len(countries) - MOST_COUNTRIES) > 0:
        parts.insert(3, f"… and {more} more countries.")
    if preview.texts and preview.texts.opted_out_count:
        parts.insert(2, f"{preview.texts.opted_out_count:,} asked for no more SMS (STOP).")
    return "\n\n".join(parts)


def write_names(templates: Sequence[str], chats: Sequence[str], filters: Sequence[str]) -> str:
    """Return what an order may name of what administrators have saved.

    Groups are not told: their names stand in the source, and whatever a column holds by mistake.
    """
    told = {"Templates of messages": templates, "Templates of chats": chats}
    told["Dynamic filters"] = filters
    return "\n\n".join(
        f"## {title}\n\n" + ("\n".join(f"* {_literal(name)}" for name in names) or "None.")
        for title, names in told.items()
    )


def _literal(name: str) -> str:
    """Write a name so that Markdown shows it as it is."""
    return re.sub(r"([^\w\s])", r"\\\1", name)


def _no_way(preview: Preview) -> int:
    return len(preview.summary.no_way_ids)


def _write_counts(title: str, what: str, counts: StatusCounts) -> str:
    names = sorted({name for by_name in counts.values() for name in by_name})
    if not names:
        return f"## {title}\n\nNone."
    rows = [
        (group, *(f"{by_name.get(name, 0):,}" for name in names))
        for group, by_name in counts.items()
    ]
    return f"## {title}\n\n{_table((what, *(one.replace('_', ' ') for one in names)), rows)}"


def _write_pace(pace: Pace) -> str:
    rows = [("the first try", _seconds(pace.tried_s))]
    rows += [(f"{part} % taken over", _seconds(after)) for part, after in pace.taken_s.items()]
    return f"## Seconds since it was accepted\n\n{_table(('until', 's'), rows)}"


def _seconds(after: float | None) -> str:
    return "not reached" if after is None else f"{after:.1f}"


def _count(by_status: Mapping[str, int], names: Iterable[str]) -> int:
    return sum(by_status.get(name, 0) for name in names)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
