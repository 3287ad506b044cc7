"""Particle scales, local anisotropy, resolution, receive chain."""

import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

from mpipipe.errors import InputError
from mpipipe.physics.anisotropy import local_anisotropy
from mpipipe.physics.grid import Grid
from mpipipe.physics.magnetization import langevin, mean_moment
from mpipipe.physics.particle import Particle
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.physics.resolution import fwhm_constant, fwhm_mm
from mpipipe.physics.scanner import Scanner

GRID = Grid(shape=(5, 7, 3), field_of_view_mm=(20, 30, 10), centre_mm=(1, -2, 0.5))
SCANNER = Scanner(gradient_T_per_m=(-0.5, -1.0, 1.5), drive_amplitude_mT=(12, 12, 12))


@pytest.mark.parametrize(("diameter", "moment"), [(15, 8.38e-19), (20, 1.99e-18), (25, 3.88e-18)])
def test_published_moments(diameter, moment):
    assert Particle(core_diameter_nm=diameter).moment_A_m2 == pytest.approx(moment, rel=3e-3)


@pytest.mark.parametrize(
    ("diameter", "width"), [(15, 20.10), (17.5, 12.66), (20, 8.48), (22.5, 5.95), (25, 4.34)]
)
def test_published_widths(diameter, width):
    assert fwhm_mm(Particle(core_diameter_nm=diameter), 1.0) == pytest.approx(width, abs=6e-3)


def test_width_constants():
    assert fwhm_constant() == pytest.approx(4.161, abs=5e-4)
    assert fwhm_constant("transverse") == pytest.approx(9.467, abs=5e-4)


@pytest.mark.parametrize("direction", ["parallel", "transverse"])
def test_width_halves_the_kernel_of_the_moment(direction):
    # The kernel is the derivative of the moment by a small field along x, at a distance along x or y.
    particle = Particle(core_diameter_nm=21)
    half = fwhm_mm(particle, 2.0, direction) / 2 * 2.0  # mT
    place = {"parallel": (half, 0, 0), "transverse": (0, half, 0)}[direction]
    nudge = np.array([1e-4, 0, 0])
    slopes = [
        (mean_moment(at + nudge, particle) - mean_moment(at - nudge, particle))[0]
        for at in ((0, 0, 0), place)
    ]
    assert slopes[1] / slopes[0] == pytest.approx(0.5, abs=1e-7)


def test_immobilised_particles_are_the_same_everywhere():
    particle = Particle(anisotropy_J_per_m3=1250, easy_axis=(0, 3, 4))
    alpha, axis = local_anisotropy(SCANNER, particle, GRID.positions_m().reshape(-1, 3))
    np.testing.assert_allclose(alpha, 1250 * particle.volume_m3 / (1.380649e-23 * 293))
    np.testing.assert_allclose(axis, np.broadcast_to([0, 0.6, 0.8], axis.shape))


@pytest.mark.parametrize("gamma", [0.3, 1.0, 1.3])
def test_fluid_particles_follow_the_selection_field(gamma):
    particle = Particle(anisotropy_J_per_m3=1250, kind="fluid", gamma=gamma)
    positions = GRID.positions_m().reshape(-1, 3)
    alpha, axis = local_anisotropy(SCANNER, particle, positions)
    field = positions * [-0.5, -1.0, 1.5]
    np.testing.assert_allclose(np.cross(axis, field), 0, atol=1e-17)
    np.testing.assert_allclose(np.linalg.norm(axis, axis=1), 1)
    assert alpha.max() == pytest.approx(particle.alpha_K)
    size = np.linalg.norm(field, axis=1)
    np.testing.assert_allclose(alpha, particle.alpha_K * (size / size.max()) ** gamma, rtol=1e-12)


def test_position_convention_scales_by_the_infinity_norm():
    particle = Particle(anisotropy_J_per_m3=1250, kind="fluid", gamma=1.7, convention="position")
    positions = GRID.positions_m().reshape(-1, 3)
    alpha, axis = local_anisotropy(SCANNER, particle, positions)
    np.testing.assert_allclose(np.cross(axis, positions), 0, atol=1e-17)
    assert np.abs(alpha[:, None] * axis).max() == pytest.approx(particle.alpha_K)
    assert alpha.max() > particle.alpha_K  # the corners


@pytest.mark.parametrize("convention", ["selection_field", "position"])
def test_the_origin_has_no_anisotropy_and_some_axis(convention):
    particle = Particle(anisotropy_J_per_m3=1250, kind="fluid", convention=convention)
    for positions in (np.zeros((1, 3)), np.array([[0.0, 0, 0], [1e-3, 0, 0]])):
        alpha, axis = local_anisotropy(SCANNER, particle, positions)
        assert alpha[0] == 0
        assert np.linalg.norm(axis[0]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"core_diameter_nm": 0}, "core_diameter_nm"),
        ({"easy_axis": (0, 0, 0)}, "easy_axis"),
        ({"kind": "solid"}, "kind"),
        ({"anisotropy_J_per_m3": -1}, "anisotropy_J_per_m3"),
        ({"temperature_K": 0}, "temperature_K"),
    ],
)
def test_particle_mistakes_name_the_field(arguments, named):
    with pytest.raises(ValidationError, match=named):
        Particle(**arguments)


def test_transfer_function_is_interpolated_linearly():
    gain = np.array([[1, 3 + 2j, 5], [0, 1j, 2j], [1, 1, 1]], dtype=complex)
    chain = TransferFunction(np.array([0.0, 10.0, 20.0]), gain)
    np.testing.assert_allclose(chain.at(np.array([5.0, 10.0, 15.0])).T[0], [2 + 1j, 0.5j, 1])
    with pytest.raises(InputError, match="transfer_function: found 0 to 20 Hz"):
        chain.at(np.array([0.0, 25.0]))


@pytest.mark.parametrize(
    ("frequency", "gain", "message"),
    [
        ([0.0, 1.0], np.ones((2, 2)), "found frequencies"),
        ([1.0, 0.0], np.ones((3, 2)), "do not increase"),
        ([0.0, 1.0], np.full((3, 2), np.nan), "not finite"),
    ],
)
def test_transfer_function_mistakes(frequency, gain, message):
    with pytest.raises(InputError, match=message):
        TransferFunction(np.array(frequency), gain.astype(complex))


def test_langevin_slope_at_zero_is_a_third():
    assert langevin(1e-6) / 1e-6 == pytest.approx(1 / 3, rel=1e-12)


def test_typed_models_load_without_compiler_and_scipy():
    code = (
        "import sys, mpipipe.physics.scanner, mpipipe.physics.particle, mpipipe.physics.grid, "
        "mpipipe.physics.resolution; heavy = {'numba', 'scipy', 'torch', 'xarray'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_physics_does_not_load_torch():
    code = "import sys, mpipipe.physics.system_function; assert not {'torch', 'xarray'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
