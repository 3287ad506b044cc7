r"""Fourier modes that carry the convolution of a scene with a smooth kernel, along one axis.

A kernel that is even along the axis turns ``cos(k r)`` into ``cos(k x)`` and ``sin(k r)`` into ``sin(k x)`` times its
coefficient ``int h(d) cos(k d) dd``; an odd one turns them into ``sin(k x)`` and ``-cos(k x)`` times
``int h(d) sin(k d) dd``. All matrices are real and order the modes alike: cosines of 0, 1, ..., K, then sines of
1, ..., K.
"""

from dataclasses import dataclass
from math import floor, pi
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

CUTOFF = 5.0
"""Highest frequency in radians a unit of the coordinate."""
SPACING = 0.3
"""Distance of spline nodes, and of the samples of the kernel, in units of the coordinate."""
BLEND = 4.0
"""Half width of the blend between copies of the kernel in its deviations; likewise the cut-off in the spectrum's."""


@dataclass(frozen=True)
class Modes:
    """Matrices from pixels to modes and from modes to spline nodes, and from a kernel to its coefficients.

    Attributes
    ----------
    analysis : (pixel, mode) ndarray of float32
        Modes at the pixels.
    even, odd : (node, mode) ndarray of float32
        Cubic B-spline coefficients of the modes after a kernel that is even or odd along this axis.
    offset : (offset,) ndarray of float64
        Offsets, from 0 to where the kernel ends, at which it is wanted.
    even_kernel, odd_kernel : (mode, offset) ndarray of float64
        From an even or odd kernel at the offsets to its coefficients.
    first_node : int
        Index of the first node; node j lies at ``j * SPACING``.
    """

    analysis: Float32Array
    even: Float32Array
    odd: Float32Array
    offset: FloatArray
    even_kernel: FloatArray
    odd_kernel: FloatArray
    first_node: int

    @classmethod
    def of(cls, pixels: FloatArray, path: FloatArray) -> Self:
        """Return the modes for sources at `pixels` and points `path` where the convolution is wanted.

        The period holds every difference between a pixel and the path, and a blend: the kernel is multiplied by a
        window that is 1 for these differences and adds up to 1 with its copies, a step smoothed by a Gaussian. The
        spectrum of its edge ends at the cut-off like the Gaussian in space at the blend's ends.

        Parameters
        ----------
        pixels : (pixel,) ndarray of float64
            Coordinates of the sources.
        path : (time,) ndarray of float64
            Coordinates of the points.
        """
        reach = max(pixels.max() - path.min(), path.max() - pixels.min())
        deviation = BLEND / CUTOFF
        middle = reach + BLEND * deviation
        offset = np.arange(0, middle + BLEND * deviation, SPACING)
        # Trapezoidal rule over both halves of the kernel.
        weight = 2 * SPACING * ndtr((middle - offset) / deviation)
        weight[0] /= 2
        k = pi / middle * np.arange(floor(CUTOFF * middle / pi) + 1)
        low, high = floor(path.min() / SPACING) - 1, floor(path.max() / SPACING) + 2
        nodes = SPACING * np.arange(low, high + 1)
        # A series of period 2 middle, over the spectrum of the cubic B-spline.
        gain = np.where(k > 0, 1, 0.5) / middle / np.sinc(k * SPACING / (2 * pi)) ** 4
        cosine, sine = gain * np.cos(np.outer(nodes, k)), gain * np.sin(np.outer(nodes, k))
        return cls(
            analysis=_join(np.cos(np.outer(pixels, k)), np.sin(np.outer(pixels, k))).astype(np.float32),
            even=_join(cosine, sine).astype(np.float32),
            odd=_join(sine, -cosine).astype(np.float32),
            offset=offset,
            even_kernel=_repeat(weight * np.cos(np.outer(k, offset))),
            odd_kernel=_repeat(weight * np.sin(np.outer(k, offset))),
            first_node=low,
        )


def _join(cosines: FloatArray, sines: FloatArray) -> FloatArray:
    """Put the columns of the cosine modes before those of the sine modes, which have no mode 0."""
    return np.concatenate([cosines, sines[:, 1:]], axis=1)


def _repeat(coefficients: FloatArray) -> FloatArray:
    """Give the cosine and the sine modes of a frequency the same row."""
    return np.concatenate([coefficients, coefficients[1:]])
