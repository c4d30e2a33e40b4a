"""What a checked draft comes to, as tables and sentences: who, where, by what, at what cost."""

from collections.abc import Iterator
from typing import Final

import streamlit as st

from dashboards.moments import moment_html
from dashboards.selection_told import list_meant
from dashboards.tables import show_table
from dashboards.texts import as_html, country_html, literal
from dashboards.words import CHANNEL_WORDS, tell_count
from rollcall.desk.composing import CheckedDraft
from rollcall.domain.message import MessageRequest
from rollcall.domain.preview.reach import Reach
from rollcall.domain.preview.sms_costs import SmsEstimate
from rollcall.sending.checking import OrderCheck

_SHOWN_COUNTRIES: Final = 12

_ASKED: Final[dict[str, str]] = {
    "high_quality_sms": "SMS of high quality: over all routes, until one takes it",
    "managers_only": "of facilities only the managers",
    "life_safety": "a matter of life: SMS also to people who asked for no more",
    "ok_request": 'asks "Are you OK?"',
}
"""Options that are worth a word before it is sent, where they are on."""


def show_check(seen: CheckedDraft) -> None:
    """Show all that one should know before a draft is sent."""
    request, check = seen.draft.read(), seen.check
    st.markdown(f"**Goes to {tell_count(check.people_count, 'person', 'people')}**")
    for notice in check.notices:
        st.warning(literal(notice[:1].upper() + notice[1:]) + ".")
    _show_unreached(check)
    show_table(("What", "Fact"), _rows(request, check), caption="What is sent, and to whom")
    _show_ways(check)
    _show_countries(check.reach)
    if check.sms is not None:
        _show_costs(check.sms)


def _rows(request: MessageRequest, check: OrderCheck) -> Iterator[tuple[str, str]]:
    meant = list_meant(request.selection) if request.selection else []
    yield "Whom it is for", "<br>".join(map(as_html, meant))
    yield "Title" if request.chat else "Subject", as_html(request.content.subject)
    yield "Languages", _tell_languages(check)
    asked = [words for name, words in _ASKED.items() if getattr(request.options, name)]
    if besides := [*asked, *_tell_chat(request)]:
        yield "Besides", as_html("; ".join(besides))
    if request.expires_at is not None:
        yield "Tried until", moment_html(request.expires_at)
    yield "Since last time", _tell_last_time(check)


def _tell_chat(request: MessageRequest) -> Iterator[str]:
    if request.chat is None:
        return
    yield "members see replies" if request.chat.members_see_replies else "only we see replies"
    yield f"links work for {tell_count(request.chat.link_days, 'day')}"
    if rungs := len(request.chat.ladder):
        yield tell_count(rungs, "reminder")


def _tell_languages(check: OrderCheck) -> str:
    told = (
        f"{as_html(language) if language else 'as written'}: {count:,}"
        for language, count in check.by_language.items()
    )
    return "; ".join(told)


def _tell_last_time(check: OrderCheck) -> str:
    last = check.last_time
    if last is None:
        return "never sent with the same template, or to the same selection"
    people = tell_count(last.people_count, "person", "people")
    change = last.change.tell() if last.change else "who they were is not known any more"
    return f"{moment_html(last.accepted_at)}, {people}; since then: {as_html(change)}"


def _show_ways(check: OrderCheck) -> None:
    rows = (
        (CHANNEL_WORDS[channel], f"{check.reach.by_channel[channel]:,}", _tell_way(channel, check))
        for channel in check.channels
    )
    columns = ("By", "people", "Besides")
    show_table(columns, rows, caption="How it goes out", numbers=("people",))


def _tell_way(channel: str, check: OrderCheck) -> str:
    texts = check.texts
    if channel != "sms" or texts is None:
        return ""
    told = []
    if texts.sharing_count:
        told.append(f"{tell_count(texts.sharing_count, 'person', 'people')} share a number")
    if texts.opted_out_count:
        spared = "are texted all the same" if texts.overrides_opt_outs else "are not texted"
        told.append(f"{texts.opted_out_count:,} asked for no more and {spared}")
    return "; ".join(told)


def _show_unreached(check: OrderCheck) -> None:
    """Show by name whom nothing reaches: somebody has to think of another way."""
    unreached_count = check.reach.unreached_count
    if not unreached_count:
        return
    people = tell_count(unreached_count, "person gets", "people get")
    st.warning(f"**{people} nothing: no way chosen here reaches them.** Find another way.")
    rows = ((as_html(one.name), as_html(one.reason)) for one in check.unreached)
    show_table(("Name", "why"), rows, caption="Reached by nothing")
    if (left := unreached_count - len(check.unreached)) > 0:
        st.markdown(f"and {left:,} more; the message's log names all of them")


def _show_countries(reach: Reach) -> None:
    shown = list(reach.by_country.items())[:_SHOWN_COUNTRIES]
    rows = ((country_html(country), f"{count:,}") for country, count in shown)
    show_table(("Country", "people"), rows, caption="Where they are", numbers=("people",))
    if (left := len(reach.by_country) - len(shown)) > 0:
        st.markdown(f"and {left} more countries")


def _show_costs(sms: SmsEstimate) -> None:
    rows = (
        (
            as_html(price.route_id),
            f"{price.per_segment:f}" if price.per_segment is not None else "not known",
            f"{cost:f}" if (cost := sms.cost(price)) is not None else "not known",
        )
        for price in sms.prices
    )
    told = f"{tell_count(sms.people_count, 'SMS', 'SMS')} of {sms.segment_count:,} segments"
    columns = ("Over", "a segment", "all of them")
    caption = f"What SMS cost, each taken at the first try: {told}"
    show_table(columns, rows, caption=caption, numbers=columns[1:])
    if sms.unwritable_ids:
        people = tell_count(len(sms.unwritable_ids), "person", "people")
        st.warning(f"For {people} the SMS cannot be written, for example for an overlong name.")
