"""Cases of the denoising table: true components, the same with background noise, item by item (Tsanda 2025, 3.4)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.noise.series import BackgroundSeries, draw_background
from mpipipe.restoration.normalise import to_unit_peak
from mpipipe.storage.ensemble import StoredMatrix


@dataclass(frozen=True)
class Case:
    """Components of one system matrix at one noise level.

    Attributes
    ----------
    matrix : int
        Item: row of the parameter table.
    sigma : float
        Standard deviation of the complex noise at max|s| = 1.
    truth, noisy : (component, x, y[, z]) ndarray of complex64
        Components normalised to max|s| = 1, without and with noise.
    channel, frequency : (component,) ndarray of int32
        Receive channel and frequency index.
    """

    matrix: int
    sigma: float
    truth: npt.NDArray[np.complex64]
    noisy: npt.NDArray[np.complex64]
    channel: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]


def cases(
    matrices: Iterable[StoredMatrix],
    background: BackgroundSeries,
    sigma: float,
    components: int | None,
    seed_of: Callable[[int], int],
) -> Iterator[Case]:
    """Yield one case a system matrix.

    Parameters
    ----------
    matrices : iterable of StoredMatrix
        System matrices of a split.
    background : BackgroundSeries
        Empty frames of the same split.
    sigma : float
        Standard deviation of the complex noise.
    components : int or None
        Random components of each matrix; None takes all.
    seed_of : callable
        Seed for the matrix with this number: the same components and the same stretch of background whatever method
        is applied, so that methods can be compared in pairs.
    """
    for stored in matrices:
        rng = np.random.default_rng(seed_of(stored.matrix))
        count = len(stored.values)
        chosen = np.arange(count)
        if components is not None and components < count:
            chosen = np.sort(rng.choice(count, size=components, replace=False))
        truth = to_unit_peak(stored.values[chosen])
        channel, frequency = stored.channel[chosen], stored.frequency[chosen]
        noise = draw_background(background.components(channel, frequency), stored.grid, sigma, rng)
        yield Case(stored.matrix, sigma, truth, truth + noise, channel, frequency)
