r"""The Wiener filter in the principal components of signals (Karhunen-Loève), from pairs of noisy periods alone.

Signals are folded and written in sines, in which stationary noise is uncorrelated, and each sine is divided by the standard
deviation of its noise, which the difference of the periods tells. In these coordinates noise is white of variance 1:

1. Directions: eigenvectors of the covariance of noisy periods, ``R = <(z1 z1^T + z2 z2^T)/2>``. White noise does not turn
   them. The largest of the cross covariance would be those in which the noises of both periods happen to agree.
2. Within them, the cross covariance ``C = <(z1 z2^T + z2 z1^T)/2>`` is that of the signals without noise, unbiased, as the
   noises are independent. Its eigenvectors are the components, its eigenvalues their powers λ.
3. Each component has the gain λ/(λ + f), the estimate of least mean square error at f = 1.

For m items and n = (T - 1) // 2 sines, a filter costs ``4 m n min(n, 2m)`` operations for the covariance and about
``2 min(n, 2m)^3`` for its eigenvectors.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from mpipipe.errors import InputError
from mpipipe.signals.periods import Periods, Signals, blocks, normalised_periods
from mpipipe.signals.symmetry import from_sine_coefficients, sine_coefficients

Matrix = npt.NDArray[np.float32]

SMALLEST_NOISE = 1e-6
"""Least noise power of a sine over the mean power of a sine, so that periods without noise can be divided by it."""


@dataclass(frozen=True)
class SubspaceFilter:
    """Coefficients of a signal in a basis, gain, and synthesis; the basis is odd, so that it folds as well.

    Attributes
    ----------
    basis : (component, time) ndarray of float32
        Orthonormal odd signals.
    gain : (component, component) ndarray of float32
        From coefficients of a noisy period to those of the estimate.
    """

    basis: Matrix
    gain: Matrix

    def apply(self, signals: Signals) -> Signals:
        """Return the estimates of signals.

        Parameters
        ----------
        signals : (item, time) ndarray of float32
            One period an item, with noise.

        Returns
        -------
        (item, time) ndarray of float32

        Raises
        ------
        InputError
            A period of another length than the basis is for.
        """
        if signals.shape[-1] != self.basis.shape[1]:
            raise InputError(f"signals: found {signals.shape[-1]} samples, expected {self.basis.shape[1]}")
        return np.asarray((signals @ self.basis.T) @ self.gain.T @ self.basis, np.float32)


@dataclass(frozen=True)
class NoisySubspace:
    """Strongest directions of noisy signals, and the covariance of the noise-free ones in them.

    Attributes
    ----------
    time : int
        Samples of a period.
    noise : (sine,) ndarray of float32
        Standard deviation of the noise of each sine.
    directions : (direction, sine) ndarray of float32
        Orthonormal, the strongest first, in coefficients over `noise`.
    covariance : (direction, direction) ndarray of float64
        Of the noise-free signals.
    """

    time: int
    noise: Matrix
    directions: Matrix
    covariance: npt.NDArray[np.float64]

    @classmethod
    def of(cls, periods: Periods, rank: int) -> Self:
        """Find the directions of training pairs.

        Parameters
        ----------
        periods : (item, 2, time) ndarray of float32
            Pairs of noisy periods; they are divided by the root mean square of the first.
        rank : int
            Directions, or as many as there are.
        """
        time = periods.shape[-1]
        z = np.empty((len(periods), 2, (time - 1) // 2), np.float32)
        for block in blocks(len(periods)):
            z[block] = sine_coefficients(normalised_periods(periods[block]))
        noise = _noise_level(z)
        z /= noise
        directions = _leading_directions(z.reshape(-1, z.shape[-1]), rank)
        first, second = np.moveaxis((z @ directions.T).astype(np.float64), 1, 0)
        cross = first.T @ second / len(periods)
        return cls(time, noise, directions, (cross + cross.T) / 2)

    def filter(self, rank: int, noise_factor: float = 1.0) -> SubspaceFilter:
        """Return the filter of the strongest directions, at most `rank` of them.

        Parameters
        ----------
        rank : int
            Directions that are used.
        noise_factor : float
            Factor f of the noise in the gain, at least 0.
        """
        power, rotation = np.linalg.eigh(self.covariance[:rank, :rank])
        present = power > 0
        gain = power[present] / (power[present] + noise_factor)
        components = rotation[:, present].T @ self.directions[:rank]
        # Coloured noise tilts analysis and synthesis apart; one orthonormal basis holds both.
        analysis, synthesis = components / self.noise, gain[:, None] * components * self.noise
        basis, _ = np.linalg.qr(np.concatenate([analysis, synthesis]).T)
        whole = (basis.T @ synthesis.T) @ (analysis @ basis)
        return SubspaceFilter(
            from_sine_coefficients(basis.T, self.time).astype(np.float32), whole.astype(np.float32)
        )

    def frequency_weight(self) -> Matrix:
        """Return the usual noise power over that of each frequency, at most 1, ``(frequency,)``: small where interference is.

        Frequencies that an odd signal does not have, 0 and half the sampling rate, have weight 1.
        """
        power = np.square(self.noise, dtype=np.float64)
        weight = np.ones(self.time // 2 + 1, np.float32)
        weight[1 : 1 + len(power)] = np.minimum(1, np.median(power) / power)
        return weight


def _noise_level(z: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the standard deviation ``(sine,)`` of the noise of coefficients ``(item, period, sine)``."""
    difference = z[:, 0] - z[:, 1]
    power = 0.5 * np.einsum("is,is->s", difference, difference, dtype=np.float64) / len(z)
    least = SMALLEST_NOISE * np.einsum("ips,ips->", z, z, dtype=np.float64) / z.size
    return np.asarray(np.sqrt(np.maximum(power, least)), np.float32)


def _leading_directions(rows: Matrix, rank: int) -> Matrix:
    """Return the leading right singular vectors ``(direction, sine)`` of rows, by the smaller of both Gram matrices."""
    count, sines = rows.shape
    gram = rows.T @ rows if sines <= count else rows @ rows.T
    kept = min(rank, len(gram))
    _, vectors = eigh(gram, subset_by_index=(len(gram) - kept, len(gram) - 1), overwrite_a=True)
    leading = np.ascontiguousarray(vectors.T[::-1])
    if sines <= count:
        return leading
    # Rows of the product are orthogonal; their norms are the singular values, and those without signal or noise drop out.
    spanned = leading @ rows
    norm = np.linalg.norm(spanned, axis=1, keepdims=True)
    real = norm[:, 0] > np.finfo(np.float32).eps * len(gram) * norm[0]
    return np.asarray(spanned[real] / norm[real], np.float32)
