"""A fixed set of components, grouped by their grids, that methods are tuned and validated on."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mpipipe.config.restoration import ObservationConfig
from mpipipe.errors import InputError
from mpipipe.noise.series import BackgroundSeries
from mpipipe.restoration.normalise import to_unit_peak
from mpipipe.restoration.observation import Observed, observe
from mpipipe.training.source import ComponentArrays, Components, ComponentSource, concatenate

Complex = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class ObservedGroup:
    """Components of one grid and what was measured of them.

    Attributes
    ----------
    truth : (component, x, y[, z]) ndarray of complex64
        Ground truth with max|s| = 1.
    observed : Observed
        Measured voxels, with noise.
    """

    truth: Complex
    observed: Observed

    def part(self, start: int, stop: int) -> "ObservedGroup":
        """Return the components ``start`` to ``stop``."""
        own, known = self.observed, self.observed.known
        part = replace(own, values=own.values[start:stop], known=None if known is None else known[start:stop])
        return ObservedGroup(self.truth[start:stop], part)


def choose_components(source: ComponentSource, count: int, rng: np.random.Generator) -> ComponentArrays:
    """Choose components at random, spread evenly over the chunks of a split.

    Parameters
    ----------
    source : ComponentSource
        Validation split.
    count : int
        Number of components; a smaller split gives all that it has.
    rng : numpy.random.Generator
        Source of the choice.
    """
    if source.num_chunks < 1:
        raise InputError("validation split: found no components, expected at least one")
    order = rng.permutation(source.num_chunks)
    share = -(-count // source.num_chunks)
    picked: list[Components] = []
    for chunk in order[: -(-count // share)]:
        read = source.read_chunk(int(chunk))
        picked.append(_take(read, np.sort(rng.permutation(len(read.values))[:share])))
    joined = concatenate(picked)
    return _take(joined, np.arange(min(count, len(joined.values))))


def strongest_components(source: ComponentSource, per_matrix: int) -> ComponentArrays:
    """Choose the components of largest modulus of each system matrix, which carry most of an image.

    Parameters
    ----------
    source : ComponentSource
        Validation split.
    per_matrix : int
        Components of each matrix; a smaller one gives all that it has.
    """
    if source.num_chunks < 1:
        raise InputError("validation split: found no components, expected at least one")
    kept: list[Components] = []
    for chunk in range(source.num_chunks):
        joined = concatenate([*kept, source.read_chunk(chunk)])
        kept = [_take(joined, _strongest(joined, per_matrix))]
    return _take(kept[0], np.arange(len(kept[0].values)))


def observe_groups(
    components: Components,
    background: BackgroundSeries,
    config: ObservationConfig,
    sigma: float,
    rng: np.random.Generator,
) -> list[ObservedGroup]:
    """Normalise components to unit maximum and measure each with noise of standard deviation σ.

    Returns
    -------
    list of ObservedGroup
        One for each grid, in the order of the grids.
    """
    grids, group = np.unique(components.grid_shape, axis=0, return_inverse=True)
    groups = []
    for index, grid in enumerate(grids):
        members = np.flatnonzero(group.reshape(-1) == index)
        own = tuple(slice(0, int(size)) for size in grid)
        truth = to_unit_peak(components.values[members][(slice(None), *own)])
        frames = background.components(components.channel[members], components.frequency[members])
        # Each component gets frames of its own: they may belong to different matrices.
        single = [
            observe(truth[n : n + 1], frames[n : n + 1], config, sigma, rng) for n in range(len(members))
        ]
        groups.append(ObservedGroup(truth, _join(single)))
    return groups


def psnr_db(estimate: Complex, truth: Complex) -> npt.NDArray[np.float64]:
    """Return the PSNR of each component: peak 1, mean of |error|² over complex voxels.

    Parameters
    ----------
    estimate, truth : (component, x, y[, z]) ndarray of complex64

    Returns
    -------
    (component,) ndarray of float64
        Decibels.
    """
    error = np.abs(estimate - truth) ** 2
    mean = np.mean(error, axis=tuple(range(1, error.ndim)), dtype=np.float64)
    return np.asarray(-10 * np.log10(np.maximum(mean, np.finfo(np.float64).tiny)))


def _join(single: list[Observed]) -> Observed:
    masks = [one.known for one in single if one.known is not None]
    values = np.concatenate([one.values for one in single])
    return replace(single[0], values=values, known=np.concatenate(masks) if masks else None)


def _strongest(components: Components, per_matrix: int) -> npt.NDArray[np.intp]:
    peak = np.nanmax(np.abs(components.values.reshape(len(components.values), -1)), axis=1)
    order = np.argsort(-peak, kind="stable")
    own = [order[components.matrix[order] == matrix][:per_matrix] for matrix in np.unique(components.matrix)]
    return np.sort(np.concatenate(own))


def _take(components: Components, chosen: npt.NDArray[np.integer]) -> ComponentArrays:
    return ComponentArrays(
        values=components.values[chosen],
        grid_shape=components.grid_shape[chosen],
        matrix=components.matrix[chosen],
        channel=components.channel[chosen],
        frequency=components.frequency[chosen],
    )
