"""Rows that are read as needed: the images of the whole matrix, in memory and in blocks."""

import numpy as np
import numpy.typing as npt
import pytest

from mpipipe.config.admm import AdmmL1Config
from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction import measured_rows
from mpipipe.reconstruction.kaczmarz import solve
from mpipipe.reconstruction.measured_rows import choose_rows, reconstruct_measured

GRID, CHANNELS, ROWS = (5, 4, 2), 2, 30


class Source:
    """A matrix in memory that notes how much of it was asked for at a time."""

    def __init__(self, snr: bool = True) -> None:
        rng = np.random.default_rng(5)
        shape = (CHANNELS, ROWS, *GRID)
        self.values = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)
        self.channels = CHANNELS
        self.frequency_Hz = 1e3 * np.arange(ROWS)
        self.snr = rng.uniform(0, 10, (CHANNELS, ROWS)) if snr else None
        self.largest = 0

    def read(self, channel: int, start: int, stop: int) -> npt.NDArray[np.complex64]:
        self.largest = max(self.largest, stop - start)
        return self.values[channel, start:stop]


def signals(source: Source) -> npt.NDArray:
    image = np.random.default_rng(6).uniform(0, 1, (3, *GRID))
    return np.einsum("bxyz,cfxyz->bcf", image, source.values)


@pytest.mark.parametrize("limit", [2**28, 0], ids=["in memory", "in blocks"])
def test_it_gives_the_images_of_the_chosen_rows(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    source, voxels = Source(), int(np.prod(GRID))
    monkeypatch.setattr(measured_rows, "WHOLE_BYTES", limit)
    monkeypatch.setattr(measured_rows, "BLOCK_BYTES", 7 * 8 * voxels)
    config = KaczmarzConfig(snr_threshold=4, min_frequency_Hz=3e3, iterations=5)
    b = signals(source)
    rows = choose_rows(source, voxels, config)
    found = reconstruct_measured(rows, b, "ART", config, GRID)
    kept = (source.snr >= 4) & (source.frequency_Hz >= 3e3)
    expected = solve(source.values[kept].reshape(-1, voxels), b[:, kept], config)
    assert source.largest <= 7 and 5 < kept.sum() < kept.size
    np.testing.assert_allclose(found.image.reshape(3, -1), expected.image, atol=2e-5 * expected.image.max())
    np.testing.assert_allclose(found.relative_residual, expected.relative_residual, rtol=1e-4)


def test_what_cannot_be_done_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(snr=False)
    with pytest.raises(InputError, match="snr_threshold: found no snr"):
        choose_rows(source, 40, KaczmarzConfig(snr_threshold=2))
    with pytest.raises(InputError, match="found none of 60 rows"):
        choose_rows(source, 40, KaczmarzConfig(min_frequency_Hz=1e6))
    monkeypatch.setattr(measured_rows, "WHOLE_BYTES", 0)
    rows = choose_rows(source, 40, AdmmL1Config())
    with pytest.raises(InputError, match="expected ART above"):
        reconstruct_measured(rows, signals(source), "ADMM_L1", AdmmL1Config(), GRID)
