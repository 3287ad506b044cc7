"""Training spectra from repeated calibrations: mixtures of blocks, drift and noise as they are between the blocks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.signals.cyclic_shift import best_shift, shifted, unit_norm

Complex = npt.NDArray[np.complex128]
FloatArray = npt.NDArray[np.float64]
Orders = npt.NDArray[np.int64]

DIVISIONS = 20
"""Steps of a sample at which blocks are aligned; at 152 samples a period 1/20 of one turns order k by 0.12° k."""


@dataclass(frozen=True)
class Repeatability:
    """How repeats of a calibration differ.

    Attributes
    ----------
    noise : (order,) ndarray of float64
        Standard deviation of the complex harmonics of rows of norm 1, after gain and shift of each row are taken out.
    drift : float
        Largest cyclic shift between two blocks at one position, in samples.
    gain : float
        Largest ratio of two norms at one position.
    """

    noise: FloatArray
    drift: float
    gain: float


def measure_repeatability(blocks: Complex, orders: Orders, count: int) -> Repeatability:
    r"""Measure how blocks differ from each other.

    Rows are divided by their norms and aligned to the first block by a cyclic shift; what is left is noise,

    .. math:: \sigma_k^2 = \frac{1}{P (B - 1)} \sum_{b, p} |v_{b p k} - \bar v_{p k}|^2 .

    Parameters
    ----------
    blocks : (block, position, order) ndarray of complex128
        Repeats, two or more.
    orders : (order,) ndarray of int64
        Numbers of the harmonics.
    count : int
        Samples of a period.

    Raises
    ------
    InputError
        When there are fewer than two blocks.
    """
    if blocks.ndim != 3 or len(blocks) < 2:
        raise InputError(f"blocks: found shape {blocks.shape}, expected two or more (block, position, order)")
    rows = unit_norm(blocks)
    first = np.broadcast_to(rows[0], rows.shape)
    shift = best_shift(rows, first, orders, count, divisions=DIVISIONS)
    aligned = shifted(rows, orders, shift, count)
    spread = (np.abs(aligned - aligned.mean(axis=0)) ** 2).sum(axis=(0, 1))
    norms = np.linalg.norm(blocks, axis=-1)
    return Repeatability(
        noise=np.sqrt(spread / (blocks.shape[1] * (len(blocks) - 1))),
        drift=float(np.ptp(shift, axis=0).max()),
        gain=float((norms.max(axis=0) / norms.min(axis=0)).max()),
    )


def draw_spectra(
    blocks: Complex,
    orders: Orders,
    count: int,
    repeatability: Repeatability,
    items: int,
    rng: np.random.Generator,
) -> tuple[Complex, npt.NDArray[np.int64]]:
    """Draw spectra of one sample: a random mixture of the blocks at a random position, shifted, with noise.

    Weights of the blocks are uniform among those that sum to 1 (their rows have norm 1 first, so that no block counts for
    more), the shift is uniform within the drift, and the noise is normal.

    Parameters
    ----------
    blocks : (block, position, order) ndarray of complex128
        Repeats.
    orders : (order,) ndarray of int64
        Numbers of the harmonics.
    count : int
        Samples of a period.
    repeatability : Repeatability
        Drift and noise.
    items : int
        Spectra to draw.
    rng : numpy.random.Generator
        What draws them.

    Returns
    -------
    spectra : (item, order) ndarray of complex128
    positions : (item,) ndarray of int64
        Number of the position of each.
    """
    positions = rng.integers(blocks.shape[1], size=items)
    weights = rng.dirichlet(np.ones(len(blocks)), items)
    rows = unit_norm(blocks)[:, positions]
    mixed = unit_norm(np.einsum("ib,bik->ik", weights, rows))
    moved = shifted(mixed, orders, rng.uniform(-1, 1, items) * repeatability.drift, count)
    noise = rng.standard_normal(moved.shape) + 1j * rng.standard_normal(moved.shape)
    return moved + repeatability.noise / np.sqrt(2) * noise, positions
