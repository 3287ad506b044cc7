"""Scattered samples to pixels by what SciPy offers and by a plain loop."""

from collections.abc import Iterator

import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import cKDTree


class Delaunay:
    """Linear interpolation in Delaunay triangles; what lies outside becomes 0."""

    def __init__(self, points: np.ndarray, pixels: np.ndarray):
        self.interpolate, self.pixels = LinearNDInterpolator(points, np.zeros(len(points)), 0.0), pixels

    def apply(self, samples: np.ndarray) -> np.ndarray:
        """Return one image."""
        self.interpolate.values = samples.reshape(-1, 1).astype(float)
        return self.interpolate(self.pixels)


class GaussianLoop:
    """Average with Gaussian weights of the samples within three standard deviations, pixel by pixel."""

    def __init__(self, points: np.ndarray, pixels: np.ndarray, width: float):
        self.points, self.pixels, self.width, self.tree = points, pixels, width, cKDTree(points)

    def weights(self) -> Iterator[tuple[list[int], np.ndarray]]:
        """Yield samples and weights of each pixel."""
        found = self.tree.query_ball_point(self.pixels, 3 * self.width)
        for pixel, near in zip(self.pixels, found, strict=True):
            square = ((self.points[near] - pixel) ** 2).sum(axis=1)
            weight = np.exp(-square / (2 * self.width**2))
            yield near, weight / weight.sum()

    def apply(self, samples: np.ndarray) -> np.ndarray:
        """Return one image."""
        return np.array([weight @ samples[near] for near, weight in self.weights()])
