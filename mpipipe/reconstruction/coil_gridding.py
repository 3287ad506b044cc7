"""X-space gridding of one receive coil: time signals of a planar trajectory become images, by one sparse matrix."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from mpipipe.config.gridding import GriddingConfig
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.trajectory import (
    field_free_point_m,
    field_free_point_velocity_m_per_s,
    sample_times_s,
)
from mpipipe.reconstruction.gridding_kernel import LANES, multiply
from mpipipe.reconstruction.kernel_layout import zeros
from mpipipe.reconstruction.local_polynomial import fill_distance_m, fit_weights
from mpipipe.reconstruction.partition import reach_m

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class CoilGridding:
    """Linear map from the signals of one coil to its x-space images.

    A sample over the coil's component of the velocity, ``u_i / v_i = sum over r of c(r) (H_ii + H_ij v_j / v_i)``, is the
    point-spread function of the coil, convolved with the particles, at the position of the field-free point. Its noise
    has the standard deviation ``sigma / |v_i|``, so in the local polynomial fits it weighs ``v_i^2``, the inverse
    variance. All samples of a period are fitted together.

    Attributes
    ----------
    shape : (int, int)
        Pixels along x and y.
    time : int
        Samples of a signal.
    radius_m : float
        Radius of the samples that a pixel is fitted to.
    matrix : (pixel, time) csr_array of float32
        Images by signals in s/m, pixels in C order of (x, y); the columns of slow samples are empty.
    noise_gain : (x, y) ndarray of float64
        Standard deviation of the image in s/m when the signal is white noise of standard deviation 1.

    Notes
    -----
    Suits the coil along the fast axis of a Cartesian trajectory, where ``v_j / v_i`` is small, and either coil of a
    Lissajous trajectory, where it has both signs alike around every pixel; the second term then cancels. The paper names
    "the x-space algorithm" only (self-supervised signal denoising, section II.II), so the fit is an [assumption].
    Its samples lie 3 mm apart, and 6 mm where lines turn, for a point spread of 6 mm: the default radius of 12 mm takes
    36 % off the peak of a point, a radius of 9 mm (factor 3) 25 %.
    """

    shape: tuple[int, int]
    time: int
    radius_m: float
    matrix: Any
    noise_gain: FloatArray

    @classmethod
    def of(
        cls,
        scanner: Scanner,
        grid: Grid,
        config: GriddingConfig | None = None,
        coil: Literal["x", "y"] = "x",
    ) -> Self:
        """Prepare the gridding of a trajectory's samples at the base frequency to the pixels of a grid.

        Parameters
        ----------
        scanner : Scanner
            Drive fields along x and y.
        grid : Grid
            Pixels, x and y, in the scanned field or on its edge.
        config : GriddingConfig, optional
            Fit, and how slow along the coil a sample may be.
        coil : {"x", "y"}
            Receive coil.

        Raises
        ------
        InputError
            The drive is not along x and y, pixels lie beyond the scanned field, or the samples around a pixel do not
            determine its fit.
        """
        config = config or GriddingConfig()
        if scanner.active != (0, 1):
            found = list(scanner.drive_amplitude_mT)
            raise InputError(f"drive_amplitude_mT: found {found}, expected a drive along x and y alone")
        reach, pixels = reach_m(scanner), _pixels(grid, reach_m(scanner))
        time_s = sample_times_s(scanner)
        points = field_free_point_m(scanner, time_s)[:, :2]
        v = field_free_point_velocity_m_per_s(scanner, time_s)[:, "xy".index(coil)]
        fast = np.flatnonzero((np.abs(v) >= config.speed_floor * np.abs(v).max()) & (v != 0))
        # A trajectory that retraces itself passes each position twice; rounding to pm makes them one.
        places = np.unique(points[fast].round(12), axis=0)
        radius = (
            1e-3 * config.radius_mm
            if config.radius_mm is not None
            else config.radius_factor * fill_distance_m(places, reach)
        )
        fit = fit_weights(points[fast], v[fast] ** 2, pixels, radius, config)
        weight = fit.data / v[fast][fit.indices]
        matrix = csr_array(
            (weight.astype(np.float32), fast[fit.indices].astype(np.int32), fit.indptr),
            shape=(len(pixels), len(v)),
        )
        gain = np.sqrt(matrix.astype(np.float64).power(2).sum(axis=1)).reshape(grid.shape)
        return cls((grid.shape[0], grid.shape[1]), len(v), radius, matrix, gain)

    def apply(self, signals: npt.ArrayLike) -> SingleArray:
        """Return the images of signals.

        Parameters
        ----------
        signals : (item, time) array_like
            Signals of the coil in m²/s.

        Returns
        -------
        (item, x, y) ndarray of float32
            Images in m; an item's image does not depend on the others.

        Raises
        ------
        InputError
            Signals of another shape, or with NaN or infinity.
        """
        u = _checked(signals, self.time)
        images = np.empty((len(u), self.shape[0] * self.shape[1]), np.float32)
        tile = zeros((self.time, LANES), np.float32)
        A = self.matrix
        for start in range(0, len(u), LANES):
            block = u[start : start + LANES]
            tile[:, : len(block)] = block.T
            multiply(A.indptr, A.indices, A.data, tile, images[start : start + LANES])
        return images.reshape(len(u), *self.shape)


def _pixels(grid: Grid, reach: FloatArray) -> FloatArray:
    """Return the pixel centres ``(pixel, 2)`` in m, or raise `InputError` when one lies beyond the scanned field."""
    if len(grid.shape) != 2:
        raise InputError(f"grid: found shape {grid.shape}, expected pixels along x and y")
    pixels = grid.positions_m()[..., :2].reshape(-1, 2)
    farthest = np.abs(pixels).max(axis=0)
    for axis in (0, 1):
        if farthest[axis] > reach[axis] * (1 + 1e-9):  # the edge itself, but for rounding
            raise InputError(
                f"grid: found a pixel centre {1e3 * farthest[axis]:.4g} mm from the centre along {'xy'[axis]}, expected "
                f"at most the reach of the field-free point, {1e3 * reach[axis]:.4g} mm"
            )
    return pixels


def _checked(signals: npt.ArrayLike, time: int) -> SingleArray:
    found = np.asarray(signals)
    if found.dtype.kind not in "fiu" or found.ndim != 2 or found.shape[1] != time:
        raise InputError(f"signals: found {found.dtype} of shape {found.shape}, expected real (item, {time})")
    with np.errstate(over="ignore"):  # what single precision cannot hold becomes infinity
        single = found.astype(np.float32, copy=False)
    if not np.isfinite(single).all():
        raise InputError("signals: found NaN or infinity, expected finite values of single precision")
    return single
