"""Longitudes that wrap, and distances on the ellipsoid (WGS 84)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EQUATOR_RADIUS_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
"""WGS 84, as in NIMA TR8350.2."""

POLE_DEGREES = 90.0
SEAM_DEGREES = 180.0
"""The latitude of the poles, and the longitude of the antimeridian."""

MEAN_RADIUS_M = 6_371_008.8
"""Of the sphere that stands for the ellipsoid, (2a + b) / 3."""

SPHERE_MARGIN = 1.01
"""Windows are this much wider: the sphere is 0.6 % wrong about the ellipsoid."""


def wrap_longitudes(longitudes: Floats) -> Floats:
    """Return longitudes within [-180, 180); those that are there already keep every bit."""
    is_beyond = (longitudes < -SEAM_DEGREES) | (longitudes >= SEAM_DEGREES)
    if not is_beyond.any():
        return longitudes
    wrapped = longitudes.copy()
    wrapped[is_beyond] = (longitudes[is_beyond] + 180) % 360 - 180
    return wrapped


def measure_distances_m(
    latitudes: Floats, longitudes: Floats, other_latitudes: Floats, other_longitudes: Floats
) -> Floats:
    """Return the geodesic distance of each pair of points, in metres.

    Lambert's formula for long lines: within 2 parts in a million of the geodesic below 10,000 km
    (compared with pyproj.Geod), less exact between near antipodes. Longitudes may be on any turn.

    Args:
        latitudes: Of the first points, degrees.
        longitudes: Of the first points, degrees.
        other_latitudes: Of the second points, degrees.
        other_longitudes: Of the second points, degrees.
    """
    first, second = (_reduce_latitudes(one) for one in (latitudes, other_latitudes))
    mean, half = (first + second) / 2, (second - first) / 2
    across = np.sin(np.radians(other_longitudes - longitudes) / 2) ** 2
    haversine = np.sin(half) ** 2 + np.cos(first) * np.cos(second) * across
    angle = 2 * np.arcsin(np.sqrt(np.clip(haversine, 0, 1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        along = np.sin(mean) ** 2 * np.cos(half) ** 2 / np.cos(angle / 2) ** 2
        aside = np.cos(mean) ** 2 * np.sin(half) ** 2 / np.sin(angle / 2) ** 2
        flattened = (angle - np.sin(angle)) * along + (angle + np.sin(angle)) * aside
    correction = FLATTENING / 2 * np.nan_to_num(flattened)
    distances: Floats = EQUATOR_RADIUS_M * (angle - correction)
    return distances


def find_direction(latitudes: Floats, longitudes: Floats) -> Floats:
    """Return unit vectors from the centre of the sphere, one row of three for each point."""
    phi, theta = np.radians(latitudes), np.radians(longitudes)
    level = np.cos(phi)
    return np.stack([level * np.cos(theta), level * np.sin(theta), np.sin(phi)], axis=-1)


def reach_degrees(latitudes: Floats, within_m: Floats) -> tuple[Floats, Floats]:
    """Return how far a circle around each point reaches, in degrees of latitude and of longitude.

    A circle that holds a pole reaches all longitudes (180).
    """
    angle = np.minimum(within_m * SPHERE_MARGIN / MEAN_RADIUS_M, np.pi)
    is_around_pole = np.radians(np.abs(latitudes)) + angle >= np.pi / 2
    level = np.where(is_around_pole, 1, np.cos(np.radians(latitudes)))
    sideways = np.arcsin(np.clip(np.sin(angle) / level, 0, 1))
    return np.degrees(angle), np.where(is_around_pole, 180, np.degrees(sideways))


def _reduce_latitudes(latitudes: Floats) -> Floats:
    reduced: Floats = np.arctan((1 - FLATTENING) * np.tan(np.radians(latitudes)))
    return reduced
