"""What runs for each session of the dashboards: who is here, and which pages they have."""

import streamlit as st

from dashboards.navigation import View, views_of
from dashboards.session import follow_way, house, require_signed_in, show_notices
from dashboards.texts import literal
from rollcall.desk.sign_in import SignedIn
from rollcall.settings import PROJECT_FOLDER

_ICON = PROJECT_FOLDER / "rollcall" / "portal" / "icons" / "icon-192.png"
"""A file of ours: Streamlit fetches icons of its own from the internet."""

_SIGN_OUT = (
    '<form method="post" action="/sign-out"><button style="font:inherit;padding:.3rem .8rem;'
    'border:1px solid;border-radius:.4rem;background:none;color:inherit;cursor:pointer">Sign out'
    "</button></form>"
)


def main() -> None:
    """Show the page that was asked for."""
    st.set_page_config(page_title="Rollcall", page_icon=str(_ICON), layout="wide")
    signed_in = require_signed_in()
    start = st.Page("views/start.py", title="Rollcall", default=True, visibility="hidden")
    pages: dict[str, list[st.Page]] = {}
    for view in views_of(signed_in.actor):
        pages.setdefault(view.section, [start] if not pages else []).append(_page(view))
    chosen = st.navigation(pages)
    follow_way()
    _show_who(signed_in)
    with st.container():  # there with and without one: what stands below is not made anew
        show_notices()
    chosen.run()


def _page(view: View) -> "st.Page":
    return st.Page(view.file, title=view.title, url_path=view.path, icon=view.icon)


def _show_who(signed_in: SignedIn) -> None:
    actor = signed_in.actor
    limit = f", up to {actor.limit:,} people at once" if actor.limit else ""
    with st.sidebar:
        st.markdown(f"**{literal(house().settings.organisation)}**")
        st.markdown(f"{literal(actor.name)} · {actor.role}{limit}")
        if signed_in.kind == "loopback":
            st.info(
                "Nobody has to sign in: you are the local admin of this machine. "
                "`rollcall users add NAME --role admin` changes that."
            )
        else:
            st.html(_SIGN_OUT)


if __name__ == "__main__":
    main()
