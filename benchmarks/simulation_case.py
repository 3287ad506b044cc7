"""System matrices that are simulated for a time: with the table, in other ways, and their error."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.machine import cores
from benchmarks.other_simulations import Model
from mpipipe.compiled.threads import on_threads
from mpipipe.physics.excitation import Excitation
from mpipipe.physics.grid import Grid
from mpipipe.physics.mirror import Mirror
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.sweep import BATCH_VALUES
from mpipipe.physics.system_function import SystemMatrixRows, receive_gain, simulate_rows
from mpipipe.physics.trajectory import drive_field_T, sample_times_s


@dataclass(frozen=True)
class Case:
    """A system matrix of an Open-MPI-like scanner; the easy axis is generic, so all three channels carry signal.

    Attributes
    ----------
    shape : tuple of int
        Voxels along two or three axes.
    kind : str
        ``immobilised`` or ``fluid``.
    oversampling : int
        Samples a tick of the base frequency.
    threads : int
        Threads of the simulation and of all that it is compared with.
    """

    shape: tuple[int, ...]
    kind: str = "immobilised"
    oversampling: int = 1
    threads: int = cores()

    @cached_property
    def scanner(self) -> Scanner:
        """Drive fields along as many axes as the grid has."""
        amplitude = (12, 12, 12 if len(self.shape) == 3 else 0)
        return Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=amplitude, divider=(102, 96, 99))

    @cached_property
    def particle(self) -> Particle:
        """Particles of 20 nm."""
        return Particle(
            core_diameter_nm=20, anisotropy_J_per_m3=3000, kind=self.kind, easy_axis=(0.3, 0.5, 0.8)
        )

    @cached_property
    def grid(self) -> Grid:
        """Voxels over the drive-field field of view and a quarter more."""
        return Grid(shape=self.shape, field_of_view_mm=(30.0, 30.0, 15.0)[: len(self.shape)])

    @cached_property
    def excitation(self) -> Excitation:
        """Fields of all voxels."""
        return Excitation.of(self.scanner, self.particle, self.grid, self.oversampling)

    @cached_property
    def drive(self) -> np.ndarray:
        """Dimensionless drive field of a whole period, ``(time, 3)``."""
        time_s = sample_times_s(self.scanner, self.oversampling)
        return self.particle.beta_per_T * drive_field_T(self.scanner, time_s)

    @property
    def samples(self) -> int:
        """Samples of a period."""
        return self.scanner.samples * self.oversampling

    @property
    def simulated(self) -> int:
        """Voxels that are simulated: all, or those on one side of a mirror."""
        mirror = Mirror.of(self.scanner, self.excitation, self.grid)
        return self.grid.voxels if mirror is None else len(mirror.voxels)

    @property
    def name(self) -> str:
        """Dimension and grid."""
        return f"{len(self.shape)}-D {'×'.join(map(str, self.shape))}"

    def simulate(self, device: str | None = None) -> SystemMatrixRows:
        """Simulate the matrix as a user does, its table included, on the processors or on a PyTorch device."""
        return simulate_rows(
            self.scanner,
            self.particle,
            self.grid,
            oversampling=self.oversampling,
            threads=self.threads,
            device=device,
        )

    def voxels(self, count: int) -> np.ndarray:
        """Return some voxels, scattered."""
        return np.random.default_rng(0).choice(self.grid.voxels, min(count, self.grid.voxels), replace=False)

    def interpolate(self, voxels: np.ndarray) -> Callable[[], object]:
        """Return what interpolates the moments of some voxels, on threads, in batches that stay in the caches."""
        excitation = self.excitation
        table, batch = excitation.table(), max(1, BATCH_VALUES // excitation.field.size)
        parts = np.array_split(voxels, self.threads)

        def one(part: np.ndarray) -> None:
            out = np.empty((min(batch, len(part)), *excitation.field.shape))
            for start in range(0, len(part), batch):
                some = part[start : start + batch]
                excitation.moments_by_table(table, some, out[: len(some)])

        return lambda: list(on_threads(one, parts, self.threads))

    def otherwise(self, model: Model, voxels: np.ndarray) -> Callable[[], object]:
        """Return what simulates some voxels by another model: its moments and NumPy's transforms, on threads."""
        gain = receive_gain(self.scanner, self.samples // 2 + 1)

        def one(voxel: int) -> None:
            moments = model(*self.seen(voxel))
            gain * np.fft.rfft(moments.T, norm="forward")

        return lambda: list(on_threads(one, voxels, self.threads))

    def seen(self, voxel: int) -> tuple[np.ndarray, float, np.ndarray]:
        """Return dimensionless field ``(time, 3)`` of a whole period, anisotropy energy and easy axis of a voxel."""
        excitation = self.excitation
        return (
            self.drive + excitation.offset[voxel],
            float(excitation.alpha_K[voxel]),
            excitation.easy_axis[voxel],
        )

    def error(self, rows: SystemMatrixRows, model: Model, voxels: np.ndarray) -> float:
        """Return the largest error of a component in some voxels, over its largest modulus in the whole matrix."""
        gain = receive_gain(self.scanner, self.samples // 2 + 1)[rows.channel, rows.frequency]
        values = rows.values.reshape(len(rows.values), -1)
        peak = np.array([np.abs(component).max() for component in values])
        worst = 0.0
        for voxel in voxels:
            spectrum = np.fft.rfft(model(*self.seen(voxel)).T, norm="forward")
            exact = gain * spectrum[rows.channel, rows.frequency]
            worst = max(worst, float((np.abs(values[:, voxel] - exact) / peak).max()))
        return worst
