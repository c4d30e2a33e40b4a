"""Data: what sends are made from, how old it is, and what of it is wrong."""

import streamlit as st

from dashboards.feeds_view import show_app, show_feeds
from dashboards.session import require_actor
from dashboards.source_view import show_source, show_versions
from dashboards.texts import literal
from rollcall.errors import ConfigError


def show() -> None:
    """Show the source, its kept versions, the app's reports, and the feeds of incidents."""
    actor = require_actor()
    st.title("Data")
    st.markdown(
        "What sends are made from. A source is validated when it is new, and the version is kept: "
        "a send in a crisis does not validate again."
    )
    try:
        show_source(actor)
        show_versions()
        show_app()
        show_feeds(actor)
    except ConfigError as error:
        st.error(literal(str(error)))


if __name__ == "__main__":
    show()
