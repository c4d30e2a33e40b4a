"""The dashboards as an ASGI app: `streamlit run dashboards/app.py`, or `rollcall dashboards`.

Streamlit finds `app` here and serves it, door and all; `main.py` beside it is what runs for each
session.
"""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboards.door.guard import Guard
from dashboards.door.headers import SafeHeaders
from dashboards.door.routes import list_routes
from dashboards.exports import list_routes as list_exports
from dashboards.map.routes import list_routes as list_map_routes
from dashboards.monitoring import monitored_from_outside
from dashboards.opening import open_or_exit

open_or_exit()
app = st.App(
    Path(__file__).with_name("main.py"),
    routes=[*list_routes(), *list_exports(), *list_map_routes()],
    middleware=[Middleware(SafeHeaders), Middleware(Guard)],
    lifespan=monitored_from_outside,
)
