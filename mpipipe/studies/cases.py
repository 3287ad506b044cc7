"""Cases of the tables: true components and what was measured of them, matrix by matrix (Tsanda 2025, section 3.4)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.config.restoration import ObservationConfig
from mpipipe.noise.series import BackgroundSeries
from mpipipe.restoration.method import Restorer
from mpipipe.restoration.normalise import to_unit_peak
from mpipipe.restoration.observation import Observed, observe
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
    truth : (component, x, y[, z]) ndarray of complex64
        Components normalised to max|s| = 1.
    observed : Observed
        What was measured of them.
    channel, frequency : (component,) ndarray of int32
        Receive channel and frequency index.
    """

    matrix: int
    sigma: float
    truth: npt.NDArray[np.complex64]
    observed: Observed
    channel: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]

    def restored_by(self, method: Restorer) -> npt.NDArray[np.complex64]:
        """Return what a method makes of the observation, on the grid of the truth."""
        return self.observed.restored_by(method, self.sigma)

    @property
    def average_size(self) -> float:
        """Average number of voxels along an axis of the grid."""
        return float(np.mean(self.observed.grid))


def cases(
    matrices: Iterable[StoredMatrix],
    background: BackgroundSeries,
    observation: ObservationConfig,
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
    observation : ObservationConfig
        What is measured of a component.
    sigma : float
        Standard deviation of the complex noise.
    components : int or None
        Random components of each matrix; None takes all.
    seed_of : callable
        Seed for the matrix with this number: the same components, missing voxels and stretch of background whatever
        method is applied, so that methods can be compared in pairs.
    """
    for stored in matrices:
        rng = np.random.default_rng(seed_of(stored.matrix))
        count = len(stored.values)
        chosen = np.arange(count)
        if components is not None and components < count:
            chosen = np.sort(rng.choice(count, size=components, replace=False))
        truth = to_unit_peak(stored.values[chosen])
        channel, frequency = stored.channel[chosen], stored.frequency[chosen]
        frames = background.components(channel, frequency)
        yield Case(
            stored.matrix, sigma, truth, observe(truth, frames, observation, sigma, rng), channel, frequency
        )


def size_bin(average_size: float, edges: tuple[float, ...]) -> str:
    """Return the bin of an average grid size: open below and closed above, the first closed at both ends.

    A size beyond the edges belongs to the nearest bin.
    """
    number = int(np.clip(np.searchsorted(edges, average_size, side="left") - 1, 0, len(edges) - 2))
    return f"({edges[number]:g},{edges[number + 1]:g}]"
