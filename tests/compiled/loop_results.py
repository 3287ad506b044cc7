"""Print digests of what the compiled loops return: ``python -m tests.compiled.loop_results``."""

import hashlib

import numpy as np

from mpipipe.config.gridding import GriddingConfig
from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.relaxation import Relaxation
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_rows
from mpipipe.reconstruction.kaczmarz import solve
from mpipipe.reconstruction.local_polynomial import fit_weights
from mpipipe.reconstruction.total_variation import shrink_variation

SCANNER = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 0), divider=(10, 9, 12))
GRID = Grid(shape=(7, 6), field_of_view_mm=(28, 24))


def simulated(kind, relaxation):
    particle = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, kind=kind, easy_axis=(0.6, 0, 0.8))
    return simulate_rows(SCANNER, particle, GRID, relaxation=relaxation).values


def results():
    rng = np.random.default_rng(0)
    for kind in ("fluid", "immobilised"):
        yield kind, simulated(kind, None)
    yield "relaxed", simulated("fluid", Relaxation(time_us=3, field_dependent=True))
    for precision in (np.complex64, np.complex128):
        matrix, signal = (
            (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(precision)
            for shape in ((31, 77), (3, 31))
        )
        settings = KaczmarzConfig(iterations=3, real=True, positive=True)
        yield f"Kaczmarz {precision.__name__}", solve(matrix, signal, settings).image
    points = rng.random((400, 2))
    weights = fit_weights(points, np.ones(400), points[:40], 0.4, GriddingConfig())
    yield "local polynomials", weights.data
    for precision in (np.float32, np.float64):
        images = rng.normal(size=(2, 9, 8)).astype(precision)
        yield f"variation {precision.__name__}", shrink_variation(images, 0.3, 10)[0]


if __name__ == "__main__":
    for name, values in results():
        print(name, hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest())
