"""Opens the dashboards, or says in one sentence why that cannot be."""

import sys

import streamlit as st

from dashboards.house import current_house
from rollcall.desk.opening import require_sign_in
from rollcall.errors import RollcallError

_EXIT_MISTAKE = 2


def open_or_exit() -> None:
    """Build what all sessions share, and make sure that strangers are not let in.

    Raises:
        SystemExit: That cannot be done; says why.
    """
    try:
        house = current_house()
        host = st.get_option("server.address") or "0.0.0.0"  # noqa: S104 - Streamlit's default
        has_users = bool(house.reception.users.list_all())
        require_sign_in(house.settings, host, has_users=has_users)
        shown = f"[{host}]" if ":" in host else host
        sys.stderr.write(f"the dashboards are at http://{shown}:{st.get_option('server.port')}\n")
    except RollcallError as error:
        sys.stderr.write(f"rollcall: {error}\n")
        raise SystemExit(_EXIT_MISTAKE) from error
