"""What the particles of every voxel see: dimensionless fields, anisotropy, and the moments that follow."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.anisotropy import local_anisotropy
from mpipipe.physics.grid import Grid
from mpipipe.physics.magnetization import Method, moment_by_quadrature, nodes_for
from mpipipe.physics.particle import Particle
from mpipipe.physics.relaxation import Relaxation
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.table import MomentTable
from mpipipe.physics.trajectory import drive_field_T, sample_times_s

FloatArray = npt.NDArray[np.float64]
Moments = Callable[[npt.NDArray[np.intp], FloatArray], None]
"""Writes the moments of some voxels to ``(voxel, 3, time)``."""


@dataclass(frozen=True)
class Excitation:
    """Dimensionless fields of all voxels over one period.

    Attributes
    ----------
    alpha_K : (voxel,) ndarray of float64
        Anisotropy energy over thermal energy.
    easy_axis : (voxel, 3) ndarray of float64
        Unit vectors.
    offset : (voxel, 3) ndarray of float64
        Selection field times beta.
    field : (3, time) ndarray of float64
        Drive field times beta; the first half period only, both ends included, where `symmetric`.
    samples : int
        Samples of the whole period.
    symmetric : bool
        The second half period is the first one backwards, as with cosine drives: ``B(T - t) = B(t)``. Relaxed moments
        are not, as they lag behind the field.
    step_s : float
        Sampling interval in s.
    relaxation : Relaxation or None
        Lag of the moments; None for equilibrium.
    """

    alpha_K: FloatArray
    easy_axis: FloatArray
    offset: FloatArray
    field: FloatArray
    samples: int
    symmetric: bool
    step_s: float
    relaxation: Relaxation | None = None

    @classmethod
    def of(
        cls,
        scanner: Scanner,
        particle: Particle,
        grid: Grid,
        oversampling: int = 1,
        relaxation: Relaxation | None = None,
    ) -> Self:
        """Return the excitation of a particle at every voxel of a grid."""
        positions = grid.positions_m().reshape(-1, 3)
        alpha_K, easy_axis = local_anisotropy(scanner, particle, positions)
        time = sample_times_s(scanner, oversampling)
        even = scanner.waveform == "cosine" and not any(scanner.phase_rad) and relaxation is None
        symmetric = even and len(time) % 4 == 0
        used = time[: len(time) // 2 + 1] if symmetric else time
        return cls(
            alpha_K=alpha_K,
            easy_axis=easy_axis,
            offset=particle.beta_per_T * positions * np.asarray(scanner.gradient_T_per_m),
            field=np.ascontiguousarray(particle.beta_per_T * drive_field_T(scanner, used).T),
            samples=len(time),
            symmetric=symmetric,
            step_s=scanner.period_s / len(time),
            relaxation=relaxation,
        )

    @property
    def largest(self) -> tuple[float, float]:
        """Bounds of the dimensionless field along and across the easy axis, over voxels and time."""
        reach = np.abs(self.field).max(axis=1)
        along = (self.offset * self.easy_axis).sum(axis=1)
        across = np.linalg.norm(self.offset - along[:, None] * self.easy_axis, axis=1)
        return (
            float((np.abs(along) + np.abs(self.easy_axis) @ reach).max()),
            float(across.max() + np.linalg.norm(reach)),
        )

    def table(self, threads: int | None = None) -> MomentTable:
        """Return a table that covers this excitation; one of a single anisotropy is cheap, and so finer."""
        varying = bool(np.ptp(self.alpha_K) > 0)
        refine = 1.0 if varying else 1.25
        largest = float(self.alpha_K.max())
        return MomentTable.build(largest, *self.largest, varying=varying, refine=refine, threads=threads)

    def covering(self, table: MomentTable | None, threads: int | None = None) -> MomentTable:
        """Return a table that is checked to cover this excitation, or None's replacement: one made for it.

        Raises
        ------
        InputError
            A table that does not cover the fields.
        """
        used = self.table(threads) if table is None else table
        used.check_covers(self.alpha_K, *self.largest)
        return used

    def moments(
        self, method: Method = "table", table: MomentTable | None = None, threads: int | None = None
    ) -> Moments:
        """Return what writes the moments of some voxels: in equilibrium, or relaxed.

        Parameters
        ----------
        method : {"table", "quadrature"}
            Interpolated or directly integrated equilibrium moments.
        table : MomentTable, optional
            Table to use; default one made for this excitation.
        threads : int, optional
            Number of threads that make the table; default all processors.

        Raises
        ------
        InputError
            An unknown method, or a table that does not cover the fields.
        """
        if method not in ("table", "quadrature"):
            raise InputError(f"method: found {method!r}, expected 'table' or 'quadrature'")
        if method == "quadrature":
            return partial(self._moments, self.moments_by_quadrature)
        return partial(self._moments, partial(self.moments_by_table, self.covering(table, threads)))

    def _moments(self, equilibrium: Moments, voxels: npt.NDArray[np.intp], out: FloatArray) -> None:
        equilibrium(voxels, out)
        if self.relaxation is not None:
            self.relaxation.apply(out, self.offset[voxels], self.field, self.step_s)

    def moments_by_table(self, table: MomentTable, voxels: npt.NDArray[np.intp], out: FloatArray) -> None:
        """Interpolate the equilibrium moment of some voxels into `out` ``(voxel, 3, time)``."""
        table.moments(self.alpha_K[voxels], self.easy_axis[voxels], self.offset[voxels], self.field, out)

    def moments_by_quadrature(self, voxels: npt.NDArray[np.intp], out: FloatArray) -> None:
        """Integrate the equilibrium moment of some voxels into `out` ``(voxel, 3, time)``."""
        nodes = nodes_for(float(self.alpha_K.max()), float(np.hypot(*self.largest)))
        for target, voxel in zip(out, voxels, strict=True):
            field = self.field.T + self.offset[voxel]
            target[:] = moment_by_quadrature(field, self.alpha_K[voxel], self.easy_axis[voxel], nodes).T
