"""The last look before a draft is sent: what is missing, what it comes to, and the send itself.

What was shown is kept in the session and insisted on. The key of the message is the draft's: four
clicks, two windows and a lost session are one message.
"""

from functools import partial
from typing import Final

import streamlit as st

from dashboards.compose.checking_tables import show_check
from dashboards.compose.composition import Composition
from dashboards.compose.outcomes import act_here, forget_outcome, show_outcome
from dashboards.compose.waiting import wait_for
from dashboards.compose.wording_shown import show_texts
from dashboards.foresight_view import require_source
from dashboards.moments import moment_html
from dashboards.queries.checks import CheckedBy
from dashboards.session import go_to, house
from dashboards.texts import literal
from dashboards.words import tell_count
from rollcall.desk.composing import CheckedDraft, Composing
from rollcall.domain.acts import Actor
from rollcall.domain.guards import TYPED_OVER, is_typed
from rollcall.errors import RollcallError, SourceError

_OUTCOME: Final = "send"
_LOOKING: Final = "Looking who is meant now…"


def show(composition: Composition) -> None:
    """Show what a draft comes to, and let it be sent."""
    try:
        composing = _open()
        gaps = composing.find_gaps(composition.draft)
        if gaps:
            _show_gaps(gaps)
            return
        seen = _look(composition, composing)
        if seen is None:
            wait_for(_LOOKING, partial(house().checks.is_over, _whose(composition)))
            return
    except SourceError as error:
        st.error(literal(str(error)))
        _show_last_good(composition)
        return
    except RollcallError as error:
        st.error(literal(str(error)))
        again = partial(_forget, composition)
        st.button("Check again", key=composition.key("check_again"), on_click=again)
        return
    _show_when(composition, seen)
    show_check(seen)
    with st.expander("What it says", expanded=True):
        show_texts(composition)
    _show_send(composition, seen)


def _open() -> Composing:
    """Return what checks and sends.

    Raises:
        ConfigError: Nobody has said where the travellers' data are.
    """
    return Composing(house().desk, require_source())


def _look(composition: Composition, composing: Composing) -> CheckedDraft | None:
    """Return what the draft comes to: as found before, unless it was changed or that is long ago.

    Returns:
        None while that is being found.

    Raises:
        RollcallError: It could not be sent now.
    """
    key = composition.key("checked")
    seen: CheckedDraft | None = st.session_state.get(key)
    uses_last_good = bool(st.session_state.get(composition.key("last_good")))
    draft, now = composition.draft, house().clock.now()
    if seen and seen.holds(draft, now) and seen.uses_last_good == uses_last_good:
        return seen
    check = partial(
        composing.check, composition.actor, draft.draft_id, uses_last_good=uses_last_good
    )
    seen = house().checks.look(_whose(composition), (draft.body, uses_last_good), check)
    if seen is None or not seen.holds(draft, now):  # begun long ago, and nobody came to see it
        return None
    st.session_state[key] = seen
    return seen


def _whose(composition: Composition) -> CheckedBy:
    return CheckedBy(composition.actor.name, composition.draft.draft_id)


def _show_gaps(gaps: list[str]) -> None:
    st.warning("Before it can be sent:\n\n" + "\n".join(f"* {literal(gap)}" for gap in gaps))


def _show_last_good(composition: Composition) -> None:
    """Offer the data that were good last: a broken file must not keep anybody from being told."""
    st.checkbox(
        "Use the data that were last found good, whatever the files are now",
        key=composition.key("last_good"),
    )


def _show_when(composition: Composition, seen: CheckedDraft) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f"As of {moment_html(seen.check.checked_at)}")
        again = partial(_forget, composition)
        st.button("Check again", key=composition.key("check_again"), on_click=again)
    if seen.uses_last_good:
        st.warning("Made from the data that were last found good, not from the files as they are.")
        _show_last_good(composition)


def _show_send(composition: Composition, seen: CheckedDraft) -> None:
    """Show what has to be confirmed, and the button that sends."""
    count, limit = seen.check.people_count, composition.actor.limit
    is_within = limit is None or count <= limit
    if not is_within:
        st.error(
            f"You may send to {limit:,} people at once, and this goes to {count:,}: ask an admin."
        )
    is_meant = _ask_objections(composition, seen)
    is_ready = is_within and is_meant and _ask_number(composition, count)
    show_outcome(composition, _OUTCOME)
    st.button(
        f"Send to {tell_count(count, 'person', 'people')} now",
        key=composition.key("check_send"),
        type="primary",
        disabled=not is_ready,
        on_click=partial(_send, composition, seen),
    )


def _ask_objections(composition: Composition, seen: CheckedDraft) -> bool:
    for objection in seen.check.objections:
        st.warning(literal(objection[:1].upper() + objection[1:]) + ".")
    if not seen.check.objections:
        return True
    return st.checkbox("It is meant all the same", key=composition.key("check_meant"))


def _ask_number(composition: Composition, count: int) -> bool:
    if count <= TYPED_OVER:
        return True
    typed = st.text_input(f"Type {count} to confirm", key=composition.key("check_typed"))
    return is_typed(typed or "", count)


def _send(composition: Composition, seen: CheckedDraft) -> None:
    typed = str(st.session_state.get(composition.key("check_typed")) or "")
    is_meant = bool(st.session_state.get(composition.key("check_meant")))

    def send(actor: Actor) -> str:
        record, is_new = _open().send(actor, seen, typed=typed, is_confirmed=is_meant)
        go_to("views/progress.py", message=record.message_id)
        return f"message {record.message_id} is {'accepted' if is_new else 'known already'}"

    act_here(composition, _OUTCOME, send)


def _forget(composition: Composition) -> None:
    """Let the next run look anew, and ask anew whether it is meant."""
    for name in ("checked", "check_typed", "check_meant"):
        st.session_state.pop(composition.key(name), None)
    forget_outcome(composition, _OUTCOME)
