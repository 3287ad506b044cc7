"""Regularised normal equations of a blur, and what inverts them nearly."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from mpipipe.reconstruction.blur import Blur, Images

Real = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NormalEquations:
    """The equations ``(HᵀH + λ‖H‖² P) c = Hᵀy`` of least squares with a quadratic penalty.

    Attributes
    ----------
    blur : Blur
        H.
    regularization, prior_exponent : float
        λ and q. P weighs each cosine of the field of view by |k|^q, with |k| in cycles per mm: for q = 2 it is the
        energy of the gradient, without a difference across the border.
    """

    blur: Blur
    regularization: float
    prior_exponent: float

    def apply(self, images: Images) -> Images:
        """Return the left-hand side of images ``(item, x, y)``."""
        white = self.prior_exponent == 0  # the cosines need not be looked at
        smooth = images * self._penalty[0, 0] if white else _filtered(images, self._penalty)
        return self.blur.adjoint(self.blur.apply(images)) + smooth

    def precondition(self, images: Images) -> Images:
        """Return what the inverse would give were the field of view mirrored at its borders.

        There every cosine is an eigenvector, and the inverse is the closed formula of Wiener's filter.
        """
        return _filtered(images, self._inverse)

    @cached_property
    def _penalty(self) -> Images:
        """λ‖H‖² |k|^q at each cosine ``(x, y)``."""
        squares = [
            (np.sin(np.pi * np.arange(size) / (2 * size)) / (np.pi * pixel)) ** 2
            for size, pixel in zip(self.blur.shape, self.blur.pixel_mm, strict=True)
        ]
        power = np.add.outer(*squares) ** (self.prior_exponent / 2)
        return np.asarray(self.regularization * self.blur.squared_norm * power, np.float32)

    @cached_property
    def _inverse(self) -> Images:
        """One over the eigenvalue of each cosine; weights that vary over the field of view count by their mean."""
        x, y = self.blur.shape
        transfer = self.blur.transfer[:, :x, :y]
        weight = self.blur.weight
        shares = np.einsum("pkxy,plxy->kl", weight, weight) / np.prod(weight.shape[2:])
        power = np.einsum("kl,kxy,lxy->xy", shares, transfer, transfer)
        return np.asarray(1 / (np.maximum(power, 0) + self._penalty), np.float32)


def _filtered(images: Images, factor: Images) -> Images:
    """Return images ``(item, x, y)`` whose cosines are multiplied by ``(x, y)`` factors."""
    cosines = fft.dctn(images, axes=(1, 2), norm="ortho")
    return np.asarray(fft.idctn(cosines * factor, axes=(1, 2), norm="ortho", overwrite_x=True))


def inner(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> Real:
    """Return the inner products ``(item,)`` of images ``(item, x, y)``."""
    return np.asarray(np.einsum("ixy,ixy->i", a, b, dtype=np.float64))
