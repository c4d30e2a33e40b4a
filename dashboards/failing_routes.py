"""Warnings of routes that do nothing but fail just now."""

from collections.abc import Iterable

import streamlit as st

from dashboards.session import house
from dashboards.texts import literal
from rollcall.sending.failing_routes import list_failing
from rollcall.sending.previewing import list_book_prices
from rollcall.sending.steps import SendSteps


def warn_of_standard_sms(steps: SendSteps) -> None:
    """Warn where the one route fails that SMS of standard quality go over."""
    standard = [one.route_id for one in list_book_prices(steps.book)[:1]]
    for route_id in list_failing(house().ledger, standard, house().clock.now()):
        st.warning(
            f"**The route {literal(route_id)} does nothing but fail just now.** SMS of standard "
            "quality wait for it; those of high quality go over others."
        )


def warn_of_waiting(route_ids: Iterable[str]) -> None:
    """Warn where a route fails that something of a message may wait for."""
    for route_id in list_failing(house().ledger, route_ids, house().clock.now()):
        st.warning(
            f"**The route {literal(route_id)} does nothing but fail just now.** What can go over "
            "no other one waits for it."
        )
