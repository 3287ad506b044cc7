"""Richardson–Lucy deconvolution of collinear images, both at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from mpipipe.config.deconvolution import RichardsonLucyConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.blur import Blur, Images
from mpipipe.reconstruction.result import Reconstruction

FLOOR = np.float32(1e-6)
"""Least value of a blurred estimate, over the peak of the data: below lies the rounding of the transforms."""


@dataclass(frozen=True)
class RichardsonLucyState:
    """Everything that an iteration changes, for data with a peak of one.

    Attributes
    ----------
    images : (item, x, y) ndarray of float32
        Estimates.
    change : (item, x, y) ndarray of float32
        What the last iteration added to the estimates of the one before.
    correction : (item, x, y) ndarray of float32
        What the last iteration added to the point that it started from.
    momentum : (item,) ndarray of float32
        Length α of the next extrapolation, over the change.
    """

    images: Images
    change: Images
    correction: Images
    momentum: Images


def solve(blur: Blur, images: npt.ArrayLike, config: RichardsonLucyConfig) -> Reconstruction:
    r"""Estimate concentrations by the Richardson–Lucy iteration.

    .. math:: c \leftarrow \frac{c}{\sum_p H_p^T 1} \sum_p H_p^T \frac{y_p}{H_p c}

    from a constant image. It climbs the likelihood of Poisson data, keeps the estimate positive and explains the sum of
    the images. The denominator counts how much of each pixel the images see, which corrects the borders. The limit
    overfits noise: the number of iterations is what regularises, and is tuned. Data below zero, which a Poisson model
    cannot have, are clipped at zero.

    Accelerated, each iteration starts from the point ``c_k + α (c_k − c_{k−1})`` instead, at least a tenth of c_k, where
    α in [0, 1] is the correlation of the last two corrections.

    Parameters
    ----------
    blur : Blur
        H.
    images : (item, partition, x, y) array_like
        Collinear images y.
    config : RichardsonLucyConfig
        Iterations, acceleration.

    Returns
    -------
    Reconstruction
        Image ``(item, x, y)`` float32, at least 0; the residual is with respect to the data before clipping.

    Raises
    ------
    InputError
        When shapes do not fit, or values are not finite.

    Notes
    -----
    W. H. Richardson, J. Opt. Soc. Am. 62 (1972) 55; L. B. Lucy, Astron. J. 79 (1974) 745; for several views L. A. Shepp
    and Y. Vardi, IEEE Trans. Med. Imaging 1 (1982) 113. D. S. C. Biggs and M. Andrews, Appl. Opt. 36 (1997) 1766, for the
    acceleration.
    """
    y = blur.check(images)
    estimate = next(iterates(blur, y, [config.iterations], accelerated=config.accelerated))
    return Reconstruction(estimate, blur.relative_residual(y, estimate), config.iterations)


def iterates(
    blur: Blur, images: npt.ArrayLike, record_at: Sequence[int], *, accelerated: bool
) -> Iterator[Images]:
    """Yield the estimates after each of several numbers of iterations, from one run.

    Parameters
    ----------
    blur, images
        As in `solve`.
    record_at : sequence of int
        Increasing numbers of iterations.
    accelerated : bool
        As in the config.

    Yields
    ------
    (item, x, y) ndarray of float32
        Estimates, one for each number of iterations.

    Raises
    ------
    InputError
        As in `solve`, or when the numbers do not increase from at least 1.
    """
    y = blur.check(images)
    steps = list(record_at)
    if not steps or steps[0] < 1 or any(a >= b for a, b in pairwise(steps)):
        raise InputError(f"record_at: found {steps}, expected increasing numbers from at least 1")
    clipped = np.maximum(y, 0)
    peak = clipped.max(axis=(1, 2, 3), initial=0)[:, None, None]
    data = np.asarray(clipped / np.where(peak > 0, peak, 1)[:, None], np.float32)
    seen = sensitivity(blur)
    state = begin(seen, data)
    for step in range(1, steps[-1] + 1):
        state = advance(blur, seen, data, state, accelerated=accelerated)
        if step in steps:
            yield state.images * peak


def sensitivity(blur: Blur) -> Images:
    """Return how much the images see of each pixel, ``Σ H_pᵀ 1`` of shape (x, y), in m."""
    return np.asarray(blur.adjoint(np.ones((1, len(blur.weight), *blur.shape)))[0])


def begin(seen: Images, data: Images) -> RichardsonLucyState:
    """Return the constant images that explain the sum of the data, of which `seen` is the sensitivity."""
    level = data.sum(axis=(1, 2, 3), dtype=np.float64) / seen.sum(dtype=np.float64)
    images = np.broadcast_to(level[:, None, None], (len(data), *seen.shape)).astype(np.float32)
    still = np.zeros_like(images)
    return RichardsonLucyState(images, still, still, np.zeros(len(data), np.float32))


def advance(
    blur: Blur, seen: Images, data: Images, state: RichardsonLucyState, *, accelerated: bool
) -> RichardsonLucyState:
    """Return the state after one iteration; the state that is given is not changed."""
    start = state.images
    if accelerated:
        pushed = start + state.momentum[:, None, None] * state.change
        start = np.maximum(pushed, start / 10)
    ratio = data / np.maximum(blur.apply(start), FLOOR)
    images = start * (blur.adjoint(ratio) / seen)
    correction = images - start
    return RichardsonLucyState(
        images, images - state.images, correction, _momentum(correction, state.correction)
    )


def _momentum(now: Images, before: Images) -> Images:
    """Return the projection of this correction on the one before, ``(item,)``, kept between 0 and 1."""
    along = np.einsum("ixy,ixy->i", now, before, dtype=np.float64)
    length = np.einsum("ixy,ixy->i", before, before, dtype=np.float64)
    share = np.divide(along, length, out=np.zeros_like(along), where=length > 0)
    return np.asarray(np.clip(share, 0, 1), np.float32)
