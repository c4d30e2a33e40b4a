"""The pictures of the dashboards: there is one of each view, light and dark, and pages show it."""

import io
from pathlib import Path

import pytest
from PIL import Image

from dashboards.navigation import VIEWS
from rollcall.settings import PROJECT_FOLDER
from tests.screenshots import DESK, IMAGES, LARGEST_BYTES, SCHEMES, image_name, write_small

PAGES = ("README.md", "docs/dashboards.md")


@pytest.mark.parametrize("path", [view.path for view in VIEWS])
def test_every_view_has_its_pictures_and_a_page_shows_them(path: str) -> None:
    """`make screenshots` takes them; docs/dashboards.md shows those that README.md does not."""
    told = "\n".join((PROJECT_FOLDER / page).read_text("utf-8") for page in PAGES)
    for scheme in SCHEMES:
        name = image_name(path, scheme)
        assert (IMAGES / name).is_file(), f"`make screenshots` makes {name}"
        assert f"images/{name}" in told, name


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
