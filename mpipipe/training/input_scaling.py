"""Normalisation of spectra before a perceptron, with statistics of the training scenes."""

from dataclasses import dataclass
from typing import Self, get_args

import numpy as np
import numpy.typing as npt

from mpipipe.config.perceptron import InputNormalisation
from mpipipe.errors import InputError

FloatArray = npt.NDArray[np.float64]
Inputs = npt.NDArray[np.float32]


@dataclass(frozen=True)
class InputScaling:
    """What is done to a spectrum u: ``(u - shift) / scale``; ``sample_max`` then divides by the largest modulus.

    Attributes
    ----------
    normalisation : str
        Name of the rule, as in `mpipipe.config.perceptron.PerceptronTraining`.
    shift, scale : (harmonic,) ndarray of float64
        In the unit of the spectra, part of what a training stores.
    """

    normalisation: InputNormalisation
    shift: FloatArray
    scale: FloatArray

    @classmethod
    def fit(cls, normalisation: InputNormalisation, spectra: npt.ArrayLike, floor: float = 0.0) -> Self:
        """Return the scaling that the training scenes give.

        Parameters
        ----------
        normalisation : str
            Name of the rule. ``feature_scale`` does not subtract the mean that its standard deviation is about.
        spectra : (scene, harmonic) array_like of float
            Spectra of the training scenes.
        floor : float
            Smallest divisor of a harmonic over the largest one.

        Raises
        ------
        InputError
            When the rule has no such name, or the spectra do not vary or are not finite.
        """
        if normalisation not in get_args(InputNormalisation):
            expected = ", ".join(get_args(InputNormalisation))
            raise InputError(f"normalisation: found {normalisation!r}, expected one of {expected}")
        u = check_spectra(spectra)
        zeros, ones = np.zeros(u.shape[1]), np.ones(u.shape[1])
        if normalisation == "sample_max":
            return cls(normalisation, zeros, ones)
        deviation = u.std() * ones if normalisation == "global_scale" else u.std(axis=0)
        # A harmonic that does not vary at all has no scale of its own.
        scale = np.maximum(deviation, max(floor, np.finfo(np.float64).tiny) * deviation.max())
        if not scale.all():
            raise InputError(f"spectra: found {len(u)} that do not differ, expected scenes that vary")
        return cls(normalisation, u.mean(axis=0) if normalisation == "feature_standard" else zeros, scale)

    def apply(self, spectra: npt.ArrayLike) -> Inputs:
        """Return normalised spectra; a spectrum of zeros stays so under ``sample_max``.

        Parameters
        ----------
        spectra : (scene, harmonic) array_like of float
            In the unit of those that were fitted.

        Returns
        -------
        (scene, harmonic) ndarray of float32

        Raises
        ------
        InputError
            When axes do not fit, or a value is not finite.
        """
        scaled = (check_spectra(spectra, len(self.scale)) - self.shift) / self.scale
        if self.normalisation == "sample_max":
            largest = np.abs(scaled).max(axis=1, keepdims=True)
            scaled /= np.where(largest > 0, largest, 1)
        return scaled.astype(np.float32)


def check_spectra(spectra: npt.ArrayLike, harmonics: int | None = None) -> FloatArray:
    """Return spectra as float64, after a check of their shape ``(scene, harmonic)`` and values.

    Raises
    ------
    InputError
        When axes do not fit, or a value is not finite or not real.
    """
    u = np.asarray(spectra)
    fits = u.ndim == 2 and 0 not in u.shape and harmonics in (None, u.shape[-1]) and u.dtype.kind in "fiu"
    if not fits or not np.isfinite(u).all():
        raise InputError(
            f"spectra: found {u.dtype} of shape {u.shape}, expected finite real values (scene, "
            f"{harmonics or 'harmonic'})"
        )
    return u.astype(np.float64, copy=False)
