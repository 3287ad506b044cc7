"""The same tracer on another grid: the anisotropy at a place does not depend on the voxels around it."""

import numpy as np
import pytest

from mpipipe.physics.anisotropy import local_anisotropy, rescaled_for
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner

SCANNER = Scanner(gradient_T_per_m=(-1, -0.7, 1.7), drive_amplitude_mT=(12, 12, 0), divider=(102, 96, 99))


@pytest.mark.parametrize("kind", ["fluid", "immobilised"])
@pytest.mark.parametrize("convention", ["selection_field", "position"])
@pytest.mark.parametrize("gamma", [0.4, 1.0, 1.3])
def test_common_places_keep_their_anisotropy(kind: str, convention: str, gamma: float) -> None:
    particle = Particle(
        core_diameter_nm=20, anisotropy_J_per_m3=3000, kind=kind, gamma=gamma, convention=convention
    )
    coarse = Grid(shape=(5, 7), field_of_view_mm=(20, 14))
    fine = Grid(shape=(15, 21), field_of_view_mm=(20, 14))  # every third voxel is one of the coarse grid
    positions, fine_positions = coarse.positions_m().reshape(-1, 3), fine.positions_m().reshape(-1, 3)
    other = rescaled_for(SCANNER, particle, positions, fine_positions)
    alpha, axis = local_anisotropy(SCANNER, particle, positions)
    fine_alpha, fine_axis = local_anisotropy(SCANNER, other, fine_positions)
    places = [int(np.argmin(np.linalg.norm(fine_positions - place, axis=1))) for place in positions]
    np.testing.assert_allclose(fine_positions[places], positions, atol=1e-12)
    np.testing.assert_allclose(fine_alpha[places], alpha, rtol=1e-10)
    np.testing.assert_allclose(fine_axis[places], axis, atol=1e-12)
    if kind == "fluid":
        unscaled = local_anisotropy(SCANNER, particle, fine_positions)[0][places]
        assert not np.allclose(unscaled, alpha, rtol=1e-2)
