"""The map as a Streamlit component (v2): draws, lets draw, and hands back what was drawn.

Its script lies in `dashboards/static/map`, beside Leaflet and leaflet-geoman: what stands here is
sent with each page, and only fetches that. It asks `dashboards/map/routes.py` for what it shows.
"""

from typing import Any, Final

import streamlit as st

# with line breaks: a text without any would be taken for the name of a file
_LOADER: Final = """
let script;
export default function (component) {
  let end, isGone = false;
  script ??= import(new URL('/app/static/map/map.mjs', document.baseURI).href);
  script.then((loaded) => { if (!isGone) end = loaded.default(component); }, () => {
    script = undefined;
    component.parentElement.querySelector('.map').textContent =
      'The map cannot be loaded. Load the page again; all else works without it.';
  });
  return () => { isGone = true; if (end) end(); };
}
"""

_HTML: Final = """
<link rel="stylesheet" href="/app/static/map/vendor/leaflet.css">
<link rel="stylesheet" href="/app/static/map/vendor/leaflet-geoman.css">
<link rel="stylesheet" href="/app/static/map/map.css">
<div class="map" style="height: 520px" role="application" tabindex="0"
  aria-label="Map of people, facilities, incidents: arrow keys move it, + and - zoom"></div>
"""

_component = st.components.v2.component("rollcall_map", html=_HTML, js=_LOADER)


def show_map(
    mark: str, area: dict[str, Any] | None, key: str, wiped: int = 0
) -> dict[str, Any] | None:
    """Show the map; `dashboards.map.choice` is what pages choose an area with.

    Args:
        mark: What the picture is known by; the map asks for people anew when it is another.
        area: GeoJSON to be marked, and moved to when it is another.
        key: Of the component; what is drawn stays while it does.
        wiped: How often what is drawn was to be taken away: the map does so when it grows, and
            tells it.

    Returns:
        What is drawn on it: a GeoJSON FeatureCollection, as `dashboards.overview.areas.read_area`
        takes it; None where nothing ever was.
    """
    shown = _component(
        data={"mark": mark, "area": area, "wiped": wiped},
        key=key,
        default={"shapes": None},
        on_shapes_change=_keep,
    )
    drawn: dict[str, Any] | None = shown.shapes
    return drawn


def _keep() -> None:
    """Have the page run again; what was drawn is its component's state."""
