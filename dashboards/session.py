"""Who is at a page, and what a page needs of everything else."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from dashboards.house import House, current_house
from dashboards.texts import literal
from rollcall.desk.sign_in import SignedIn
from rollcall.domain.acts import Actor
from rollcall.errors import NotAllowedError, RollcallError

_NOTICE: Final = "notice"
_MISTAKE: Final = "mistake"
_WAY: Final = "way"


def find_signed_in() -> SignedIn | None:
    """Return who is at this page, None if their session does not count any more.

    Raises:
        RollcallError: The ledger does not answer, or the file of users cannot be read.
    """
    session_id = st.user.to_dict().get("session_id")
    if not isinstance(session_id, str):
        return None
    return current_house().reception.find_by_id(session_id)


def require_signed_in() -> SignedIn:
    """Return who is at this page; for everybody else the page ends here, with the way in.

    Asked at every run of a page and of each of its fragments: a session may have ended since.
    """
    try:
        signed_in = find_signed_in()
    except RollcallError as error:
        st.error(literal(str(error)))
        st.stop()
    if signed_in is None:
        st.warning("You are not signed in, or your session has ended.")
        st.html('<a href="/sign-in" target="_self">Sign in</a>')
        st.stop()
    return signed_in


def require_actor() -> Actor:
    """Return who acts at this page, as `require_signed_in` finds them."""
    return require_signed_in().actor


def house() -> House:
    """Return what all pages share."""
    return current_house()


def act(do: Callable[[Actor], str | None]) -> bool:
    """Do something for whoever is at the page, and keep what is to be said of it for its next run.

    For callbacks: what they show themselves would be gone when the page is drawn.

    Args:
        do: Takes who acts; returns a sentence of what was done.

    Returns:
        Whether it was done.
    """
    try:
        signed_in = find_signed_in()
        if signed_in is None:
            raise NotAllowedError("your session has ended: sign in again; nothing was done")
        told = do(signed_in.actor)
    except RollcallError as error:
        st.session_state[_MISTAKE] = str(error)
        return False
    if told:
        st.session_state[_NOTICE] = told
    return True


def go_to(file: str, **query: str) -> None:
    """Show another view in the next run; for callbacks, which cannot go there themselves.

    Args:
        file: Of the view, below `dashboards`.
        query: What its address says.
    """
    st.session_state[_WAY] = (file, query)


def follow_way() -> None:
    """Go where a callback wanted to, if one did; ends this run then."""
    if way := st.session_state.pop(_WAY, None):
        file, query = way
        st.switch_page(file, query_params=query)


def show_notices() -> None:
    """Show what the last act came to; once."""
    if mistake := st.session_state.pop(_MISTAKE, None):
        st.error(literal(mistake))
    if notice := st.session_state.pop(_NOTICE, None):
        st.success(literal(notice))
