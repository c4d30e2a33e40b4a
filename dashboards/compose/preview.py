"""Whom a draft means now, beside it at every step: counted, and explained a page at a time."""

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import Final

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.moments import moment_html, tell_moment
from dashboards.session import house, require_actor
from dashboards.tables import show_table
from dashboards.texts import as_html, literal
from dashboards.words import tell_count
from rollcall.clock import parse_instant
from rollcall.domain.chat_request import ChatOptions
from rollcall.domain.country_names import name_country
from rollcall.domain.draft_recipients import count_unsaid, read_selection
from rollcall.domain.message import CHANNELS, Channel, MessageOptions
from rollcall.domain.preview.glance import PAGE_SIZE, Glance, GlancedPerson, GlanceOrder
from rollcall.domain.preview.reach import UNKNOWN_COUNTRY, Way
from rollcall.domain.preview.telling import NEAR_MISS_TITLES, tell_reasons
from rollcall.domain.search.sections import Kind
from rollcall.errors import RollcallError

WAIT_EVERY_S: Final = 1.0
"""While it is being found whom a draft means."""

_WAY_WORDS: Final[dict[Way, str]] = {"email": "by email", "sms": "by SMS", "app": "by the app"}
_MOST_COUNTRIES: Final = 8
_MOST_SILENT: Final = 10
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def show_preview(composition: Composition) -> None:
    """Show whom a draft means now; found anew after each change."""
    try:
        is_known = find_glance(composition) is not None
    except RollcallError:
        is_known = True  # said below
    shown = st.fragment(_show, run_every=None if is_known else WAIT_EVERY_S)
    shown(composition, is_known)


def find_glance(
    composition: Composition, first: int = 0, *, only_unreached: bool = False
) -> Glance | None:
    """Return whom a draft means; None while that is being found, or while nobody is chosen.

    Args:
        composition: The draft.
        first: The first of the people who are explained, from 0.
        only_unreached: Explain those whom none of the message's channels reaches.

    Raises:
        RollcallError: It cannot be said; one sentence.
    """
    order = _order(composition, first, only_unreached=only_unreached)
    return None if order is None else house().glances.look(order)


def chosen_channels(composition: Composition) -> tuple[Channel, ...]:
    """Return how a draft goes out, with what is as usual where nothing is said."""
    return tuple(one for one in CHANNELS if _option(composition, f"include_{one}"))


def _order(composition: Composition, first: int, *, only_unreached: bool) -> GlanceOrder | None:
    selection = read_selection(composition.body)
    if selection is None:
        return None
    return GlanceOrder(
        selection=selection,
        channels=chosen_channels(composition),
        managers_only=_option(composition, "managers_only"),
        life_safety=_option(composition, "life_safety"),
        only_unreached=only_unreached,
        first=first,
    )


def _option(composition: Composition, name: str) -> bool:
    said = composition.get("options", name)
    if isinstance(said, bool):
        return said
    usual = ChatOptions() if composition.is_chat else MessageOptions()
    return bool(getattr(usual, name))


def _show(composition: Composition, was_known: bool) -> None:
    actor = require_actor()
    st.header("Who gets it")
    try:
        house().acting.require(actor, "sender")
        glance = find_glance(composition)
        if glance is None and _order(composition, 0, only_unreached=False) is None:
            st.markdown("Nobody is chosen yet.")
            return
    except RollcallError as error:
        st.error(literal(str(error)))
        return
    if glance is None:
        st.markdown("Counting …")
        return
    if not was_known:
        st.rerun()
    _show_numbers(glance, composition)
    _show_near_misses(glance)
    _show_people(glance, composition)


def _show_numbers(glance: Glance, composition: Composition) -> None:
    reach = glance.reach
    st.markdown(f"### {tell_count(reach.people_count, 'person', 'people')}")
    if unsaid := count_unsaid(composition.body):
        filters = tell_count(unsaid, "filter says", "filters say")
        st.warning(f"{filters} nothing yet, and cannot be sent so: choose a criterion, or remove.")
    if reach.unreached_count:
        reasons = "; ".join(f"{why}: {count:,}" for why, count in reach.unreached_reasons.items())
        unreached = tell_count(reach.unreached_count, "person", "people")
        st.warning(f"**Not reached: {unreached}** ({literal(reasons)})")
    rows = [(_WAY_WORDS[way], f"{count:,}") for way, count in reach.by_way.items()]
    show_table(("Reachable", "people"), rows, numbers=("people",))
    told = [f"As of {moment_html(glance.as_of)}.", *_tell_rest(glance)]
    st.html("<br>".join(told))
    _show_countries(glance)


def _tell_rest(glance: Glance) -> list[str]:
    told = []
    if glance.reach.opted_out_count:
        told.append(f"{glance.reach.opted_out_count:,} asked for no more SMS (STOP).")
    if glance.facility_count:
        told.append(f"{tell_count(glance.facility_count, 'facility', 'facilities')} among them.")
    if silent := glance.silent_facility_ids:
        named = ", ".join(_name_facilities(silent[:_MOST_SILENT]))
        more = f" and {len(silent) - _MOST_SILENT:,} more" if len(silent) > _MOST_SILENT else ""
        told.append(f"Nobody is contacted for: {named}{more}.")
    return told


def _name_facilities(facility_ids: Sequence[str]) -> list[str]:
    names = house().quick_add.name(Kind.FACILITY, facility_ids)
    return [as_html(names.get(one, one)) for one in facility_ids]


def _show_countries(glance: Glance) -> None:
    countries = list(glance.reach.by_country.items())
    rows = [(_name_country(code), f"{count:,}") for code, count in countries[:_MOST_COUNTRIES]]
    if others := countries[_MOST_COUNTRIES:]:
        count = sum(one for _, one in others)
        rows.append((tell_count(len(others), "other country", "other countries"), f"{count:,}"))
    if rows:
        show_table(("Country", "people"), rows, caption="Where they are", numbers=("people",))


def _show_near_misses(glance: Glance) -> None:
    for kind, near in glance.near_misses.items():
        if not near.count:
            continue
        with st.expander(f"{near.count:,} {NEAR_MISS_TITLES[kind]}"):
            rows = [(as_html(one["name"]), as_html(_localise(one["told"]))) for one in near.shown]
            show_table(("Who", "why"), rows)
            if near.count > len(near.shown):
                st.markdown(f"and {near.count - len(near.shown):,} more")


def _show_people(glance: Glance, composition: Composition) -> None:
    """Show a page of people: of everybody, or of those who are not reached."""
    with st.expander("Who, and why each one"):
        only_unreached = False
        if glance.reach.unreached_count:
            only_unreached = st.checkbox(
                "Only those not reached", key=composition.key("only_unreached")
            )
        first = _first_of_page(composition, glance, only_unreached=only_unreached)
        page = glance
        if first or only_unreached:
            found = find_glance(composition, first, only_unreached=only_unreached)
            if found is None:
                st.markdown("Looking …")
                st.button("Look again", key=composition.key("look_again"))
                return
            page = found
        show_table(("Who", "how, and where", "why"), [_person_row(one) for one in page.people])
        _show_paging(composition, page, first)


def _first_of_page(composition: Composition, glance: Glance, *, only_unreached: bool) -> int:
    """Return the first of the page somebody is at; another selection begins at its first page."""
    asked = json.dumps([composition.get("selection"), only_unreached], sort_keys=True)
    kept = st.session_state.get(composition.key("page"))
    if kept is None or kept["asked"] != asked or kept["first"] >= glance.reach.people_count:
        kept = st.session_state[composition.key("page")] = {"asked": asked, "first": 0}
    first: int = kept["first"]
    return first


def _show_paging(composition: Composition, page: Glance, first: int) -> None:
    shown = len(page.people)
    if page.listed_count <= shown:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        back, on = max(0, first - PAGE_SIZE), first + PAGE_SIZE
        turn = partial(_turn_to, composition.key("page"))
        st.button(
            "Previous", key=composition.key("back"), disabled=not first, on_click=turn, args=(back,)
        )
        is_last = on >= page.listed_count
        st.button("Next", key=composition.key("on"), disabled=is_last, on_click=turn, args=(on,))
        st.markdown(f"{first + 1:,} to {first + shown:,} of {page.listed_count:,}")


def _turn_to(key: str, first: int) -> None:
    st.session_state[key]["first"] = first


def _person_row(one: GlancedPerson) -> tuple[str, str, str]:
    ways = ", ".join(_WAY_WORDS[way] for way in one.ways) or "no way"
    reached = f"not reached: {one.unreached}" if one.unreached else f"reachable {ways}"
    where = _name_country(one.position.country or UNKNOWN_COUNTRY)
    if one.position.at is not None:
        where += f"<br>{moment_html(one.position.at)}"
    why = "<br>".join(as_html(_localise(told)) for told in tell_reasons(one.via, first_filter=1))
    return as_html(one.name), f"{as_html(reached)}<br>{where}", why


def _name_country(code: str) -> str:
    return as_html(name_country(code) or code)


def _localise(told: str) -> str:
    """Return evidence with its moments in the viewer's zone."""
    return _INSTANT.sub(lambda found: tell_moment(parse_instant(found[0])), told)
