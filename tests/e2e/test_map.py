"""The map in a real browser: drawn on with a finger, and in the colours of the page."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser import run_browser
from tests.e2e.conftest import wait_until
from tests.e2e.test_dashboards import Served, find_map, place_on_map, serve_overview, signed_in

LAND = {"light": (0xF3, 0xEF, 0xE6), "dark": (0x2B, 0x30, 0x38)}
SAHARA = (10, 23)
AROUND_JAPAN = ((125, 50), (155, 50), (155, 25), (125, 25))

DOUBLE_TAP_MS = 300
"""Leaflet takes taps for a double tap that are less than 200 apart."""

TAP = """(map, places) => places.forEach(({ x, y }) => {
  const { left, top } = map.getBoundingClientRect();
  const [clientX, clientY] = [left + x, top + y];
  const touched = { bubbles: true, composed: true, detail: 1, pointerType: 'touch' };
  const sourceCapabilities = new InputDeviceCapabilities({ firesTouchEvents: true });
  map.getRootNode().elementFromPoint(clientX, clientY).dispatchEvent(
    new PointerEvent('click', { ...touched, clientX, clientY, sourceCapabilities }));
})"""
"""Taps places of an element, with no time between them."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_overview(tmp_path_factory.mktemp("map")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_browser() as one:
        yield one


def colour_at(page: Page, longitude: float, latitude: float) -> tuple[int, ...]:
    """Return the colour of a place on the map as it opens: red, green, blue."""
    drawn, box = find_map(page)
    place = place_on_map(longitude, latitude, box)
    with Image.open(io.BytesIO(drawn.screenshot())) as seen:
        colour = seen.convert("RGB").getpixel((round(place["x"]), round(place["y"])))
    assert isinstance(colour, tuple)
    return colour


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_the_map_is_as_dark_as_the_page_and_changes_with_it(
    browser: Browser, served: Served, scheme: str, other: str
) -> None:
    with signed_in(browser, served, "viewer", "/overview", color_scheme=scheme) as page:
        assert colour_at(page, *SAHARA) == LAND[scheme]
        page.emulate_media(color_scheme=other)  # type: ignore[arg-type] # one of two words
        wait_until(lambda: colour_at(page, *SAHARA) == LAND[other], 10, f"the map is {other}")


def test_a_polygon_is_drawn_with_a_finger(browser: Browser, served: Served) -> None:
    with signed_in(browser, served, "sender", "/overview", has_touch=True) as page:
        drawn, box = find_map(page)
        page.get_by_role("button", name="Draw Polygon").tap()
        corners = [place_on_map(*corner, box) for corner in AROUND_JAPAN]
        for corner in [*corners, corners[0]]:  # the first once more ends it
            drawn.tap(position=corner)
        page.get_by_text("as drawn on the map").first.wait_for()
        page.get_by_text("2 people", exact=True).first.wait_for()


def test_quick_taps_at_different_places_leave_no_corner_out(
    browser: Browser, served: Served
) -> None:
    """A busy telephone hands over at once what was tapped one after the other."""
    with signed_in(browser, served, "sender", "/overview", has_touch=True) as page:
        drawn, box = find_map(page)
        page.get_by_role("button", name="Draw Polygon").tap()
        corners = [place_on_map(*corner, box) for corner in AROUND_JAPAN]
        for at_once in (corners[:1], corners[1:3], corners[3:], corners[:1]):
            page.wait_for_timeout(DOUBLE_TAP_MS)
            drawn.evaluate(TAP, at_once)
        page.get_by_text("as drawn on the map").first.wait_for()
        page.get_by_text("2 people", exact=True).first.wait_for()
