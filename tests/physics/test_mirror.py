"""Half of a grid and the law that gives the other half, against all of its voxels simulated."""

import numpy as np
import pytest

from mpipipe.physics.excitation import Excitation
from mpipipe.physics.grid import Grid
from mpipipe.physics.mirror import Mirror
from mpipipe.physics.particle import Particle
from mpipipe.physics.relaxation import Relaxation
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.sweep import Sweep
from mpipipe.physics.system_function import receive_gain, simulate_rows, simulate_system_matrix

PLANE = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 0))  # 16 and 17 cycles
LINE = Scanner(drive_amplitude_mT=(12, 0, 0), divider=(1000, 96, 99))
SPACE = Scanner(drive_amplitude_mT=(12, 11, 10), divider=(16, 12, 14))  # 21, 28 and 24 cycles
FLUID = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, kind="fluid", gamma=0.7)
TILTED = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, easy_axis=(0.3, 0.5, 0.8))
ALONG = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, easy_axis=(0, 1, 0))
ACROSS = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, easy_axis=(0.6, 0, 0.8))
BARE = Particle(core_diameter_nm=23)


def grid(*shape, **options):
    return Grid(shape=shape, field_of_view_mm=(26.0, 30.0, 14.0)[: len(shape)], **options)


def mirror_of(scanner, particle, voxels, relaxation=None):
    return Mirror.of(scanner, Excitation.of(scanner, particle, voxels, 1, relaxation), voxels)


MIRRORED = [
    (PLANE, FLUID, grid(4, 5), 1, True),
    (PLANE, FLUID, grid(5, 6), 1, True),
    (PLANE, FLUID.model_copy(update={"convention": "position"}), grid(3, 4), 1, True),
    (PLANE, BARE, grid(4, 3), 1, True),
    (PLANE, ALONG, grid(3, 4), 1, True),
    (PLANE, ACROSS, grid(3, 5), 1, True),
    (PLANE, FLUID, grid(3, 4, centre_mm=(2.0, 0.0)), 1, True),
    (PLANE, FLUID, grid(2, 3, 4, centre_mm=(1.0, 2.0, 0.0)), 2, False),  # no drive along z
    (LINE, BARE, grid(7), 0, True),
    (SPACE, FLUID, grid(4, 2, 2), 0, True),
    (PLANE.model_copy(update={"waveform": "sine", "phase_rad": (0.3, 0.1, 0.0)}), FLUID, grid(3, 4), 1, True),
]


@pytest.mark.parametrize(("scanner", "particle", "voxels", "axis", "delayed"), MIRRORED)
def test_half_of_a_grid_gives_the_whole(scanner, particle, voxels, axis, delayed):
    assert mirror_of(scanner, particle, voxels) == Mirror(voxels.shape, axis, delayed)
    excitation = Excitation.of(scanner, particle, voxels)
    gain = receive_gain(scanner, excitation.samples // 2 + 1)
    every = Sweep(excitation, excitation.moments()).run(np.arange(voxels.voxels), np.arange(gain.size), gain)
    whole = every[1].reshape(*gain.shape, *voxels.shape)
    found = simulate_system_matrix(scanner, particle, voxels).values
    np.testing.assert_allclose(found, whole, rtol=0, atol=2e-7 * np.abs(whole).max())
    rows = simulate_rows(scanner, particle, voxels)
    np.testing.assert_array_equal(rows.values, found[rows.channel, rows.frequency])
    np.testing.assert_allclose(
        rows.strength,
        np.abs(whole)[rows.channel, rows.frequency].reshape(len(rows.channel), -1).max(axis=1)
        / np.abs(whole).reshape(3, -1).max(axis=1)[rows.channel],
        rtol=2e-6,
    )


@pytest.mark.parametrize(
    ("scanner", "particle", "voxels"),
    [
        (PLANE, TILTED, grid(4, 4)),
        (PLANE, FLUID, grid(4, 4, centre_mm=(0.0, 0.1))),
        (PLANE, FLUID, grid(4, 1)),
        (SPACE.model_copy(update={"divider": (15, 9, 5)}), FLUID, grid(2, 2, 2)),  # 3, 5 and 9 cycles
        (
            LINE.model_copy(update={"divider": (1001, 96, 99)}),
            BARE,
            grid(4),
        ),  # half a period between two samples
    ],
)
def test_a_grid_without_a_mirror(scanner, particle, voxels):
    assert mirror_of(scanner, particle, voxels) is None


def test_relaxed_moments_are_simulated_everywhere():
    assert mirror_of(PLANE, FLUID, grid(3, 4), Relaxation(time_us=2)) is None


@pytest.mark.parametrize("shape", [(4,), (5,), (3, 4), (2, 3, 5)])
def test_voxels_of_one_side_are_a_half_and_the_plane(shape):
    for axis in range(len(shape)):
        numbers = Mirror(shape, axis, True).voxels
        place = np.unravel_index(numbers, shape)[axis]
        assert len(np.unique(numbers)) == np.prod(shape) // shape[axis] * -(-shape[axis] // 2)
        assert place.max() == (shape[axis] - 1) // 2
