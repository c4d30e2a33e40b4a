"""The pictures of the dashboards: there is one of each view, light and dark, and pages show it."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from dashboards.navigation import VIEWS
from rollcall.settings import PROJECT_FOLDER
from tests.screenshots import (
    DESK,
    GUIDE,
    IMAGES,
    LARGEST_BYTES,
    SCHEMES,
    image_name,
    replace_gallery,
    write_gallery,
    write_small,
)

PAGES = (GUIDE, PROJECT_FOLDER / "README.md")


@pytest.mark.parametrize("path", [view.path for view in VIEWS])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_view_has_its_pictures(path: str, scheme: str) -> None:
    name = image_name(path, scheme)
    assert (IMAGES / name).is_file(), f"`make screenshots` makes {name}"


def test_the_guide_shows_every_view() -> None:
    told = GUIDE.read_text("utf-8")
    assert replace_gallery(told, write_gallery()) == told, "`make screenshots` writes it anew"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_shows_a_picture_that_is_not_there(page: Path) -> None:
    shown = re.findall(r'(?:src|srcset)="([^"]+)"', page.read_text("utf-8"))
    assert shown
    assert [name for name in shown if not (page.parent / name).is_file()] == []


def test_a_guide_without_a_place_for_pictures_is_left_alone() -> None:
    with pytest.raises(ValueError, match="has no marks for pictures"):
        replace_gallery("# The dashboards\n", write_gallery())


def test_no_picture_is_kept_of_a_view_that_is_gone() -> None:
    wanted = {image_name(view.path, scheme) for view in VIEWS for scheme in SCHEMES}
    assert {path.name for path in IMAGES.glob("dashboards-*.png")} == wanted


def test_a_picture_takes_little_room_and_shows_the_same(tmp_path: Path) -> None:
    plain = Image.new("RGB", (DESK["width"], DESK["height"]), "#0b5cad")
    drawn = io.BytesIO()
    plain.save(drawn, "PNG")
    path = tmp_path / "small.png"
    write_small(path, drawn.getvalue())
    assert path.stat().st_size < LARGEST_BYTES
    with Image.open(path) as written:
        assert written.size == plain.size
        assert written.convert("RGB").getpixel((9, 9)) == (0x0B, 0x5C, 0xAD)


def test_a_picture_that_takes_too_much_room_is_refused(tmp_path: Path) -> None:
    drawn = io.BytesIO()
    Image.effect_noise((1280, 800), 90).save(drawn, "PNG")
    with pytest.raises(ValueError, match=r"small\.png has [\d,]+ bytes: 150,000 at most"):
        write_small(tmp_path / "small.png", drawn.getvalue())
    assert not (tmp_path / "small.png").exists()
