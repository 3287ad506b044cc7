r"""X-space signals: what the receive coils of a 2-D scanner see of a concentration map.

``u_i(t) = sum_r c(r) a H_ij(r - x_s(t)) v_j(t)``,  ``H_ij(d) = J_ij(beta G d) beta G_j``

(see :mod:`mpipipe.physics.point_spread`) with the concentration c, the area a of a pixel, and position ``x_s`` and
velocity v of the field-free point: minus the time derivative of the total moment per area over its saturation.

The sum is a convolution of the scene with the three entries of J. These are smooth: in the dimensionless field
``xi = beta G r`` their poles are pi away from the real plane, so their spectra fall like ``exp(-pi k)``, and a few modes
carry the signal of a scene, however fine its pixels are. Three steps:

1. Modes ``S = F_x^T c F_y``, sums over the pixels as they stand; no scene is interpolated or padded.
2. Maps ``B_x (S * T) B_y^T`` with the coefficients T of an entry of J, at nodes that cover the trajectory; the modes over
   the spectrum of the cubic B-spline are its coefficients.
3. Samples: sixteen nodes of three maps each, times the velocity.

With P pixels and K modes along an axis, 1 costs about ``2 P K (P + K)`` operations, 2 about ``12 K^3``, and 3 a hundred
a sample; K is 3.2 times the largest difference, in xi, between a pixel and the field-free point, plus a few. The error
is below 2e-5 of the largest signal, even for a single pixel, as long as the scene lies where the field-free point goes;
the cut-off and the spline have about equal parts in it.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.point_spread import langevin_ratio, langevin_slope
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.spline_sampling import sample_products, spline_weights
from mpipipe.physics.trajectory import field_free_point_m, field_free_point_velocity_m_per_s, sample_times_s
from mpipipe.physics.xspace_modes import SPACING, Modes

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class XSpaceSignal:
    """Signal of any concentration map of one grid, for one scanner and particle.

    Attributes
    ----------
    grid : Grid
        Pixels of the concentration maps.
    x, y : Modes
        Modes along each axis, in the dimensionless field.
    transfer : (3, mode_x, mode_y) ndarray of float32
        Coefficients of the entries xx, xy, yy of J.
    first : (time,) ndarray of int64
        First of the sixteen nodes around the field-free point.
    weight_x, weight_y : (time, 4) ndarray of float32
        Spline weights of the nodes.
    motion : (2, time) ndarray of float32
        ``a beta G_j v_j`` in m^2/s.
    """

    grid: Grid
    x: Modes
    y: Modes
    transfer: Float32Array
    first: npt.NDArray[np.int64]
    weight_x: Float32Array
    weight_y: Float32Array
    motion: Float32Array

    @classmethod
    def of(cls, scanner: Scanner, particle: Particle, grid: Grid) -> Self:
        """Prepare everything that does not depend on the scene.

        Parameters
        ----------
        scanner : Scanner
            Driven in x and y; any gradients and waveform, sampled at the base frequency. The field-free point may leave
            the grid.
        particle : Particle
            Without anisotropy.
        grid : Grid
            2-D grid of the concentration maps.

        Raises
        ------
        InputError
            A scanner that is not driven in x and y alone or has no gradient there, an anisotropic particle, or a grid
            that is not 2-D.
        """
        _check_setting(scanner, particle, grid)
        scale = particle.beta_per_T * np.asarray(scanner.gradient_T_per_m[:2])
        time = sample_times_s(scanner)
        path = field_free_point_m(scanner, time)[:, :2] * scale
        velocity = field_free_point_velocity_m_per_s(scanner, time)[:, :2]
        pixels = [s * axis for s, axis in zip(scale, grid.axes_m(), strict=True)]
        x, y = (Modes.of(sources, points) for sources, points in zip(pixels, path.T, strict=True))
        cell = np.floor(path / SPACING).astype(np.int64)
        weight_x, weight_y = (spline_weights(points) for points in (path / SPACING - cell).T)
        node_x, node_y = cell[:, 0] - 1 - x.first_node, cell[:, 1] - 1 - y.first_node
        area = 1e-6 * np.prod(grid.field_of_view_mm) / grid.voxels
        return cls(
            grid=grid,
            x=x,
            y=y,
            transfer=_transfer(x, y),
            first=node_x * len(y.even) + node_y,
            weight_x=weight_x,
            weight_y=weight_y,
            motion=np.ascontiguousarray((area * scale * velocity).T, np.float32),
        )

    def signals(self, concentration: npt.NDArray[np.floating], *, workers: int = 1) -> Float32Array:
        """Return the signals of concentration maps.

        Parameters
        ----------
        concentration : (item, x, y) ndarray of float32 or float64
            Concentrations, at least 0; single precision is enough.
        workers : int
            Threads, each with one scene at a time. The result does not depend on it.

        Returns
        -------
        (item, channel, time) ndarray of float32
            Signals of the coils along x and y over one period, in m^2/s times the unit of the concentration.

        Raises
        ------
        InputError
            Maps that do not fit the grid, negative or not finite values, or no worker.
        """
        scenes = self._checked(concentration)
        if workers < 1:
            raise InputError(f"workers: found {workers}, expected at least 1")
        out = np.empty((len(scenes), 2, len(self.first)), np.float32)
        if workers == 1:
            for scene, signal in zip(scenes, out, strict=True):
                self._write(scene, signal)
        else:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(self._write, scenes, out))
        return out

    def _write(self, scene: npt.NDArray[np.floating], out: Float32Array) -> None:
        """Write the signal of a scene ``(x, y)`` to `out` ``(channel, time)``."""
        x, y = self.x, self.y
        modes = x.analysis.T @ (scene.astype(np.float32, copy=False) @ y.analysis)
        maps = np.empty((3, len(x.even), len(y.even)), np.float32)
        sides = (x.even, y.even), (x.odd, y.odd), (x.even, y.even)
        for entry, transfer, (left, right) in zip(maps, self.transfer, sides, strict=True):
            np.matmul(left @ (modes * transfer), right.T, out=entry)
        sample_products(
            maps.reshape(3, -1), len(y.even), self.first, self.weight_x, self.weight_y, self.motion, out
        )

    def _checked(self, concentration: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        found = np.asarray(concentration)
        if found.ndim != 3 or found.shape[1:] != self.grid.shape:
            raise InputError(
                f"concentration: found shape {found.shape}, expected (item, x, y) with the grid's {self.grid.shape}"
            )
        # A comparison with NaN is false.
        if found.size and not (found.min() >= 0 and found.max() < np.inf):
            raise InputError(
                "concentration: found a value that is negative or not finite, expected values of at least 0"
            )
        return found


def _transfer(x: Modes, y: Modes) -> Float32Array:
    """Return the coefficients ``(3, mode_x, mode_y)`` of J's entries; xx and yy are even, xy is odd along both axes."""
    xi_x, xi_y = x.offset[:, None], y.offset
    size = np.hypot(xi_x, xi_y)
    along, across = langevin_slope(size), langevin_ratio(size)
    anisotropic = (along - across) / np.where(size > 0, size, 1.0) ** 2
    xx = x.even_kernel @ (across + anisotropic * xi_x**2) @ y.even_kernel.T
    xy = x.odd_kernel @ (anisotropic * xi_x * xi_y) @ y.odd_kernel.T
    yy = x.even_kernel @ (across + anisotropic * xi_y**2) @ y.even_kernel.T
    return np.stack([xx, xy, yy]).astype(np.float32)


def _check_setting(scanner: Scanner, particle: Particle, grid: Grid) -> None:
    if scanner.active != (0, 1):
        driven = "".join("xyz"[axis] for axis in scanner.active)
        raise InputError(f"drive_amplitude_mT: found a drive along {driven}, expected one along x and y")
    if particle.anisotropy_J_per_m3 > 0:
        raise InputError(
            f"anisotropy_J_per_m3: found {particle.anisotropy_J_per_m3}, expected 0, a Langevin particle"
        )
    if len(grid.shape) != 2:
        raise InputError(f"grid: found shape {grid.shape}, expected (x, y)")
