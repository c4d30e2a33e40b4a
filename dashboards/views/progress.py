"""Live progress of one message: how far, over which routes, how quick; and what to do about it."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboards.chat_kin import show_chat_link
from dashboards.failing_routes import warn_of_waiting
from dashboards.message_acts import show_acts
from dashboards.moments import tell_duration, tell_moment
from dashboards.queries.messages import MessageQuery, read_messages, subject_of
from dashboards.queries.progress import (
    GROUPS,
    SHARES_PCT,
    ChannelProgress,
    RouteProgress,
    TimeToShare,
    group_counts,
    is_moving,
    list_open_messages,
)
from dashboards.session import house, require_actor
from dashboards.tables import show_table
from dashboards.texts import as_html, literal
from dashboards.words import CHANNEL_WORDS, OUTCOME_WORDS, STATE_WORDS
from rollcall.errors import InputError
from rollcall.ledger.log import StatusCounts, count_statuses
from rollcall.ledger.messages import MessageRecord, load_message

LIVE_EVERY_S: Final = 2.0
DETAILS_EVERY_S: Final = 10.0
_LISTED: Final = 20


def show() -> None:
    """Show the message that the address names, else those to choose from."""
    actor = require_actor()
    message_id = st.query_params.get("message")
    if not message_id:
        _show_choice()
        return
    try:
        message = load_message(house().ledger, message_id)
    except InputError as error:
        st.title("Live progress")
        st.error(literal(str(error)))
        return
    st.button(
        "Back to all messages", key="back", icon=":material/arrow_back:", on_click=_choose_none
    )
    st.title(literal(subject_of(message.request)))
    show_chat_link(message)
    counts = count_statuses(house().ledger, message_id)
    show_acts(message, counts, actor)
    moves = is_moving(message, counts)
    st.fragment(_show_live, run_every=LIVE_EVERY_S if moves else None)(message_id, moves)
    is_known = house().figures.details.get(message_id) is not None
    every_s = (DETAILS_EVERY_S if moves else None) if is_known else LIVE_EVERY_S
    st.fragment(_show_details, run_every=every_s)(message_id, is_known)
    st.page_link(
        "views/log.py", label="All recipients, in the log", query_params={"message": message_id}
    )


def _show_choice() -> None:
    st.title("Live progress")
    ledger = house().ledger
    under_way = set(list_open_messages(ledger, _LISTED))
    latest = read_messages(ledger, MessageQuery(), _LISTED)
    for heading, them in (
        ("Under way", [one for one in latest if one.message_id in under_way]),
        ("Latest", [one for one in latest if one.message_id not in under_way]),
    ):
        if them:
            st.header(heading)
        for message in them:
            told = f"{subject_of(message.request)} · {tell_moment(message.accepted_at)}"
            st.button(
                literal(told),
                key=f"watch_{message.message_id}",
                on_click=_choose,
                args=(message.message_id,),
            )
    if not latest:
        st.markdown("No messages yet.")


def _show_live(message_id: str, was_moving: bool) -> None:
    """Show how far it is; its numbers are in one table, and so of one moment."""
    require_actor()
    message = load_message(house().ledger, message_id)
    counts = count_statuses(house().ledger, message_id)
    channels = group_counts(counts)
    st.markdown(f"**{_tell_state(message)}**")
    if channels:
        if message.stopped_at is None:  # held back is not done
            _show_bar(channels)
        columns = ("By", *GROUPS, "all")
        show_table(columns, map(_channel_row, channels), numbers=columns[1:])
    else:
        st.markdown("Nobody was selected yet.")
    if was_moving and not is_moving(message, counts):
        st.rerun()


def _show_bar(channels: Sequence[ChannelProgress]) -> None:
    total = sum(one.total for one in channels)
    waiting = sum(one.groups["waiting"] for one in channels)
    told = f"{waiting:,} of {total:,} still wait" if waiting else f"none of {total:,} waits"
    st.progress((total - waiting) / total if total else 0.0, text=told)


def _show_details(message_id: str, was_known: bool) -> None:
    """Show what takes the ledger longer; until it is there the page does without."""
    require_actor()
    message = load_message(house().ledger, message_id)
    details = house().figures.details.get(message_id)
    if details is None:
        st.markdown("Times, routes and tries are being counted…")
        return
    if not was_known:
        st.rerun()
    if is_moving(message, count_statuses(house().ledger, message_id)):
        warn_of_waiting(dict.fromkeys(one.route_id for one in details.routes))
    _show_times(details.times, message)
    columns = ("Route", "Country", "tries", "taken over", "arrived", "failed", "unknown")
    if details.routes:
        rows = map(_route_row, details.routes)
        show_table(columns, rows, caption="By route and country", numbers=columns[2:])
    if details.tries:
        _show_tries(details.tries)


def _show_tries(tries: StatusCounts) -> None:
    rows = (
        (as_html(route_id), OUTCOME_WORDS.get(outcome, outcome), f"{count:,}")
        for route_id, by_outcome in tries.items()
        for outcome, count in by_outcome.items()
    )
    columns = ("Route", "What tries came to", "tries")
    show_table(columns, rows, caption="Tries", numbers=columns[2:])


def _show_times(times: list[TimeToShare], message: MessageRecord) -> None:
    by_channel: dict[str, list[str]] = {}
    for one in times:
        told = "not yet" if message.closed_at is None else "not reached"
        if one.reached_at is not None:
            told = tell_duration(one.reached_at - message.accepted_at)
        by_channel.setdefault(one.channel, []).append(told)
    if by_channel:
        columns = ("By", *(f"{share} %" for share in SHARES_PCT))
        rows = [(CHANNEL_WORDS.get(name, name), *told) for name, told in by_channel.items()]
        show_table(columns, rows, caption="Taken over by a route, after", numbers=columns[1:])


def _tell_state(message: MessageRecord) -> str:
    state = STATE_WORDS.get(message.state, message.state).capitalize()
    told = f"{state}; accepted" if message.state != "accepted" else state
    told += f" {tell_moment(message.accepted_at)}"
    if message.stopped_at:
        told += f", stopped {tell_moment(message.stopped_at)}"
    elif message.closed_at:
        told += f", done after {tell_duration(message.closed_at - message.accepted_at)}"
    return literal(f"{told}. {message.reason}" if message.reason else told)


def _channel_row(one: ChannelProgress) -> tuple[str, ...]:
    figures = (f"{one.groups[name]:,}" for name in GROUPS)
    return (CHANNEL_WORDS.get(one.channel, one.channel), *figures, f"{one.total:,}")


def _route_row(one: RouteProgress) -> tuple[str, ...]:
    figures = (
        one.try_count, one.taken_count, one.arrived_count, one.failed_count, one.uncertain_count,
    )  # fmt: skip
    return (as_html(one.route_id), as_html(one.country), *(f"{count:,}" for count in figures))


def _choose(message_id: str) -> None:
    st.query_params["message"] = message_id


def _choose_none() -> None:
    st.query_params.clear()


if __name__ == "__main__":
    show()
