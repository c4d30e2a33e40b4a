"""`make screenshots`: a picture of each view of the dashboards, light and dark, in docs/images.

docs/dashboards.md shows them all: what stands there between two marks is written anew.
"""

import io
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page

from dashboards.navigation import VIEWS, View
from rollcall.settings import PROJECT_FOLDER
from tests.browser import open_context, run_browser
from tests.sample_installation import (
    PASSWORD,
    USER,
    SampleInstallation,
    run_sample_installation,
)

GUIDE: Final = PROJECT_FOLDER / "docs" / "dashboards.md"
IMAGES: Final = GUIDE.parent / "images"
MARKS: Final = ("<!-- pictures: written by `make screenshots` -->\n", "<!-- end of pictures -->\n")
SCHEMES: Final = ("light", "dark")
DESK: Final = {"width": 1280, "height": 800}
IDLE: Final = "[data-testid=stApp][data-test-script-state=notRunning]"
LARGEST_BYTES: Final = 150_000
COLOURS: Final = 128
"""Of a picture: pages have few, and half the bytes of all colours."""

COUNTING: Final = re.compile(r"being counted|^Counting")
"""What pages say that are not all there yet."""

PATIENCE_MS: Final = 90_000
PAUSE_MS: Final = 300
MOST_LOOKS: Final = 40
"""Charts are drawn after the script has ended: a page is there when two looks see the same. One
that is live is taken as it is in the end."""


def image_name(path: str, scheme: str) -> str:
    """Return the name of the picture of a view."""
    return f"dashboards-{path}-{scheme}.png"


def write_gallery() -> str:
    """Return how the guide shows the pictures: two in a row, each in the reader's colours."""
    shown = [_show(view) for view in VIEWS]
    shown += [""] * (len(shown) % 2)
    rows = [f"| {left} | {right} |\n" for left, right in zip(shown[::2], shown[1::2], strict=True)]
    return "".join(("| | |\n|---|---|\n", *rows))


def replace_gallery(text: str, gallery: str) -> str:
    """Return the text of the guide with another gallery.

    Raises:
        ValueError: It has no place for one.
    """
    before, begin, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (begin and end):
        raise ValueError(f"{GUIDE.name} has no marks for pictures")
    return f"{before}{begin}{gallery}{end}{after}"


def _show(view: View) -> str:
    light, dark = (f"{IMAGES.name}/{image_name(view.path, scheme)}" for scheme in SCHEMES)
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{view.title}"></picture><br>{view.title}'
    )


def make_screenshots(folder: Path = IMAGES) -> list[Path]:
    """Start everything on sample data, and take a picture of each view, light and dark.

    Returns:
        What was written.
    """
    written = []
    with (
        tempfile.TemporaryDirectory(prefix="rollcall-") as scratch,
        run_sample_installation(Path(scratch)) as installed,
        run_browser() as browser,
    ):
        for scheme in SCHEMES:
            with _signed_in(browser, installed, scheme) as page:
                for view in VIEWS:
                    picture = folder / image_name(view.path, scheme)
                    page.goto(f"{installed.url}/{view.path}{_query_of(view.path, installed)}")
                    _settle(page)
                    write_small(picture, _take(page))
                    sys.stderr.write(f"{picture.name}\n")
                    written.append(picture)
    return written


def _query_of(path: str, installed: SampleInstallation) -> str:
    """Return what a view is asked for where it shows more of one thing than of none."""
    queries = {
        "progress": f"?message={installed.message_ids[0]}",
        "templates": "?name=Earthquake&kind=one_way",
        "chats": f"?chat={installed.chat_id}",
        "compose": f"?draft={installed.draft_id}",
    }
    return queries.get(path, "")


@contextmanager
def _signed_in(browser: Browser, installed: SampleInstallation, scheme: str) -> Iterator[Page]:
    with open_context(
        browser, viewport=DESK, color_scheme=scheme, timezone_id="Asia/Tokyo"
    ) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(installed.url)
        page.get_by_label("Name").fill(USER)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        _settle(page)
        yield page


def _settle(page: Page) -> None:
    """Wait until the script of a page has ended, and nothing of it is still to be counted."""
    page.locator("h1").first.wait_for()
    page.locator(IDLE).wait_for()
    page.get_by_text(COUNTING).first.wait_for(state="hidden")
    page.locator(IDLE).wait_for()


def _take(page: Page) -> bytes:
    """Return a picture of a page once nothing moves on it any more."""
    before, seen = b"", page.screenshot()
    for _ in range(MOST_LOOKS):
        if seen == before:
            break
        page.wait_for_timeout(PAUSE_MS)
        before, seen = seen, page.screenshot()
    return seen


def write_small(path: Path, picture: bytes) -> None:
    """Write a picture with fewer colours.

    Raises:
        ValueError: It takes too much room in the repository all the same.
    """
    with Image.open(io.BytesIO(picture)) as full:
        small = full.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    small.save(written, "PNG", optimize=True)
    if written.tell() > LARGEST_BYTES:
        raise ValueError(f"{path.name} has {written.tell():,} bytes: {LARGEST_BYTES:,} at most")
    path.write_bytes(written.getvalue())


if __name__ == "__main__":
    for old in set(IMAGES.glob("dashboards-*.png")) - set(make_screenshots()):
        old.unlink()
    GUIDE.write_text(replace_gallery(GUIDE.read_text("utf-8"), write_gallery()), "utf-8")
