"""The classical inverses of the inversion study: tuned for each noise level, and scored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from mpipipe.config.line_inverse import (
    LineInverseName,
    LineInverseSearch,
    LineInverseSettings,
    TikhonovConfig,
    TruncatedSvdConfig,
)
from mpipipe.errors import InputError
from mpipipe.noise.spectrum_noise import add_white_noise
from mpipipe.reconstruction.svd_inverse import SvdInverse

Array = npt.NDArray[np.float64]
METHODS: tuple[LineInverseName, ...] = get_args(LineInverseName)


@dataclass(frozen=True)
class TunedInverse:
    """A classical inverse with its best settings at a noise level.

    Attributes
    ----------
    method : str
        Name.
    snr_db : float
        Noise level; infinity without noise.
    settings : LineInverseSettings
        Of all that were tried, those with the smallest error.
    mse : float
        Its mean squared error over validation scenes and voxels.
    edges : tuple of str
        Settings whose best value is the first or last of those tried, though the matrix allows values beyond.
    """

    method: LineInverseName
    snr_db: float
    settings: LineInverseSettings
    mse: float
    edges: tuple[str, ...]


def tune(
    inverse: SvdInverse,
    spectra: npt.ArrayLike,
    scenes: npt.ArrayLike,
    snr_levels_db: Sequence[float],
    search: LineInverseSearch,
    rng: np.random.Generator,
) -> list[TunedInverse]:
    """Return the best settings of every method at every noise level.

    The noise is drawn once a level, and all methods and settings see the same.

    Parameters
    ----------
    inverse : SvdInverse
        The factorised system matrix.
    spectra : (scene, harmonic) array_like of float
        Spectra of validation scenes without noise.
    scenes : (scene, voxel) array_like of float
        Validation scenes.
    snr_levels_db : sequence of float
        Noise levels in dB; infinity is no noise.
    search : LineInverseSearch
        Values that are tried.
    rng : numpy.random.Generator
        Draws the noise.

    Returns
    -------
    list of TunedInverse
        By noise level, then by method.

    Raises
    ------
    InputError
        Spectra and scenes that do not fit each other or the matrix.
    """
    truth = _checked(inverse, scenes)
    return [
        _best(method, inverse, noisy, truth, snr, search)
        for snr in snr_levels_db
        for noisy in [add_white_noise(spectra, snr, rng)]
        for method in METHODS
    ]


def reconstruct(inverse: SvdInverse, spectra: npt.ArrayLike, settings: LineInverseSettings) -> Array:
    """Return the estimates of scenes.

    Parameters
    ----------
    inverse : SvdInverse
        The factorised system matrix.
    spectra : (scene, harmonic) array_like of float
        Measurements.
    settings : LineInverseSettings
        Settings of a method, which say which one it is.

    Returns
    -------
    (scene, voxel) ndarray of float64
    """
    gain = _gain(inverse, settings)
    plain = inverse.image(inverse.coordinates(spectra), gain)
    return _estimate(plain, _offset(inverse, gain), settings)


def score(
    inverse: SvdInverse, spectra: npt.ArrayLike, scenes: npt.ArrayLike, settings: LineInverseSettings
) -> Array:
    """Return the mean squared error of each scene.

    Parameters
    ----------
    inverse : SvdInverse
        The factorised system matrix.
    spectra : (scene, harmonic) array_like of float
        Measurements of test scenes, with the noise that all methods see.
    scenes : (scene, voxel) array_like of float
        Test scenes.
    settings : LineInverseSettings
        Tuned settings.

    Returns
    -------
    (scene,) ndarray of float64

    Raises
    ------
    InputError
        Spectra and scenes that do not fit each other or the matrix.
    """
    return _errors(reconstruct(inverse, spectra, settings), _checked(inverse, scenes))


def _best(
    method: LineInverseName,
    inverse: SvdInverse,
    spectra: Array,
    truth: Array,
    snr_db: float,
    search: LineInverseSearch,
) -> TunedInverse:
    coordinates = inverse.coordinates(spectra)
    tried: list[tuple[float, LineInverseSettings]] = []
    for member in _members(method, inverse, search):
        gain = _gain(inverse, member)
        plain, offset = inverse.image(coordinates, gain), _offset(inverse, gain)
        tried += [
            (float(_errors(_estimate(plain, offset, settings), truth).mean()), settings)
            for settings in _knowledge(member, search)
        ]
    mse, settings = min(tried, key=lambda one: one[0])
    return TunedInverse(method, snr_db, settings, mse, _edges(settings, inverse, search))


def _members(
    method: LineInverseName, inverse: SvdInverse, search: LineInverseSearch
) -> list[LineInverseSettings]:
    """Return the inverses of a family that differ; ranks beyond that of the matrix are all its own."""
    if method == "Tikhonov":
        return [TikhonovConfig(regularization=value) for value in search.regularization]
    return [TruncatedSvdConfig(rank=rank) for rank in sorted({min(r, inverse.rank) for r in search.rank})]


def _knowledge(member: LineInverseSettings, search: LineInverseSearch) -> Iterator[LineInverseSettings]:
    for mean in search.prior_mean:
        for clip in search.clip:
            yield member.model_copy(update={"prior_mean": mean, "clip": clip})


def _gain(inverse: SvdInverse, settings: LineInverseSettings) -> Array:
    if isinstance(settings, TruncatedSvdConfig):
        return inverse.truncation(settings.rank)
    return inverse.ridge(settings.regularization)


def _offset(inverse: SvdInverse, gain: Array) -> Array:
    """Return what a prior mean of 1 adds to estimates, ``1 − V diag(g s) Vᵀ 1`` as ``(voxel,)``."""
    ones = inverse.right.sum(axis=1)
    return np.asarray(1 - (gain * inverse.singular_values * ones) @ inverse.right)


def _estimate(plain: Array, offset: Array, settings: LineInverseSettings) -> Array:
    estimate = plain + settings.prior_mean * offset
    return np.clip(estimate, 0, 1) if settings.clip else estimate


def _errors(estimate: Array, truth: Array) -> Array:
    if estimate.shape != truth.shape:
        raise InputError(f"scenes: found shape {truth.shape}, expected {estimate.shape} as of the spectra")
    difference = estimate - truth
    return np.asarray(np.einsum("sv,sv->s", difference, difference) / truth.shape[1])


def _edges(settings: LineInverseSettings, inverse: SvdInverse, search: LineInverseSearch) -> tuple[str, ...]:
    """Return the settings that a wider search could better; λ = 0 and all singular values end their ranges."""
    if isinstance(settings, TruncatedSvdConfig):
        at_edge = settings.rank not in (1, inverse.rank) and settings.rank in (
            min(search.rank),
            max(search.rank),
        )
        return ("rank",) if at_edge else ()
    value, values = settings.regularization, search.regularization
    return ("regularization",) if value != 0 and value in (min(values), max(values)) else ()


def _checked(inverse: SvdInverse, scenes: npt.ArrayLike) -> Array:
    c = np.asarray(scenes, np.float64)
    voxels = inverse.right.shape[1]
    if c.ndim != 2 or len(c) == 0 or c.shape[1] != voxels or not np.isfinite(c).all():
        raise InputError(f"scenes: found shape {c.shape}, expected finite values (scene, {voxels})")
    return c
