"""How far points are from the edges of polygons, on the ellipsoid, wherever the edges are.

Edges are straight between longitudes and latitudes, as GeoJSON draws them, and are cut into pieces
so short that each is as good as a piece of a great circle; those near a point are found in a tree
and measured. Nothing is projected, so neither the poles nor the antimeridian are special.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from rollcall.domain.geography.geodesy import (
    MEAN_RADIUS_M,
    SPHERE_MARGIN,
    Floats,
    find_direction,
    measure_distances_m,
    reach_degrees,
)

PIECE_DEGREES = 0.25
"""The arc of a great circle leaves a line this long by less than 8 m, in the middle."""

SAMPLE_COUNT = 1024
PAIRS_AT_ONCE = 4_000_000
"""What of points and pieces is compared at once: some 500 MB at the worst."""

NOBODY = -1

Indices = NDArray[np.int64]


class Nearest(NamedTuple):
    """What is nearest to each point.

    Attributes:
        distances_m: Metres to it; infinite where nothing is within reach.
        owners: Which polygon it belongs to, `NOBODY` where nothing is within reach; of several at
            the same distance the first.
    """

    distances_m: Floats
    owners: Indices


class Boundary:
    """The edges of polygons, holes included.

    Args:
        polygons: Longitudes on any turn.
    """

    def __init__(self, polygons: Sequence[shapely.Polygon]) -> None:
        starts, ends, self._owners = _cut_edges(polygons)
        turns = np.floor((starts[:, :1] + ends[:, :1] + 360) / 720) * [360, 0]
        self._starts, self._steps = starts - turns, ends - starts
        self._directions = find_direction(starts[:, 1], starts[:, 0])
        self._chords = find_direction(ends[:, 1], ends[:, 0]) - self._directions
        lines = np.stack([self._starts, self._starts + self._steps], axis=1)
        self._tree = shapely.STRtree(np.asarray(shapely.linestrings(lines)))
        self._densest = _count_densest(self._starts)
        every = max(1, len(starts) // SAMPLE_COUNT)
        self._sample = self._directions[::every]
        self._gap = _measure_gap(self._directions, np.repeat(self._sample, every, axis=0))

    def bound_distances_m(self, latitudes: Floats, longitudes: Floats) -> tuple[Floats, Floats]:
        """Return what the nearest edge is certainly not nearer than, and not beyond, in metres.

        It is cheap: of a detailed boundary only some places are asked.
        """
        angles = np.empty(len(latitudes))
        for chunk in _split(np.full(len(latitudes), len(self._sample))):
            towards = find_direction(latitudes[chunk], longitudes[chunk])
            closeness = (towards @ self._sample.T).max(axis=1)
            angles[chunk] = np.arccos(np.clip(closeness, -1, 1))
        least = np.maximum(angles - self._gap, 0) * MEAN_RADIUS_M / SPHERE_MARGIN
        return least, angles * MEAN_RADIUS_M * SPHERE_MARGIN

    def find_nearest(self, latitudes: Floats, longitudes: Floats, within_m: Floats) -> Nearest:
        """Find the edge nearest to each point.

        Args:
            latitudes: Degrees, within ±90.
            longitudes: Degrees, within ±180.
            within_m: How far from each point to look, metres.
        """
        count = len(latitudes)
        nearest = Nearest(np.full(count, np.inf), np.full(count, NOBODY))
        for chunk in _split(self._bound_pair_counts(latitudes, within_m)):
            found = self._measure_near(latitudes[chunk], longitudes[chunk], within_m[chunk])
            points, pieces, distances_m = found
            owners = self._owners[pieces]
            order = np.lexsort((owners, distances_m, points))
            first = order[np.unique(points[order], return_index=True)[1]]
            nearest.distances_m[chunk][points[first]] = distances_m[first]
            nearest.owners[chunk][points[first]] = owners[first]
        return nearest

    def _bound_pair_counts(self, latitudes: Floats, within_m: Floats) -> Floats:
        """Return how many pieces the window of each point may have, at the most."""
        up, aside = reach_degrees(latitudes, within_m)
        squares = (np.ceil(2 * up) + 2) * (np.ceil(2 * aside) + 2)
        bounds: Floats = np.minimum(squares * self._densest, len(self._owners))
        return bounds

    def _measure_near(
        self, latitudes: Floats, longitudes: Floats, within_m: Floats
    ) -> tuple[Indices, Indices, Floats]:
        """Return which points have which pieces within reach, and at what distance."""
        points, pieces = self._pair_near(latitudes, longitudes, within_m)
        latitude, longitude = latitudes[points], longitudes[points]
        along = self._project(find_direction(latitude, longitude), pieces)
        foot = self._starts[pieces] + along[:, None] * self._steps[pieces]
        distances_m = measure_distances_m(latitude, longitude, foot[:, 1], foot[:, 0])
        is_near = distances_m <= within_m[points]
        return points[is_near], pieces[is_near], distances_m[is_near]

    def _pair_near(
        self, latitudes: Floats, longitudes: Floats, within_m: Floats
    ) -> tuple[Indices, Indices]:
        """Pair each point with the pieces in its window, on whichever side of the antimeridian."""
        up, aside = reach_degrees(latitudes, within_m)
        found = []
        for turn in (-360.0, 0.0, 360.0):
            west, east = longitudes - aside + turn, longitudes + aside + turn
            spilling = np.flatnonzero(
                (west <= 180 + PIECE_DEGREES) & (east >= -180 - PIECE_DEGREES)
            )
            south, north = (latitudes - up)[spilling], (latitudes + up)[spilling]
            windows = shapely.box(west[spilling], south, east[spilling], north)
            points, pieces = self._tree.query(windows)
            found.append((spilling[points], pieces))
        points, pieces = (np.concatenate(one) for one in zip(*found, strict=True))
        return points, pieces

    def _project(self, towards: Floats, pieces: Indices) -> Floats:
        """Return where on each piece the point is nearest: 0 at its start, 1 at its end."""
        chords = self._chords[pieces]
        lengths = np.einsum("ij,ij->i", chords, chords)
        along = np.einsum("ij,ij->i", towards - self._directions[pieces], chords)
        # a piece along a pole has no length
        shares = np.divide(along, lengths, out=np.zeros_like(along), where=lengths > 0)
        clipped: Floats = np.clip(shares, 0, 1)
        return clipped


def _cut_edges(polygons: Sequence[shapely.Polygon]) -> tuple[Floats, Floats, Indices]:
    """Return starts and ends (longitude, latitude) of short pieces, and whose they are."""
    rings, owners = shapely.get_rings(np.asarray(polygons), return_index=True)
    corners, ring_of = shapely.get_coordinates(rings, return_index=True)
    is_edge = ring_of[1:] == ring_of[:-1]
    starts, steps = corners[:-1][is_edge], np.diff(corners, axis=0)[is_edge]
    counts = np.maximum(1, np.ceil(np.abs(steps).max(axis=1) / PIECE_DEGREES).astype(np.int64))
    edges = np.repeat(np.arange(len(starts)), counts)
    places = np.arange(len(edges)) - np.repeat(np.cumsum(counts) - counts, counts)
    before, after = (
        starts[edges] + (place / counts[edges])[:, None] * steps[edges]
        for place in (places, places + 1)
    )
    return before, after, owners[ring_of[:-1][is_edge]][edges]


def _measure_gap(directions: Floats, samples: Floats) -> float:
    """Return how far, in radians, a piece may be from the sample that stands for it."""
    closeness = np.einsum("ij,ij->i", directions, samples[: len(directions)]).min()
    # twice, because a piece goes both up and aside
    return float(np.arccos(min(closeness, 1)) + 2 * np.radians(PIECE_DEGREES))


def _count_densest(places: Floats) -> int:
    """Return the most places in any square of one degree."""
    squares = np.floor(places[:, 1]) * 360 + np.floor(places[:, 0])
    return int(np.unique(squares, return_counts=True)[1].max())


def _split(pair_counts: Floats) -> Iterator[slice]:
    """Cut points into runs that have about `PAIRS_AT_ONCE` pairs each."""
    runs = np.cumsum(pair_counts) // PAIRS_AT_ONCE
    starts = np.flatnonzero(np.diff(runs, prepend=-1))
    return (slice(*ends) for ends in pairwise([*starts.tolist(), len(runs)]))
