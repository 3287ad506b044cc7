"""Signals that are added up in time against the product of a system matrix and a concentration map."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.physics import system_function
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.physics.relaxation import Relaxation
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.signal import simulate_signal
from mpipipe.physics.system_function import simulate_rows
from mpipipe.scenes.measurement import measure

PLANE = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 0))
SPACE = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 12), divider=(16, 12, 14))
SINE = PLANE.model_copy(update={"waveform": "sine"})
TILTED = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, easy_axis=(0.3, 0.5, 0.8))
FLUID = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, kind="fluid", gamma=0.7)
FLAT = Grid(shape=(15, 12), field_of_view_mm=(30, 26), centre_mm=(1, -2))
BLOCK = Grid(shape=(6, 5, 7), field_of_view_mm=(30, 26, 14))


def sparse_map(grid):
    """A concentration map of which about a third is occupied."""
    rng = np.random.default_rng(0)
    return rng.random(grid.shape) * (rng.random(grid.shape) < 0.35)


@pytest.mark.parametrize("particle", [TILTED, FLUID])
@pytest.mark.parametrize(
    ("scanner", "grid", "options"),
    [
        (PLANE, FLAT, {}),
        (SINE, FLAT, {}),
        (SPACE, BLOCK, {}),
        (PLANE, FLAT, {"oversampling": 2}),
        (PLANE, FLAT, {"relaxation": Relaxation(time_us=3, field_dependent=True)}),
        (PLANE, FLAT, {"transfer_function": TransferFunction(np.array([0, 2e6]), np.array([[1, 2j]] * 3))}),
    ],
)
def test_it_is_the_matrix_times_the_map(scanner, grid, options, particle):
    rows = simulate_rows(scanner, particle, grid, **options)
    concentration = sparse_map(grid)
    expected = measure(rows.values.astype(np.complex128), concentration, 3)
    found = simulate_signal(
        scanner, particle, grid, concentration, rows.channel, rows.frequency, refinement=3, **options
    )
    assert found.dtype == np.complex64 and len(found) > 100
    # The matrix is rounded to single precision voxel by voxel, the signal once.
    scale = np.abs(rows.values).reshape(len(rows.values), -1) @ concentration.ravel() / 3**concentration.ndim
    assert (np.abs(found - expected) < 1e-7 * scale + 1e-7 * np.abs(expected)).all()


def test_it_does_not_depend_on_threads_and_is_linear():
    concentration = sparse_map(FLAT)
    channel, frequency = np.divmod(np.arange(3 * 817), 817)
    one, three = (
        simulate_signal(PLANE, FLUID, FLAT, concentration, channel, frequency, threads=n) for n in (1, 3)
    )
    np.testing.assert_array_equal(one, three)
    parts = [
        concentration * half
        for half in (np.indices(FLAT.shape).sum(0) % 2, 1 - np.indices(FLAT.shape).sum(0) % 2)
    ]
    total = sum(simulate_signal(PLANE, FLUID, FLAT, 2 * part, channel, frequency) for part in parts)
    np.testing.assert_allclose(total, 2 * one, atol=1e-6 * np.abs(one).max())


def test_an_empty_map_gives_no_signal():
    found = simulate_signal(PLANE, FLUID, FLAT, np.zeros(FLAT.shape), np.zeros(5, int), np.arange(5))
    assert not found.any()


def test_quadrature_gives_the_same_signal():
    grid = Grid(shape=(4, 3), field_of_view_mm=(24, 20))
    arguments = (PLANE, TILTED, grid, sparse_map(grid), np.zeros(60, int), np.arange(60))
    exact = simulate_signal(*arguments, method="quadrature")
    np.testing.assert_allclose(simulate_signal(*arguments), exact, atol=1e-5 * np.abs(exact).max())


@pytest.mark.parametrize(
    ("concentration", "channel", "frequency", "options", "line"),
    [
        (np.ones((12, 15)), [0], [1], {}, "concentration: found shape"),
        (np.full((15, 12), np.nan), [0], [1], {}, "concentration: found NaN"),
        (np.ones((15, 12)), [0], [1], {"refinement": 0}, "refinement: found 0"),
        (np.ones((15, 12)), [3], [1], {}, "channel: found 3"),
        (np.ones((15, 12)), [0], [817], {}, "frequency: found 817, expected 0 to 816"),
        (np.ones((15, 12)), [0, 1], [1], {}, "frequency: found shape"),
        (np.ones((15, 12)), [0], [1], {"method": "guess"}, "method: found 'guess'"),
    ],
)
def test_what_does_not_fit_is_refused(concentration, channel, frequency, options, line):
    with pytest.raises(InputError, match=line):
        simulate_signal(PLANE, TILTED, FLAT, concentration, np.array(channel), np.array(frequency), **options)


@pytest.mark.parametrize("previewed", [False, True])
@pytest.mark.parametrize("strongest", [1, 50, 10**6])
def test_the_strongest_components_of_a_matrix(monkeypatch, previewed, strongest):
    grid = Grid(shape=(9, 8), field_of_view_mm=(30, 26))
    everything = simulate_rows(PLANE, FLUID, grid)
    if previewed:
        monkeypatch.setattr(system_function, "WHOLE_VALUES", 0)
    found = simulate_rows(PLANE, FLUID, grid, strongest=strongest)
    peak = np.abs(everything.values).max(axis=(1, 2))
    expected = np.sort(np.argsort(-peak, kind="stable")[:strongest])
    np.testing.assert_array_equal(found.values, everything.values[expected])
    np.testing.assert_array_equal(found.frequency, everything.frequency[expected])
    np.testing.assert_array_equal(found.channel, everything.channel[expected])
    np.testing.assert_array_equal(found.strength, everything.strength[expected])


def test_no_component_is_no_number_of_components():
    with pytest.raises(InputError, match="strongest: found 0"):
        simulate_rows(PLANE, FLUID, FLAT, strongest=0)
