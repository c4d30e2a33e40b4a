"""Draw the app's icons, and write them beside this file: `python draw_icons.py`.

Our own work: a tick in a ring on the colour of the app. Everything that matters lies within the
inner 80 %, which a mask of any telephone leaves (W3C: maskable icons).
"""

import struct
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
SIZES = (180, 192, 512)
GROUND, INK = (11, 61, 102), (255, 255, 255)
RING_RADIUS, RING_WIDTH = 0.30, 0.065
TICK = ((0.37, 0.51), (0.465, 0.605), (0.64, 0.415))
TICK_WIDTH = 0.075
OVERSAMPLING = 4

_LINE = " L".join(f"{x * 100:g} {y * 100:g}" for x, y in TICK)
SVG = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">
<rect width="100" height="100" fill="#{"".join(f"{one:02x}" for one in GROUND)}"/>
<g fill="none" stroke="#fff" stroke-linecap="round" stroke-linejoin="round">
<circle cx="50" cy="50" r="{RING_RADIUS * 100:g}" stroke-width="{RING_WIDTH * 100:g}"/>
<path d="M{_LINE}" stroke-width="{TICK_WIDTH * 100:g}"/>
</g>
</svg>
"""

Pixels = NDArray[np.uint8]
Shares = NDArray[np.float64]


def draw(size: int) -> Pixels:
    """Return an icon, `size` x `size` x 3, each pixel the mean of what lies in it."""
    steps = (np.arange(size * OVERSAMPLING) + 0.5) / (size * OVERSAMPLING)
    x, y = np.meshgrid(steps, steps)
    is_ink = np.abs(np.hypot(x - 0.5, y - 0.5) - RING_RADIUS) <= RING_WIDTH / 2
    for start, end in pairwise(TICK):
        is_ink |= _distance(x, y, start, end) <= TICK_WIDTH / 2
    share = is_ink.reshape(size, OVERSAMPLING, size, OVERSAMPLING).mean(axis=(1, 3))[..., None]
    mixed = np.array(INK) * share + np.array(GROUND) * (1 - share)
    pixels: Pixels = np.rint(mixed).astype(np.uint8)
    return pixels


def write_png(pixels: Pixels) -> bytes:
    """Return an RGB image as PNG (ISO/IEC 15948)."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _distance(x: Shares, y: Shares, start: tuple[float, float], end: tuple[float, float]) -> Shares:
    """Return how far each point is from a line between two others."""
    (x0, y0), (x1, y1) = start, end
    along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2)
    along = np.clip(along, 0, 1)
    distances: Shares = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
    return distances


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    (FOLDER / "icon.svg").write_text(SVG, "utf-8")
    for one in SIZES:
        (FOLDER / f"icon-{one}.png").write_bytes(write_png(draw(one)))
