"""Pairs of noisy collinear images and particle distributions, both in the normalised unit (Ergun 2022, eq. 1)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from mpipipe.errors import InputError
from mpipipe.training.pairs import Pairs

Images = npt.NDArray[np.float32]
PARTITIONS = 2


class CollinearPairs:
    """Draws noise for clean collinear images, and normalises the pairs by the noisy ones.

    Noise is white on the samples of the coils, so on images it is that which was gridded as the signals are: a field of
    a bank, with either sign, times the standard deviation. Every image weighs the same in the loss, however strong its
    particles are.
    """

    def __init__(self, noise: Images, sigma: float, unit: float = 1.0, *, augment: bool = False) -> None:
        """Take the noise.

        Parameters
        ----------
        noise : (field, 2, x, y) ndarray of float32
            Gridded noise of unit variance, a field for both partitions.
        sigma : float
            Standard deviation of the noise on the samples, at least 0.
        unit : float
            Unit of the normalised truth, as `typical_maximum` gives it.
        augment : bool
            Mirror and transpose pairs at random, see `transformed`.

        Raises
        ------
        InputError
            When axes do not fit, a value is not finite, or pairs that are not square are to be transposed.
        """
        self._noise, self._sigma = check_collinear("noise", noise), np.float32(sigma)
        self._unit, self._augment = unit, augment
        if not (np.isfinite(sigma) and sigma >= 0):
            raise InputError(f"sigma: found {sigma}, expected a finite standard deviation of at least 0")
        if augment and noise.shape[2] != noise.shape[3]:
            raise InputError(f"augment: found images of shape {noise.shape[2:]}, expected square ones")

    def __call__(self, stacked: Images, rng: np.random.Generator) -> Pairs:
        """Return pairs of images as `stack_pairs` lays them out, ``(batch, 3, x, y)``."""
        field = rng.integers(len(self._noise), size=len(stacked))
        sign = rng.choice(np.array([-1, 1], np.float32), len(stacked))
        noise = self._sigma * sign[:, None, None, None] * self._noise[field]
        noisy = np.concatenate([stacked[:, :1], stacked[:, 1:] + noise], axis=1)
        if self._augment:
            turns = rng.integers(2, size=(len(stacked), 3)).astype(bool)
            noisy = np.stack([transformed(pair, *turn) for pair, turn in zip(noisy, turns, strict=True)])
        return normalised_pairs(noisy[:, 0], noisy[:, 1:], self._unit)


def normalisation_scale(collinear: Images) -> Images:
    """Return the largest pixel of the mean of both collinear images, the denominator of eq. (1).

    Parameters
    ----------
    collinear : (item, 2, x, y) ndarray of float32
        Images of the 45° and the 135° partition, in m.

    Returns
    -------
    (item,) ndarray of float32
        In m; not positive where there is nothing but noise below zero.
    """
    scale: Images = collinear.mean(axis=1, dtype=np.float32).max(axis=(1, 2))
    return scale


def normalised(images: Images, scale: Images) -> Images:
    """Return images ``(item, …)`` over their scale ``(item,)``; zeros where that is not positive."""
    usable = scale > 0
    factor = np.divide(1, scale, out=np.zeros_like(scale), where=usable)
    return images * factor.reshape(-1, *[1] * (images.ndim - 1))


def normalised_pairs(truth: Images, collinear: Images, unit: float = 1.0) -> Pairs:
    """Return network input X and target (eq. 1).

    Parameters
    ----------
    truth : (item, x, y) ndarray of float32
        Concentrations.
    collinear : (item, 2, x, y) ndarray of float32
        Images of the two partitions, with noise, in m.
    unit : float
        Unit of the normalised truth.

    Returns
    -------
    Pairs
        ``collinear / scale``, and ``truth / (scale · unit)``; both zero where the scale is not positive, as the image
        that is then returned.
    """
    scale = normalisation_scale(collinear)
    target = normalised(truth, scale) / np.float32(unit)
    return Pairs(torch.from_numpy(normalised(collinear, scale)), torch.from_numpy(target))


def typical_maximum(stacked: Images) -> float:
    """Return the median over images of the truth's maximum over the scale, in 1/m.

    Over it, targets are of order 1, as features and the initial weights expect them: concentrations and collinear images
    have different units, and the point spread decides about the factor between their maxima.

    Parameters
    ----------
    stacked : (item, 3, x, y) ndarray of float32
        As `stack_pairs` gives them, without noise.

    Raises
    ------
    InputError
        When no image has particles.
    """
    ratio = normalised(stacked[:, 0].max(axis=(1, 2)), normalisation_scale(stacked[:, 1:]))
    if not (ratio > 0).any():
        raise InputError("truth: found no image with particles and a positive signal, expected at least one")
    return float(np.median(ratio[ratio > 0]))


def transformed(pair: Images, mirror_x: bool, mirror_y: bool, transpose: bool) -> Images:
    """Return what would have been acquired of a mirrored or transposed scene.

    Half a period of the trajectory later one coordinate of the field-free point has changed its sign, so mirroring the
    scene along one axis mirrors both images and exchanges the partitions: velocities along 45° become ones along 135°.
    Both mirrors together, a turn by 180°, keep them. The transposition keeps each partition's directions too; it is exact
    up to the difference of the two drive frequencies.

    Parameters
    ----------
    pair : (3, x, y) ndarray of float32
        Truth and the images of the 45° and the 135° partition.
    mirror_x, mirror_y, transpose : bool
        What is done, in this order; the transposition needs as many pixels along x as along y.
    """
    if mirror_x:
        pair = pair[:, ::-1]
    if mirror_y:
        pair = pair[:, :, ::-1]
    if mirror_x != mirror_y:
        pair = pair[[0, 2, 1]]
    return pair.swapaxes(1, 2) if transpose else pair


def stack_pairs(truth: npt.NDArray[Any], collinear: npt.NDArray[Any]) -> Images:
    """Return truth and clean collinear images as one array ``(item, 3, x, y)`` of float32.

    Raises
    ------
    InputError
        When there are none, shapes do not fit, a value is not finite, or a concentration is negative.
    """
    images = check_collinear("collinear", collinear)
    if np.shape(truth) != (len(images), *images.shape[2:]):
        raise InputError(
            f"truth: found shape {np.shape(truth)}, expected {(len(images), *images.shape[2:])} of the collinear images"
        )
    stacked = np.concatenate([np.asarray(truth, np.float32)[:, None], images], axis=1)
    if not (np.isfinite(stacked[:, 0]).all() and (stacked[:, 0] >= 0).all()):
        raise InputError("truth: found NaN, infinity or a negative value, expected concentrations")
    return stacked


def check_collinear(name: str, images: npt.ArrayLike) -> Images:
    """Return images ``(item, 2, x, y)`` of float32.

    Raises
    ------
    InputError
        When there are none, axes do not fit, or a value is not finite.
    """
    array = np.asarray(images, np.float32)
    if array.ndim != 4 or array.shape[1] != PARTITIONS or 0 in array.shape:
        raise InputError(
            f"{name}: found shape {array.shape}, expected (item, {PARTITIONS}, x, y), at least one item"
        )
    if not np.isfinite(array).all():
        raise InputError(f"{name}: found NaN or infinity, expected finite values")
    return array
