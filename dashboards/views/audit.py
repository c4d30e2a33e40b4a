"""Audit: who did what at the desk, and when."""

from datetime import timedelta
from functools import partial
from typing import Final

import streamlit as st

from dashboards.moments import moment_html
from dashboards.paging import Pages
from dashboards.session import house, require_actor
from dashboards.tables import show_table
from dashboards.texts import as_html
from rollcall.domain.acts import ACTIONS
from rollcall.ledger.audit import AuditQuery, AuditRecord, list_actors, read_entries

_PAGE: Final = 50

_OUTCOMES: Final = {
    "done": "done",
    "refused": "<b>refused: not allowed</b>",
    "failed": "not done: a mistake",
    None: "<b>end unknown</b>",
}

_SPANS: Final = {"a day": 1, "a week": 7, "30 days": 30, "a year": 365}


def show() -> None:
    """Show the entries, newest first."""
    require_actor()
    st.title("Audit")
    st.markdown(
        "Everything that was done at the desk, or was tried. Each entry is written before the act; "
        "one whose end is unknown belongs to a process that died meanwhile."
    )
    asked, days = _ask()
    pages: Pages[AuditRecord] = Pages("audit", (asked, days), _PAGE)
    if days is not None:
        since = house().clock.now() - timedelta(days=days)
        asked = AuditQuery(asked.actor, asked.action, asked.subject_id, since)
    found = pages.read(partial(read_entries, house().ledger, asked))
    if not found:
        st.markdown("Nothing is like that.")
        return
    show_table(
        ("When", "Who", "Did what", "To what", "People", "Outcome"),
        map(_row, found),
        numbers=("People",),
    )
    pages.show(lambda one: (one.begun_at, one.entry_id), "entries")


def _ask() -> tuple[AuditQuery, int | None]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        actor = st.selectbox(
            "Who", list_actors(house().ledger), index=None, placeholder="anybody", key="audit_actor"
        )
        action = st.selectbox(
            "Did what",
            list(ACTIONS),
            index=None,
            placeholder="anything",
            key="audit_action",
            format_func=lambda one: ACTIONS[one],
        )
        subject = st.text_input("To what", placeholder="id of a message", key="audit_subject")
        span = st.selectbox(
            "Within", list(_SPANS), index=None, placeholder="ever", key="audit_span"
        )
    return AuditQuery(actor, action, (subject or "").strip() or None), _SPANS.get(span or "")


def _row(one: AuditRecord) -> tuple[str, ...]:
    return (
        moment_html(one.begun_at),
        f"{as_html(one.actor)} <small>({one.role})</small>",
        as_html(ACTIONS.get(one.action, one.action)),
        as_html(one.subject_id),
        f"{one.people_count:,}" if one.people_count is not None else "",
        _OUTCOMES.get(one.outcome, ""),
    )


if __name__ == "__main__":
    show()
