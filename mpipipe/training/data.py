"""Batches for training: an endless stream in which each batch follows from the seed and its step alone.

Chunks are shuffled in each epoch and read in windows of several chunks, the shuffle buffer. Neither an epoch
nor the order of its components is ever held in memory, a resumed training starts at any step without
replaying the ones before, and the stream is the same for any number of worker processes.
"""

from collections.abc import Iterator
from itertools import count

import numpy as np
import numpy.typing as npt
from torch.utils.data import IterableDataset, get_worker_info

from mpipipe.config.train import TrainConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import network_factor
from mpipipe.noise.series import BackgroundSeries
from mpipipe.training.batch import Batch
from mpipipe.training.degradation import degrade
from mpipipe.training.source import ComponentArrays, ComponentSource, concatenate

ORDER_STREAM, WINDOW_STREAM, BATCH_STREAM = range(3)


class ComponentBatches(IterableDataset[Batch]):
    """Endless stream of degraded batches."""

    def __init__(
        self,
        source: ComponentSource,
        background: BackgroundSeries,
        config: TrainConfig,
        seed: int,
        first_step: int = 0,
    ) -> None:
        """Prepare the stream; one chunk is read for its length.

        Parameters
        ----------
        source : ComponentSource
            Training split.
        background : BackgroundSeries
            Empty frames of the training split.
        config : TrainConfig
            Batch, shuffle buffer, patches and degradation.
        seed : int
            Seed of all draws.
        first_step : int
            Step of the first batch.

        Raises
        ------
        InputError
            When the source has no components.
        """
        if source.num_chunks < 1 or len(source.read_chunk(0).values) < 1:
            raise InputError("training split: found no components, expected at least one")
        self._source, self._background, self._config = source, background, config
        self._seed, self._first_step = seed, first_step
        self._chunks_per_window = min(config.buffer_chunks, source.num_chunks)
        components = self._chunks_per_window * len(source.read_chunk(0).values)
        self._batches_per_window = max(1, components // config.batch)
        self._window: tuple[int, ComponentArrays, npt.NDArray[np.intp]] | None = None

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches from the first step on; each worker prepares every n-th one."""
        worker = get_worker_info()
        offset, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        for step in count(self._first_step + offset, stride):
            yield self.batch(step)

    def batch(self, step: int) -> Batch:
        """Return the batch of one step."""
        window, position = divmod(step, self._batches_per_window)
        components, batches = self._read_window(window)
        chosen = batches[position]
        rng = np.random.default_rng([self._seed, BATCH_STREAM, step])
        return degrade(components, chosen, self._background, self._config, rng)

    def _read_window(self, window: int) -> tuple[ComponentArrays, npt.NDArray[np.intp]]:
        if self._window is None or self._window[0] != window:
            self._window = None  # frees the last window before the next is read
            components = concatenate([self._source.read_chunk(chunk) for chunk in self._chunks(window)])
            self._window = (window, components, self._cut(window, components.grid_shape))
        return self._window[1], self._window[2]

    def _chunks(self, window: int) -> list[int]:
        """Return the chunks of a window, a stretch of the endless row of shuffled epochs."""
        first = window * self._chunks_per_window
        return [self._chunk_at(position) for position in range(first, first + self._chunks_per_window)]

    def _chunk_at(self, position: int) -> int:
        epoch, place = divmod(position, self._source.num_chunks)
        rng = np.random.default_rng([self._seed, ORDER_STREAM, epoch])
        return int(rng.permutation(self._source.num_chunks)[place])

    def _cut(self, window: int, grid_shape: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
        """Return the batches ``(batch, component)`` of a window; short chunks are made up by repeats."""
        rng = np.random.default_rng([self._seed, WINDOW_STREAM, window])
        order = np.resize(rng.permutation(len(grid_shape)), self._batches_per_window * self._config.batch)
        step = self._config.degradation.patch_step
        if step:
            measured = -(-grid_shape[order] // network_factor(self._config.network))
            order = order[_serpentine(-(-measured // step))]
        batches = order.reshape(self._batches_per_window, self._config.batch)
        return batches[rng.permutation(len(batches))]


def _serpentine(buckets: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
    """Sort ``(component, axis)`` by the first axis, then to and fro along the next."""
    keys = [buckets[:, 0]]
    for bucket in buckets.T[1:]:
        forth = sum(keys) % 2 == 0
        keys.append(np.where(forth, bucket, -bucket))
    return np.lexsort(keys[::-1])
