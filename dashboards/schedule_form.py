"""The form of a schedule, new or changed: what it sends to whom, when, and its next runs.

It is a fragment: what is typed asks Prefect nothing.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal
from zoneinfo import ZoneInfo

import streamlit as st

from dashboards.moments import viewers_zone
from dashboards.panels import key_of_form, send_form
from dashboards.schedule_runs import NEXT_COUNT, show_runs
from dashboards.session import house, require_actor, show_notices
from dashboards.texts import literal
from rollcall.domain.acts import Actor
from rollcall.domain.message_templates import KIND_NAMES, TemplateKind
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.domain.schedule_times import MAX_NAME_CHARS, Timing, spell_interval
from rollcall.errors import InputError, RequestError
from rollcall.ledger.saved_filters import list_filters
from rollcall.ledger.templates import list_templates
from rollcall.schedules.book import Schedule
from rollcall.schedules.rules import describe_rule, list_next, make_rule, timing_of
from rollcall.schedules.timings import read_timing
from rollcall.sources.people_facts import known_time_zones

How = Literal["cron", "rrule", "every", "once"]

_HOW_WORDS: Final[dict[How, str]] = {
    "cron": "By cron",
    "rrule": "By RRULE",
    "every": "At intervals",
    "once": "Once",
}

_EXAMPLES: Final[dict[How, tuple[str, str]]] = {
    "cron": ("Minute, hour, day, month, weekday", "0 7 * * 1-5"),
    "rrule": ("RRULE, perhaps with a DTSTART before it", "FREQ=MONTHLY;BYDAY=1MO;BYHOUR=9"),
    "every": ("Interval from now on", "6h"),
    "once": ("Date and time", "2026-12-01T09:00"),
}

SAVED: Final = "schedule_saved"
"""In the session: a form was sent, and the page around it is to be drawn anew."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    """When a schedule fires, as somebody would type it."""

    how: How
    text: str
    zone: str


def show_schedule_form(schedule: Schedule | None) -> None:
    """Show the form of a schedule.

    Args:
        schedule: The one to change; None: a new one.
    """
    require_actor()
    if st.session_state.pop(SAVED, False):
        st.rerun()  # the whole page, which shows what was saved
    show_notices()
    name = f"schedule_{schedule.name}" if schedule else "schedule"
    key = key_of_form(name)
    # as it was when they began: what somebody else changes meanwhile is not written over
    seen: Schedule | None = st.session_state.setdefault(f"schedule_seen_{key}", schedule)
    if seen is None:
        st.text_input(
            "Name",
            placeholder="morning-advisory",
            max_chars=MAX_NAME_CHARS,
            key=f"schedule_name_{key}",
        )
    _show_order(seen, key)
    _show_timing(seen, key)
    _show_preview(seen, key)
    save = partial(_save, seen, key)
    st.button(
        "Save", key=f"schedule_save_{key}", type="primary", on_click=_send, args=(name, key, save)
    )


def _show_order(seen: Schedule | None, key: str) -> None:
    told = seen.order if seen else None
    if seen is not None and (told is None or told.has_more):
        st.markdown("What it sends to whom is in its form in Prefect, and is changed there.")
        return
    kind = told.kind if told else _ask_kind(key)
    names = [one.name for one in list_templates(house().ledger, kind)]
    if told is not None and told.template not in names:
        names.append(told.template)
    st.selectbox(
        "Template",
        names,
        index=names.index(told.template) if told else None,
        key=f"schedule_template_{kind}_{key}",
        filter_mode="contains",
    )
    kept = told.saved_filters if told else ()
    filters = [one.name for one in list_filters(house().ledger)]
    st.multiselect(
        "Dynamic filters",
        [*filters, *(one for one in kept if one not in filters)],
        default=list(kept),
        key=f"schedule_filters_{key}",
        placeholder="the template's own recipients",
        filter_mode="contains",
        select_all=False,
    )
    if told is not None and told.groups:
        st.markdown(literal(f"And to the groups: {', '.join(told.groups)}"))
    st.checkbox(
        "It is meant although the guards would refuse a run (the same again, many more people)",
        value=bool(told and told.is_confirmed),
        key=f"schedule_confirmed_{key}",
    )


def _ask_kind(key: str) -> TemplateKind:
    kinds: list[TemplateKind] = ["one_way", "chat"]
    chosen: TemplateKind = st.radio(
        "Sends",
        kinds,
        format_func=lambda one: KIND_NAMES[one],
        horizontal=True,
        key=f"schedule_kind_{key}",
    )
    return chosen


def _show_timing(seen: Schedule | None, key: str) -> None:
    spoken = _speak(seen)
    hows = list(_HOW_WORDS)
    how: How = st.radio(
        "When",
        hows,
        index=hows.index(spoken.how),
        format_func=lambda one: _HOW_WORDS[one],
        horizontal=True,
        key=f"schedule_how_{key}",
    )
    label, example = _EXAMPLES[how]
    value = spoken.text if how == spoken.how else ""
    if how == "rrule":
        st.text_area(label, value=value, placeholder=example, key=f"schedule_{how}_{key}")
    else:
        st.text_input(label, value=value, placeholder=example, key=f"schedule_{how}_{key}")
    zones = list(known_time_zones())
    st.selectbox(
        "Time zone",
        zones,
        index=zones.index(spoken.zone) if spoken.zone in zones else zones.index("UTC"),
        key=f"schedule_zone_{key}",
        filter_mode="contains",
    )


def _speak(seen: Schedule | None) -> _Spoken:
    timing = timing_of(seen.rule) if seen else None
    if timing is None:
        zone = viewers_zone()
        return _Spoken("cron", "", zone.key if isinstance(zone, ZoneInfo) else "UTC")
    if timing.cron is not None:
        return _Spoken("cron", timing.cron, timing.time_zone)
    if timing.every_s is not None:
        return _Spoken("every", spell_interval(timing.every_s), timing.time_zone)
    return _Spoken("rrule", timing.rrule or "", timing.time_zone)


def _show_preview(seen: Schedule | None, key: str) -> None:
    """Show when it would fire, before anything is saved."""
    now = house().clock.now()
    try:
        timing = _read_timing(seen, key)
        if timing is None and seen is not None:
            rule = seen.rule
        elif timing is None:
            return
        else:
            rule = make_rule(timing, now)
    except InputError as error:
        st.warning(literal(str(error)))
        return
    st.markdown(literal(describe_rule(rule)))
    zone = st.session_state.get(f"schedule_zone_{key}") or "UTC"
    show_runs(list_next(rule, NEXT_COUNT, now), zone)


def _read_timing(seen: Schedule | None, key: str) -> Timing | None:
    """Return when it is to fire; None where nothing is said, or nothing is changed.

    Raises:
        InputError: What is said cannot be meant.
    """
    how: How = st.session_state.get(f"schedule_how_{key}") or "cron"
    text = (st.session_state.get(f"schedule_{how}_{key}") or "").strip()
    zone = st.session_state.get(f"schedule_zone_{key}") or "UTC"
    if not text or (seen is not None and _Spoken(how, text, zone) == _speak(seen)):
        return None
    return read_timing(zone, house().clock.now(), **{how: text})


def _read_order(seen: Schedule | None, key: str) -> ScheduledOrder | None:
    """Return what is to be sent to whom; None where it stays what it was.

    Raises:
        RequestError: No template is chosen.
    """
    told = seen.order if seen else None
    if seen is not None and (told is None or told.has_more):
        return None
    chosen: TemplateKind = st.session_state.get(f"schedule_kind_{key}", "one_way")
    kind = told.kind if told else chosen
    template = st.session_state.get(f"schedule_template_{kind}_{key}")
    if not template:
        raise RequestError("choose a template")
    base = told or ScheduledOrder(kind, template)
    order = replace(
        base,
        template=template,
        saved_filters=tuple(st.session_state.get(f"schedule_filters_{key}") or ()),
        is_confirmed=bool(st.session_state.get(f"schedule_confirmed_{key}")),
    )
    return None if order == told else order


def _send(name: str, key: str, save: "partial[str]") -> None:
    send_form(name, key, save)


def _save(seen: Schedule | None, key: str, actor: Actor) -> str:
    order, timing = _read_order(seen, key), _read_timing(seen, key)
    if seen is not None:
        house().scheduling.change(actor, seen, order, timing)
        told = f"{seen.name!r} is changed"
    else:
        if order is None or timing is None:
            raise RequestError("say when it is to be sent")
        name = (st.session_state.get(f"schedule_name_{key}") or "").strip()
        house().scheduling.add(actor, name, order, timing)
        st.query_params["schedule"] = name
        told = f"{name!r} is saved, and active"
    st.session_state[SAVED] = True
    if not house().settings.administrators:
        told += "; ROLLCALL_ADMINISTRATORS is not set: nobody is told if a run fails"
    return told
