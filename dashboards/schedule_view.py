"""One schedule: what it sends to whom, its next runs, and what can be done about it."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboards.panels import confirm, open_panel
from dashboards.schedule_form import show_schedule_form
from dashboards.schedule_runs import NEXT_COUNT, show_runs
from dashboards.session import act, house
from dashboards.tables import show_table
from dashboards.texts import as_html, literal
from dashboards.words import tell_count
from rollcall.domain.acts import Actor
from rollcall.schedules.book import Schedule
from rollcall.schedules.rules import describe_rule, list_next, zone_of
from rollcall.sending.launching import Verdict


def show_schedule(schedule: Schedule, actor: Actor) -> None:
    """Show a schedule, and let those change it who may."""
    st.header(literal(schedule.name))
    what, to_whom = schedule.tell_order()
    ahead = list_next(schedule.rule, NEXT_COUNT, house().clock.now())
    facts = [
        ("Sends", as_html(what)),
        ("To", as_html(to_whom)),
        ("When", as_html(describe_rule(schedule.rule))),
        ("Time zone", as_html(zone_of(schedule.rule))),
        ("State", f"<b>{schedule.tell_state(ahead)}</b>"),
    ]
    if schedule.order is not None and schedule.order.is_confirmed:
        facts.append(("Guards", "a run is sent also where they would refuse it"))
    show_table(("What", "Fact"), facts)
    show_runs(ahead, zone_of(schedule.rule), is_active=schedule.is_active)
    if actor.may("sender"):
        _show_acts(schedule)


def _show_acts(schedule: Schedule) -> None:
    with st.container(horizontal=True):
        # two buttons: a second click on the one must not be a click on the other
        label = "Pause" if schedule.is_active else "Resume"
        do = partial(_set_active, schedule.name, active=not schedule.is_active)
        st.button(label, key=f"schedule_{label.lower()}", on_click=_do, args=(do,))
        if schedule.order is not None:
            judge = partial(_judge, schedule)
            st.button("Could it be sent now?", key="schedule_judge", on_click=_do, args=(judge,))
        if schedule.is_ours:
            st.button("Delete…", key="act_delete", on_click=open_panel, args=("delete",))
    _show_verdict(schedule)
    if schedule.is_ours and st.query_params.get("act") == "delete":
        with st.container(border=True):
            st.markdown("Its next runs are not sent. What it has sent stays in the log.")
            confirm("Delete it now", partial(_delete, schedule.name))
    if schedule.is_ours:
        with st.expander("Change"):
            st.fragment(show_schedule_form)(schedule)
    else:
        st.markdown("It was deployed (prefect.yaml): it is changed and removed in Prefect's pages.")


def _do(do: Callable[[Actor], str | None]) -> None:
    act(do)


def _show_verdict(schedule: Schedule) -> None:
    kept = st.session_state.get("schedule_verdict")
    if kept is None or kept["of"] != (schedule.schedule_id, schedule.order):
        return
    verdict: Verdict = kept["is"]
    if verdict.fault:
        st.error(literal(f"It could not be sent now: {verdict.fault}"))
    elif verdict.people_count is None:
        st.markdown("It could be sent now. Whom it means only its form says.")
    else:
        people = tell_count(verdict.people_count, "person", "people")
        st.markdown(f"**It would go to {people} now.**")
        if not verdict.people_count:
            st.warning("A run that means nobody fails.")


def _judge(schedule: Schedule, actor: Actor) -> None:
    if schedule.order is not None:
        verdict = house().scheduling.judge(actor, schedule.order)
        of = (schedule.schedule_id, schedule.order)
        st.session_state["schedule_verdict"] = {"of": of, "is": verdict}


def _set_active(name: str, actor: Actor, *, active: bool) -> str:
    changed = house().scheduling.set_active(actor, name, active=active)
    if active and not changed.is_active:
        return f"{name!r}: its deployment is paused in Prefect, and it fires when that is resumed"
    return f"{name!r} is {'active' if active else 'paused'}"


def _delete(name: str, actor: Actor) -> str:
    house().scheduling.delete(actor, name)
    st.query_params.pop("schedule", None)
    return f"{name!r} is deleted"
