"""What a calibration measures of known components: voxels, noise and gaps (Tsanda 2025, equation 9)."""

from dataclasses import dataclass

import numpy as np

from mpipipe.config.restoration import ObservationConfig
from mpipipe.noise.series import draw_background
from mpipipe.restoration.downsampling import downsample
from mpipipe.restoration.masks import draw_missing
from mpipipe.restoration.method import Complex, Mask, Restorer, Sigma


@dataclass(frozen=True)
class Observed:
    """Measured components of one grid.

    Attributes
    ----------
    values : (component, x, y[, z]) ndarray of complex64
        Measured voxels; 0 where one is missing.
    known : (component, x, y[, z]) ndarray of bool or None
        Voxels that were measured; None for all.
    grid : tuple of int
        Grid that is to be restored.
    factor : int
        Every k-th voxel of it was measured.
    """

    values: Complex
    known: Mask | None
    grid: tuple[int, ...]
    factor: int = 1

    def restored_by(self, method: Restorer, sigma: Sigma) -> Complex:
        """Return what a method makes of it, ``(component, *grid)``."""
        return method.apply(self.values, sigma, known=self.known, grid=self.grid)


def observe(
    truth: Complex, frames: Complex, config: ObservationConfig, sigma: Sigma, rng: np.random.Generator
) -> Observed:
    """Down-sample components, add a cut of the background, and lose voxels.

    Parameters
    ----------
    truth : (component, x, y[, z]) ndarray of complex64
        Components without noise.
    frames : (component, frame) ndarray of complex64
        Empty frames at their channels and frequencies.
    config : ObservationConfig
        Factor of down-sampling and ratio of missing voxels; each component gets a mask of its own.
    sigma : float or (component,) ndarray
        Standard deviation of the complex noise.
    rng : numpy.random.Generator
        Draws the stretch of frames and the masks.
    """
    measured, grid = downsample(truth, config.factor), truth.shape[1:]
    noisy = measured + draw_background(frames, measured.shape[1:], sigma, rng)
    if not config.missing_ratio:
        return Observed(noisy, None, grid, config.factor)
    missing = [draw_missing(measured.shape[1:], config.missing_ratio, rng) for _ in truth]
    known = ~np.stack(missing)
    return Observed(np.where(known, noisy, np.complex64(0)), known, grid, config.factor)
