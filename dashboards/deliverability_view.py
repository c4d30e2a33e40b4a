"""What tries came to as tables, charts beside them, and lines for a spreadsheet."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

import streamlit as st

from dashboards.moments import tell_duration
from dashboards.queries.deliverability import Deliverability
from dashboards.tables import show_table
from dashboards.texts import as_html, one_line
from dashboards.words import CHANNEL_WORDS, OUTCOME_WORDS
from rollcall.domain.deliverability import FailureReason, Line
from rollcall.domain.safe_csv import write_csv

SHARES_PCT: Final = (50, 90)
CHARTED_COUNT: Final = 15
"""Routes or countries in a chart; the table beside it has them all."""

REASONS_SHOWN: Final = 15

CAME_TO: Final[dict[str, tuple[str, Callable[[Line], int]]]] = {
    "reached the telephone": ("#1b7f3b", lambda one: one.sums.handset_count),
    "reached the network": ("#7ac28b", lambda one: one.sums.carrier_count),
    "taken over only": ("#5b8fd6", lambda one: one.silent_count),
    "receipt still awaited": ("#b9cdea", lambda one: one.sums.awaited_count),
    "receipt never came": ("#e0a100", lambda one: one.never_came_count),
    "answer lost": ("#9a6fb0", lambda one: one.sums.unknown_count),
    "not delivered": ("#c0392b", lambda one: one.sums.failed_count),
}
"""Every try is in one of them, with its colour in charts."""

FAILURE_WORDS: Final[dict[str, str]] = OUTCOME_WORDS | {
    "receipt_failed": "a receipt says that it did not arrive",
    "receipt_permanent": "a receipt says that this recipient cannot be reached",
    "receipt_missing": "the provider never had it",
    "other": "other reasons",
}

_MAIL_CODES: Final[dict[str, str]] = {
    "5.1.1": "there is no such mailbox",
    "5.1.2": "there is no such domain",
    "5.1.3": "the address is malformed",
    "5.1.6": "the mailbox has moved",
    "5.1.10": "the domain takes no mail",
    "5.2.1": "the mailbox is disabled",
    "4.2.2": "the mailbox is full",
    "5.2.2": "the mailbox is full",
    "5.4.1": "the mail server of the recipient does not answer",
    "5.7.1": "we may not send there",
}
"""Enhanced status codes of mail servers (RFC 3463, RFC 7505), which mean the same everywhere."""

_DASH: Final = as_html(None)


def show_lines(what: str, lines: Sequence[tuple[str, Line]]) -> None:
    """Show a table of lines, the same columns for all; what nothing came to has none.

    Args:
        what: What heads a line, as "Route".
        lines: Each with its name, plain text.
    """
    seen = [name for name, (_, count) in CAME_TO.items() if any(count(one) for _, one in lines)]
    columns = ("tries", "taken over", "arrived", *seen, *(f"{one} % within" for one in SHARES_PCT))
    has_cost = any(one.sums.segment_count for _, one in lines)
    columns += ("cost",) if has_cost else ()
    rows = ((as_html(name), *_cells(one, seen, has_cost=has_cost)) for name, one in lines)
    numbers = [one for one in columns if one != "cost"]  # which may say more than a number
    show_table((what, *columns), rows, numbers=numbers)


def show_chart(what: str, lines: Sequence[tuple[str, Line]], *, is_level: bool = True) -> None:
    """Show as bars what tries came to; the table of the same lines says it in numbers.

    Args:
        what: What a bar is of, as "Route".
        lines: Each with its name, in the order of the bars.
        is_level: Bars lie, with their names beside them.
    """
    seen = [name for name, (_, count) in CAME_TO.items() if any(count(one) for _, one in lines)]
    bars: dict[str, list[str] | list[int]] = {what: [one_line(name) for name, _ in lines]}
    bars |= {name: [CAME_TO[name][1](one) for _, one in lines] for name in seen}
    st.bar_chart(
        bars,
        x=what,
        y=seen,
        y_label="tries",
        color=[CAME_TO[name][0] for name in seen],
        horizontal=is_level,
        sort=False,
        alt=f"What tries came to, by {what.lower()}; the table below has the numbers",
    )


def show_reasons(found: Deliverability) -> None:
    """Show why tries failed, the most frequent first."""
    counted = Counter(
        {
            (route_id, reason): count
            for route_id, line in found.by_route()
            for reason, count in line.sums.reasons.items()
        }
    )
    if not counted:
        return
    st.header("Why tries failed")
    rows = (
        (as_html(route_id), as_html(tell_reason(reason)), as_html(reason.code), f"{count:,}")
        for (route_id, reason), count in counted.most_common(REASONS_SHOWN)
    )
    show_table(("Route", "Why", "Provider's code", "tries"), rows, numbers=("tries",))
    if len(counted) > REASONS_SHOWN:
        st.markdown(f"{len(counted) - REASONS_SHOWN:,} more reasons were rarer than these.")


def write_rows(found: Deliverability) -> str:
    """Return a line for each day, channel, route and country, as CSV."""
    return "".join(write_csv(_csv_rows(found)))


def tell_reason(reason: FailureReason) -> str:
    """Return in words why a try failed."""
    told = FAILURE_WORDS.get(reason.what, reason.what)
    meaning = _MAIL_CODES.get((reason.code or "").partition(" ")[2])
    return f"{told}: {meaning}" if meaning else told


def tell_share(part: int, whole: int) -> str:
    """Return a share in %, rounded down: only all of it is 100 %."""
    return f"{math.floor(1000 * part / whole) / 10:g} %" if whole > 0 else _DASH


def tell_cost(line: Line) -> str:
    """Return what segments cost, and of how many that is not known."""
    told = [] if line.cost is None else [_tell_amount(line.cost)]
    if line.unpriced_count:
        told.append(f"{line.unpriced_count:,} SMS segments of unknown price")
    return " + ".join(told) or _DASH


def _tell_amount(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount >= 1 or not amount else f"{amount:.4f}"


def _cells(line: Line, seen: Iterable[str], *, has_cost: bool) -> Iterator[str]:
    sums = line.sums
    yield f"{sums.try_count:,}"
    yield f"{sums.taken_count:,} ({tell_share(sums.taken_count, sums.try_count)})"
    yield tell_share(sums.arrived_count, line.told_count)
    yield from (f"{CAME_TO[name][1](line):,}" for name in seen)
    for share in SHARES_PCT:
        time_s = sums.find_time_s(share)
        yield _DASH if time_s is None else tell_duration(timedelta(seconds=time_s))
    if has_cost:
        yield tell_cost(line)


def _csv_rows(found: Deliverability) -> Iterator[tuple[str | float | int | None, ...]]:
    times = (f"receipt_{share}_pct_s" for share in SHARES_PCT)
    yield (
        "day_utc", "channel", "route", "country", "tries", "taken_over",
        *(name.replace(",", "").replace(" ", "_") for name in CAME_TO), *times,
        "sms_segments", "cost", "sms_segments_of_unknown_price",
    )  # fmt: skip
    for (day, group), line in found.rows():
        yield (
            day.isoformat(),
            CHANNEL_WORDS.get(group.channel, group.channel),
            group.route_id,
            group.country,
            line.sums.try_count,
            line.sums.taken_count,
            *(count(line) for _, count in CAME_TO.values()),
            *(line.sums.find_time_s(share) for share in SHARES_PCT),
            line.sums.segment_count,
            None if line.cost is None else float(line.cost),
            line.unpriced_count,
        )
