"""Simulated calibrations: a system matrix with the noise of its measurement, and the rows that stand out of it."""

import numpy as np
import numpy.typing as npt

from mpipipe.config.background import BackgroundConfig
from mpipipe.config.calibration import CalibrationConfig
from mpipipe.errors import InputError
from mpipipe.noise.background import synthesise_background
from mpipipe.noise.series import BackgroundSeries, draw_background
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_rows
from mpipipe.reconstruction.row_choice import Calibration, keep_rows
from mpipipe.reconstruction.selection import row_snr


def simulate_calibration(
    config: CalibrationConfig, background: BackgroundConfig, rng: np.random.Generator
) -> Calibration:
    """Simulate a calibration: all rows that carry signal, with noise, of which those of the highest SNR are kept.

    Noise is a stretch of an empty-frame series, one frame a voxel, at the level that the scanner has in each component;
    the SNR is that of MPIFiles.jl against the whole series. The noise stays in the matrix: a measured matrix has it too,
    and Peng 2024 simulate signals with a measured one.

    Parameters
    ----------
    config : CalibrationConfig
        Scanner, tracer, grid, noise level, number of rows.
    background : BackgroundConfig
        White part, drift, jumps and spectrum of the noise.
    rng : numpy.random.Generator
        Draws the noise.

    Returns
    -------
    Calibration
        Rows in 1/s, in order of channel and frequency, and the SNR threshold that was found.

    Raises
    ------
    InputError
        When the scanner gives fewer rows than are asked for.
    """
    scanner, grid = config.scanner, config.grid
    rows = simulate_rows(scanner, config.particle, grid, keep_above=config.keep_above)
    used = _in_band(scanner, rows.frequency, config.harmonics)
    if config.components > used.sum():
        raise InputError(
            f"components: found {config.components}, expected at most {used.sum()}, the rows that carry signal"
        )
    values, channel, frequency = rows.values[used], rows.channel[used], rows.frequency[used]
    frames = grid.voxels + config.empty_frames
    series = synthesise_background(background, frames, int(channel.max()) + 1, scanner.frequencies, rng)
    empty = BackgroundSeries(series).components(channel, frequency)
    level = np.sqrt(np.mean(np.abs(empty) ** 2, axis=1, dtype=np.float64))
    scale = config.matrix_noise * float(np.abs(values).max()) / level.mean()
    noisy = values + draw_background(empty, grid.shape, scale * level, rng)
    snr = row_snr(noisy, scale * empty, channel)
    return keep_rows(noisy, channel, frequency, snr, config.components)


def _in_band(
    scanner: Scanner, frequency: npt.NDArray[np.int32], harmonics: tuple[int, int] | None
) -> npt.NDArray[np.bool_]:
    """Return which frequency indices lie around the harmonics of the lowest drive frequency, half of it to each side."""
    if harmonics is None:
        return np.ones(frequency.shape, np.bool_)
    order = frequency / min(scanner.harmonic[axis] for axis in scanner.active)
    return np.asarray((order >= harmonics[0] - 0.5) & (order <= harmonics[1] + 0.5))
