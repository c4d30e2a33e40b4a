"""What only a chat has: where it happened, how long its links work, and who is reminded when."""

from functools import partial
from typing import Any, Final

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.compose.draft_fields import field_key, forget_fields, value_of
from dashboards.words import CHANNEL_WORDS
from rollcall.domain.chats import LINK_DAYS, MOST_LINK_DAYS, read_place
from rollcall.domain.drafts import Body, set_value
from rollcall.domain.message import CHANNELS
from rollcall.errors import InputError

Rung = dict[str, Any]

_NEAR: Final = ("near",)
_LINK_DAYS: Final = ("link_days",)
_LADDER: Final = "ladder"
_MOST_AFTER_MIN: Final = 14 * 24 * 60
_FIRST_AFTER_MIN: Final = 30
"""Half an hour: a first reminder of a roll call that is not answered."""


def show_chat_options(composition: Composition) -> None:
    """Show where it happened, how long links work, and the ladder of reminders."""
    _show_near(composition)
    days = field_key(composition, _LINK_DAYS)
    st.session_state.setdefault(days, composition.get(*_LINK_DAYS) or LINK_DAYS)
    st.number_input(
        "For how many days personal links work",
        min_value=1,
        max_value=MOST_LINK_DAYS,
        step=1,
        key=days,
        on_change=partial(_keep_days, composition),
    )
    _show_ladder(composition)


def _show_near(composition: Composition) -> None:
    key = field_key(composition, _NEAR)
    near = composition.get(*_NEAR)
    told = f"{near.get('latitude')}, {near.get('longitude')}" if isinstance(near, dict) else ""
    st.session_state.setdefault(key, told)
    st.text_input(
        "Where it happened: latitude, longitude",
        key=key,
        placeholder="48.8566, 2.3522",
        help="Members are listed by their distance to it.",
        on_change=partial(_keep_near, composition),
    )


def _show_ladder(composition: Composition) -> None:
    st.markdown("**Reminders to those who have not answered**")
    rungs = _rungs(composition.body)
    for number, rung in enumerate(rungs):
        with st.container(border=True):
            _show_rung(composition, number, rung)
    if not rungs:
        st.markdown("Nobody is reminded.")
    add = partial(_add_rung, composition)
    st.button("Add a reminder", key=composition.key("rung_add"), on_click=add)


def _show_rung(composition: Composition, number: int, rung: Rung) -> None:
    keep = partial(_keep_rung, composition, number, rung)
    after, ways = (_path(number, name) for name in ("after_min", "channels"))
    _begin(composition, after, rung.get("after_min", _FIRST_AFTER_MIN))
    _begin(composition, ways, list(rung.get("channels", ("email",))))
    _begin(composition, _path(number, "notify"), ", ".join(rung.get("notify", ())))
    st.number_input(
        "Minutes after the chat was opened",
        min_value=1,
        max_value=_MOST_AFTER_MIN,
        step=5,
        key=field_key(composition, after),
        on_change=keep,
    )
    st.multiselect(
        "By",
        CHANNELS,
        format_func=lambda one: CHANNEL_WORDS[one],
        filter_mode="contains",
        select_all=False,
        key=field_key(composition, ways),
        on_change=keep,
    )
    st.text_input(
        "Tell somebody else instead",
        placeholder="manager, or ids of people",
        help="`manager` stands for the managers of one's facility. Empty: they are reminded.",
        key=field_key(composition, _path(number, "notify")),
        on_change=keep,
    )
    drop = partial(_drop_rung, composition, rung)
    st.button("Remove", key=composition.key(f"rung_drop_{number}"), on_click=drop)


def _begin(composition: Composition, path: tuple[str, ...], value: Any) -> None:
    st.session_state.setdefault(field_key(composition, path), value)


def _path(number: int, name: str) -> tuple[str, ...]:
    return (_LADDER, str(number), name)


def _rungs(body: Body) -> list[Rung]:
    told = body.get(_LADDER)
    return [dict(one) for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _keep_days(composition: Composition) -> None:
    days = int(value_of(composition, _LINK_DAYS) or LINK_DAYS)
    composition.set(_LINK_DAYS, None if days == LINK_DAYS else days)


def _keep_near(composition: Composition) -> None:
    typed = str(value_of(composition, _NEAR) or "")
    composition.edit(lambda body: set_value(body, _NEAR, read_place(typed) or None))


def _keep_rung(composition: Composition, number: int, before: Rung) -> None:
    typed = str(value_of(composition, _path(number, "notify")) or "")
    notify = [one.strip() for one in typed.split(",") if one.strip()]
    rung: Rung = {
        "after_min": int(value_of(composition, _path(number, "after_min")) or _FIRST_AFTER_MIN),
        "channels": list(value_of(composition, _path(number, "channels")) or ()),
    }
    _replace(composition, before, rung | ({"notify": notify} if notify else {}))


def _drop_rung(composition: Composition, before: Rung) -> None:
    _replace(composition, before, None)


def _replace(composition: Composition, before: Rung, rung: Rung | None) -> None:
    """Put a reminder in the place of one, as that one stands in the draft now."""

    def replace(body: Body) -> Body:
        rungs = _rungs(body)
        if before not in rungs:
            raise InputError("the reminders were changed in another window: look again")
        rungs.remove(before)
        return _with(body, rungs + ([rung] if rung else []))

    composition.edit(replace)
    forget_fields(composition, _LADDER)


def _add_rung(composition: Composition) -> None:
    def add(body: Body) -> Body:
        rungs = _rungs(body)
        latest = max((int(one.get("after_min", 0)) for one in rungs), default=0)
        after_min = min(latest + _FIRST_AFTER_MIN, _MOST_AFTER_MIN)
        return _with(body, [*rungs, {"after_min": after_min, "channels": ["email"]}])

    composition.edit(add)
    forget_fields(composition, _LADDER)


def _with(body: Body, rungs: list[Rung]) -> Body:
    """Return a body with these reminders, the earliest first."""
    ordered = sorted(rungs, key=lambda one: int(one.get("after_min", 0)))
    return set_value(body, (_LADDER,), ordered or None)
