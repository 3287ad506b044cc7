"""Pairs of input and target that are drawn from images: noisy signals, or noisy images.

The stream is endless; each batch follows from the seed and its step alone, so a resumed training starts at any step
without replaying the ones before.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpipipe.errors import InputError
from mpipipe.noise.signal_noise import add_noise

Images = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]
ORDER_STREAM, NOISE_STREAM = range(2)


class Pairs(NamedTuple):
    """What a network is trained on.

    Attributes
    ----------
    given : (batch, component) Tensor of complex64, or (batch, x, y) Tensor of float32
        Noisy signals, or noisy images.
    truth : (batch, x, y) Tensor of float32
        Images behind them.
    """

    given: Tensor
    truth: Tensor


Draw = Callable[[Images, np.random.Generator], Pairs]
"""Maps images (batch, x, y) to pairs, with noise from a generator."""


class SignalPairs:
    """Signals ``b = A c + n`` of images, with an SNR that is uniform in dB (Peng 2024, eq. 1, section 3.1)."""

    def __init__(self, matrix: Complex, snr_range_db: tuple[float, float]) -> None:
        """Lay the matrix out for real images.

        Parameters
        ----------
        matrix : (component, x, y) ndarray of complex64
            System matrix A.
        snr_range_db : (float, float)
            Lower and upper bound.

        Raises
        ------
        InputError
            When the matrix has other axes or is not finite.
        """
        if matrix.ndim != 3 or not np.isfinite(matrix).all():
            raise InputError(f"matrix: found shape {matrix.shape}, expected finite values (component, x, y)")
        self._snr_range_db = snr_range_db
        columns = matrix.reshape(len(matrix), -1).T.astype(np.complex64, copy=False)
        # Real images need one real product, which gives real and imaginary part side by side. It is one of torch's:
        # NumPy's leaves threads that wait busily, and the step that follows takes up to twice as long beside them.
        self._columns = torch.from_numpy(np.ascontiguousarray(columns).view(np.float32))

    def __call__(self, images: Images, rng: np.random.Generator) -> Pairs:
        """Return noisy signals of images ``(batch, x, y)``."""
        flat = torch.from_numpy(images.reshape(len(images), -1))
        signals = (flat @ self._columns).numpy().view(np.complex64)
        noisy, _ = add_noise(signals, rng.uniform(*self._snr_range_db, len(images)), rng)
        return Pairs(torch.from_numpy(noisy), torch.from_numpy(images))


class NoisyImages:
    """Images over their maximum, with white Gaussian noise of one standard deviation (Askin et al., MLMIR 2022)."""

    def __init__(self, noise_std: float) -> None:
        self._noise_std = np.float32(noise_std)

    def __call__(self, images: Images, rng: np.random.Generator) -> Pairs:
        """Return noisy images of images ``(batch, x, y)``."""
        scaled = images / images.max(axis=(1, 2), keepdims=True)
        noise = self._noise_std * rng.standard_normal(images.shape, dtype=np.float32)
        return Pairs(torch.from_numpy(scaled + noise), torch.from_numpy(scaled))


class PairStream:
    """Endless stream of batches, in epochs that are shuffled anew."""

    def __init__(self, images: Images, draw: Draw, batch: int, seed: int, first_step: int = 0) -> None:
        """Prepare the stream.

        Parameters
        ----------
        images : (item, x, y) ndarray of float32
            Training split.
        draw : callable
            `SignalPairs` or `NoisyImages`.
        batch : int
            Images in a batch.
        seed : int
            Seed of order and noise.
        first_step : int
            Step of the first batch.
        """
        self._images, self._draw, self._batch = images, draw, batch
        self._seed, self._first_step = seed, first_step

    def __iter__(self) -> Iterator[Pairs]:
        """Yield the batches from the first step on."""
        for step in count(self._first_step):
            yield self.batch(step)

    def batch(self, step: int) -> Pairs:
        """Return the batch of one step."""
        rng = np.random.default_rng([self._seed, NOISE_STREAM, step])
        return self._draw(self._images[self._chosen(step)], rng)

    def _chosen(self, step: int) -> npt.NDArray[np.intp]:
        """Return a stretch of the endless row of shuffled epochs."""
        epochs, places = np.divmod(np.arange(step * self._batch, (step + 1) * self._batch), len(self._images))
        chosen = np.empty_like(places)
        for epoch in np.unique(epochs):
            rng = np.random.default_rng([self._seed, ORDER_STREAM, int(epoch)])
            chosen[epochs == epoch] = rng.permutation(len(self._images))[places[epochs == epoch]]
        return chosen


def check_images(name: str, images: npt.ArrayLike) -> Images:
    """Return images ``(item, x, y)`` of float32.

    Raises
    ------
    InputError
        When there are none, axes do not fit, a value is negative or not finite, or an image is empty.
    """
    array = np.asarray(images, np.float32)
    if array.ndim != 3 or 0 in array.shape:
        raise InputError(f"{name}: found shape {array.shape}, expected images (item, x, y), at least one")
    if not (np.isfinite(array).all() and (array >= 0).all() and array.any(axis=(1, 2)).all()):
        raise InputError(
            f"{name}: found NaN, infinity, a negative value or an image of zeros, expected concentrations"
        )
    return array
