"""A fixed set of components, grouped by their grids, that methods are tuned and validated on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.noise.series import BackgroundSeries, draw_background
from mpipipe.restoration.normalise import to_unit_peak
from mpipipe.training.data import ComponentArrays, concatenate
from mpipipe.training.source import Components, ComponentSource

Complex = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class NoisyGroup:
    """Components of one grid with noise.

    Attributes
    ----------
    truth, noisy : (component, x, y[, z]) ndarray of complex64
        Ground truth with max|s| = 1, and with noise.
    """

    truth: Complex
    noisy: Complex


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


def add_noise(
    components: Components, background: BackgroundSeries, sigma: float, rng: np.random.Generator
) -> list[NoisyGroup]:
    """Normalise components to unit maximum and add to each a background cut of standard deviation σ.

    Returns
    -------
    list of NoisyGroup
        One for each grid, in the order of the grids.
    """
    grids, group = np.unique(components.grid_shape, axis=0, return_inverse=True)
    groups = []
    for index, grid in enumerate(grids):
        members = np.flatnonzero(group.reshape(-1) == index)
        shape = tuple(int(size) for size in grid)
        own = tuple(slice(0, size) for size in shape)
        truth = to_unit_peak(components.values[members][(slice(None), *own)])
        series = background.components(components.channel[members], components.frequency[members])
        noise = np.stack([draw_background(row, shape, sigma, rng) for row in series])
        groups.append(NoisyGroup(truth, truth + noise))
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


def _take(components: Components, chosen: npt.NDArray[np.integer]) -> ComponentArrays:
    return ComponentArrays(
        values=components.values[chosen],
        grid_shape=components.grid_shape[chosen],
        matrix=components.matrix[chosen],
        channel=components.channel[chosen],
        frequency=components.frequency[chosen],
    )
