"""Primitives of phantoms, each a signed distance: negative inside, zero on the surface, in mm.

A shape is given in three dimensions. On a 2-D grid it is its outline in the xy-plane.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mpipipe.scenes.polyline import distance_to_polyline

Point = tuple[float, float, float]
Points = npt.NDArray[np.float64]


class Shape(Protocol):
    """Anything with a signed distance that changes by at most 1 mm a mm."""

    def distance(self, points: Points) -> npt.NDArray[np.float64]:
        """Return the signed distance in mm of points ``(..., axis)``, with two or three axes."""
        ...


@dataclass(frozen=True)
class Box:
    """A rectangle or cuboid along the axes.

    Attributes
    ----------
    centre, size : (x, y, z) float
        Centre and edge lengths, in mm.
    """

    centre: Point
    size: Point

    def distance(self, points: Points) -> npt.NDArray[np.float64]:
        """Return the signed distance in mm."""
        axes = points.shape[-1]
        return _corner(np.abs(points - self.centre[:axes]) - np.array(self.size[:axes]) / 2)


@dataclass(frozen=True)
class Ball:
    """A disc or ball.

    Attributes
    ----------
    centre : (x, y, z) float
        Centre, in mm.
    diameter : float
        Diameter, in mm.
    """

    centre: Point
    diameter: float

    def distance(self, points: Points) -> npt.NDArray[np.float64]:
        """Return the signed distance in mm."""
        return _length(points - self.centre[: points.shape[-1]]) - self.diameter / 2


@dataclass(frozen=True)
class Tube:
    """A straight round tube with flat ends, at any angle; in 2-D a rotated rectangle.

    Attributes
    ----------
    start, end : (x, y, z) float
        Centres of the two ends, in mm. On a 2-D grid the tube is projected on the xy-plane.
    diameter : float
        Diameter, in mm.
    """

    start: Point
    end: Point
    diameter: float

    def distance(self, points: Points) -> npt.NDArray[np.float64]:
        """Return the signed distance in mm."""
        start, end = (np.array(p[: points.shape[-1]]) for p in (self.start, self.end))
        length = float(_length(end - start))
        if length == 0:  # a tube along z, seen from above
            return _length(points - start) - self.diameter / 2
        direction = (end - start) / length
        offset = points - (start + end) / 2
        along = offset @ direction
        across = _length(offset - along[..., None] * direction)
        return _corner(np.stack([np.abs(along) - length / 2, across - self.diameter / 2], axis=-1))


@dataclass(frozen=True)
class Path:
    """A bent round tube with round ends along a line of points.

    Attributes
    ----------
    points : tuple of (x, y, z) float
        Corners of the centre line, in mm.
    diameter : float
        Diameter, in mm.
    """

    points: tuple[Point, ...]
    diameter: float

    def distance(self, points: Points) -> npt.NDArray[np.float64]:
        """Return the signed distance in mm."""
        axes = points.shape[-1]
        corners = np.ascontiguousarray(np.array(self.points, dtype=np.float64)[:, :axes])
        flat = np.ascontiguousarray(points.reshape(-1, axes), dtype=np.float64)
        return np.asarray(distance_to_polyline(flat, corners).reshape(points.shape[:-1]) - self.diameter / 2)


def _length(vectors: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.asarray(np.sqrt(np.einsum("...a,...a->...", vectors, vectors)))


def _corner(excess: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the distance from a product of intervals, given how far each coordinate lies outside its own."""
    inside = np.minimum(excess.max(axis=-1), 0)
    return np.asarray(_length(np.maximum(excess, 0)) + inside)
