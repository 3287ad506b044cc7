"""What the particles of every voxel see: dimensionless fields, anisotropy, and the moments that follow."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from mpipipe.physics.anisotropy import local_anisotropy
from mpipipe.physics.grid import Grid
from mpipipe.physics.magnetization import moment_by_quadrature, nodes_for
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.table import MomentTable
from mpipipe.physics.trajectory import drive_field_T, sample_times_s

FloatArray = npt.NDArray[np.float64]


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
        The second half period is the first one backwards, as with cosine drives: ``B(T - t) = B(t)``.
    """

    alpha_K: FloatArray
    easy_axis: FloatArray
    offset: FloatArray
    field: FloatArray
    samples: int
    symmetric: bool

    @classmethod
    def of(cls, scanner: Scanner, particle: Particle, grid: Grid, oversampling: int = 1) -> Self:
        """Return the excitation of a particle at every voxel of a grid."""
        positions = grid.positions_m().reshape(-1, 3)
        alpha_K, easy_axis = local_anisotropy(scanner, particle, positions)
        time = sample_times_s(scanner, oversampling)
        symmetric = scanner.waveform == "cosine" and not any(scanner.phase_rad) and len(time) % 4 == 0
        used = time[: len(time) // 2 + 1] if symmetric else time
        return cls(
            alpha_K=alpha_K,
            easy_axis=easy_axis,
            offset=particle.beta_per_T * positions * np.asarray(scanner.gradient_T_per_m),
            field=np.ascontiguousarray(particle.beta_per_T * drive_field_T(scanner, used).T),
            samples=len(time),
            symmetric=symmetric,
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

    def table(self) -> MomentTable:
        """Return a table that covers this excitation; one of a single anisotropy is cheap, and so finer."""
        varying = bool(np.ptp(self.alpha_K) > 0)
        refine = 1.0 if varying else 1.25
        return MomentTable.build(float(self.alpha_K.max()), *self.largest, varying=varying, refine=refine)

    def moments_by_table(self, table: MomentTable, voxels: npt.NDArray[np.intp], out: FloatArray) -> None:
        """Interpolate the mean moment of some voxels into `out` ``(voxel, 3, time)``."""
        table.moments(self.alpha_K[voxels], self.easy_axis[voxels], self.offset[voxels], self.field, out)

    def moments_by_quadrature(self, voxels: npt.NDArray[np.intp], out: FloatArray) -> None:
        """Integrate the mean moment of some voxels into `out` ``(voxel, 3, time)``."""
        nodes = nodes_for(float(self.alpha_K.max()), float(np.hypot(*self.largest)))
        for target, voxel in zip(out, voxels, strict=True):
            field = self.field.T + self.offset[voxel]
            target[:] = moment_by_quadrature(field, self.alpha_K[voxel], self.easy_axis[voxel], nodes).T
