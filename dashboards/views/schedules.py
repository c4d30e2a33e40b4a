"""Schedules: templates that are sent at fixed times, kept by Prefect; when next, and pauses."""

import streamlit as st

from dashboards.schedule_form import SAVED, show_schedule_form
from dashboards.schedule_runs import tell_next
from dashboards.schedule_view import show_schedule
from dashboards.session import require_actor
from dashboards.texts import as_html, literal
from rollcall.desk.scheduling import list_schedules
from rollcall.errors import PrefectError
from rollcall.schedules.book import Schedule
from rollcall.schedules.rules import describe_rule, zone_of


def show() -> None:
    """Show the schedule that the address names, else all of them."""
    actor = require_actor()
    st.session_state.pop(SAVED, None)  # this run draws the whole page
    st.title("Schedules")
    try:
        schedules = list_schedules()
    except PrefectError as error:
        st.error(literal(f"Schedules cannot be shown or changed now: {error}."))
        st.button("Look again", key="schedules_again", icon=":material/refresh:")
        return
    name = st.query_params.get("schedule")
    if name is None:
        _show_list(schedules)
        if actor.may("sender"):
            with st.expander("New schedule"):
                st.fragment(show_schedule_form)(None)
        return
    st.button("Back to all schedules", icon=":material/arrow_back:", on_click=_open, args=(None,))
    found = next((one for one in schedules if one.name == name), None)
    if found is None:
        st.error(literal(f"there is no schedule {name!r}"))
        return
    show_schedule(found, actor)


def _show_list(schedules: list[Schedule]) -> None:
    if not schedules:
        st.markdown("No schedules yet.")
    for one in schedules:
        with st.container(border=True):
            name, told = st.columns([2, 3], vertical_alignment="center")
            name.button(
                literal(one.name),
                key=f"schedule_{one.deployment_id}_{one.schedule_id}",
                type="tertiary",
                icon=":material/chevron_right:",
                on_click=_open,
                args=(one.name,),
            )
            what, to_whom = one.tell_order()
            when = f"{describe_rule(one.rule)}, {zone_of(one.rule)}"
            told.html(
                f"{as_html(what)} to {as_html(to_whom)}<br>{as_html(when)}<br>{tell_next(one)}"
            )


def _open(name: str | None) -> None:
    if name is None:
        st.query_params.pop("schedule", None)
    else:
        st.query_params["schedule"] = name
        st.session_state.pop(f"form_key_schedule_{name}", None)  # as it is now, and not then
    for panel in ("act", "key"):
        st.query_params.pop(panel, None)


if __name__ == "__main__":
    show()
