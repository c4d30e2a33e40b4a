"""What the map is made with is what its makers published."""

import hashlib

from rollcall.settings import PROJECT_FOLDER

VENDOR = PROJECT_FOLDER / "dashboards" / "static" / "map" / "vendor"


def test_files_from_npm_are_as_they_were_there_and_each_has_its_licence() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text("utf-8").splitlines()
    told = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {path.name for path in VENDOR.iterdir()} - {"SHA256SUMS", "README.md"}
    assert told.keys() == files
    assert {"leaflet.LICENSE", "leaflet-geoman.LICENSE"} <= files
    for name, digest in told.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
