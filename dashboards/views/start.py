"""Where one comes in: goes on to the first view. So each view has an address that stays."""

import streamlit as st

from dashboards.navigation import views_of
from dashboards.session import require_actor

if __name__ == "__main__":
    st.switch_page(views_of(require_actor())[0].file)
