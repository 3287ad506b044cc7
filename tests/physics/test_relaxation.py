"""Relaxed moments against the filter's closed form, an integrator of ordinary differential equations, and limits."""

from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.integrate import solve_ivp

from mpipipe.physics.excitation import Excitation
from mpipipe.physics.grid import Grid
from mpipipe.physics.magnetization import langevin
from mpipipe.physics.particle import Particle
from mpipipe.physics.relaxation import Relaxation
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_rows, simulate_system_matrix

SCANNER = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 0))
TILTED = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, easy_axis=(0.3, 0.5, 0.8))
FLUID = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, kind="fluid", gamma=0.7)
GRID = Grid(shape=(5, 4), field_of_view_mm=(26, 22), centre_mm=(1, -2))
STEP_S = 1 / SCANNER.base_frequency_Hz


def dense(particle=TILTED, relaxation=None, scanner=SCANNER):
    return simulate_system_matrix(scanner, particle, GRID, relaxation=relaxation).values.astype(np.complex128)


def phase_spread(components):
    """Return 1 − |Σ s²| / Σ |s|² of each component ``(component, …)``: 0 for a single phase."""
    flat = components.reshape(len(components), -1)
    return 1 - np.abs((flat**2).sum(axis=1)) / (np.abs(flat) ** 2).sum(axis=1)


def strong_components(particle, relaxation):
    return simulate_rows(SCANNER, particle, GRID, keep_above=1e-2, relaxation=relaxation).values.astype(
        np.complex128
    )


@pytest.mark.parametrize("time_us", [0.05, 1.0, 20.0, 5000.0])
@pytest.mark.parametrize("particle", [TILTED, FLUID])
def test_a_constant_time_is_a_filter_of_known_gain(particle, time_us):
    equilibrium, relaxed = dense(particle), dense(particle, Relaxation(time_us=time_us))
    h = STEP_S / (1e-6 * time_us)
    a, p = np.exp(-h), (1 - np.exp(-h)) / h
    turn = np.exp(-2j * np.pi * np.arange(817) / 1632)
    gain = ((1 - p) + (p - a) * turn) / (1 - a * turn)
    expected = gain[:, None, None] * equilibrium
    # The gain of a slow relaxation is small: errors are compared with the result.
    np.testing.assert_allclose(relaxed, expected, atol=2e-7 * np.abs(expected).max())


def test_low_frequencies_see_the_continuous_low_pass():
    time_us = 3.0
    equilibrium, relaxed = dense(), dense(relaxation=Relaxation(time_us=time_us))
    frequency = SCANNER.frequency_Hz(np.arange(1, 80))
    pairs = zip(equilibrium[0, 1:80], relaxed[0, 1:80], strict=True)
    ratio = np.array([np.vdot(e, r) / np.vdot(e, e) for e, r in pairs])
    lowpass = 1 / (1 + 2j * np.pi * frequency * 1e-6 * time_us)
    # Linear interpolation between samples attenuates by (2 pi f dt)^2 / 12 at most.
    error = np.abs(ratio / lowpass - 1)
    assert (error < (2 * np.pi * frequency * STEP_S) ** 2 / 12 + 1e-5).all()


@pytest.mark.parametrize("field_dependent", [False, True])
def test_fast_relaxation_gives_equilibrium(field_dependent):
    equilibrium = dense()
    errors = [
        np.abs(
            dense(relaxation=Relaxation(time_us=time, field_dependent=field_dependent)) - equilibrium
        ).max()
        for time in (1e-6, 1e-3, 1e-2)
    ]
    assert errors[0] < 1e-6 * np.abs(equilibrium).max()
    assert errors[2] == pytest.approx(10 * errors[1], rel=0.1)  # first order in the relaxation time


def test_only_a_field_dependent_time_bends_the_phase():
    assert phase_spread(strong_components(TILTED, None)).max() < 1e-10
    assert phase_spread(strong_components(TILTED, Relaxation(time_us=3))).max() < 1e-10
    bent = phase_spread(strong_components(TILTED, Relaxation(time_us=3, field_dependent=True)))
    assert np.median(bent) > 1e-3 and bent.max() > 1e-2
    # The bending is of second order in the relaxation time.
    less = phase_spread(strong_components(TILTED, Relaxation(time_us=0.03, field_dependent=True)))
    lesser = phase_spread(strong_components(TILTED, Relaxation(time_us=0.015, field_dependent=True)))
    assert np.median(less) == pytest.approx(4 * np.median(lesser), rel=0.2)


def moments_at(particle, relaxation, oversampling, voxel):
    """Return the moments ``(3, time)`` of one voxel over a period."""
    excitation = Excitation.of(SCANNER, particle, GRID, oversampling, relaxation)
    out = np.empty((1, 3, excitation.field.shape[1]))
    excitation.moments("quadrature")(np.array([voxel]), out)
    return out[0]


@pytest.mark.parametrize(("time_us", "field_dependent"), [(2.0, True), (30.0, True), (2.0, False)])
def test_the_solution_is_that_of_the_differential_equation(time_us, field_dependent):
    """Isotropic particles, whose equilibrium is Langevin's function, by an adaptive integrator from the state found."""
    particle, voxel = Particle(core_diameter_nm=21), 7
    relaxation = Relaxation(time_us=time_us, field_dependent=field_dependent)
    place = GRID.positions_m().reshape(-1, 3)[voxel] * np.array(SCANNER.gradient_T_per_m)
    omega = 2 * np.pi * np.array(SCANNER.drive_frequency_Hz)

    def rate(t, m):
        b = particle.beta_per_T * (place + np.array([12e-3, 12e-3, 0]) * np.cos(omega * t))
        xi = np.linalg.norm(b)
        speedup = np.sqrt(1 + 0.21 * xi**2) if field_dependent else 1.0
        return (langevin(xi) * b / xi - m) * speedup / (1e-6 * time_us)

    errors = []
    for oversampling in (1, 2, 4, 8):
        found = moments_at(particle, relaxation, oversampling, voxel)
        samples = found.shape[1]
        time = np.append(np.arange(samples), samples) * STEP_S / oversampling
        exact = solve_ivp(
            rate, (0, time[-1]), found[:, 0], "LSODA", t_eval=time, rtol=1e-9, atol=1e-11, max_step=1e-6
        ).y
        errors.append(np.abs(exact[:, :-1] - found).max())
    # Of second order in the sampling interval: four times less each time.
    assert all(fine < coarse / 3.9 for coarse, fine in pairwise(errors)) and errors[-1] < 1e-4
    # Periodic: the integrator's last state is the first one.
    np.testing.assert_allclose(exact[:, -1], found[:, 0], atol=errors[-1])


@pytest.mark.parametrize("relaxation", [Relaxation(time_us=40), Relaxation(time_us=40, field_dependent=True)])
def test_a_shift_of_time_shifts_the_solution(relaxation):
    """The steady state has no memory of where the period was cut."""
    excitation = Excitation.of(SCANNER, FLUID, GRID, 1, relaxation)
    equilibrium = np.empty((3, 3, 1632))
    excitation.moments_by_quadrature(np.arange(3), equilibrium)
    shifted, offset = np.roll(equilibrium, 431, axis=2), excitation.offset[:3]
    relaxation.apply(equilibrium, offset, excitation.field, STEP_S)
    relaxation.apply(shifted, offset, np.ascontiguousarray(np.roll(excitation.field, 431, axis=1)), STEP_S)
    np.testing.assert_allclose(np.roll(shifted, -431, axis=2), equilibrium, atol=1e-13)


@pytest.mark.parametrize("time_us", [1e-4, 1.0, 1e5])
def test_the_mean_moment_is_kept_by_a_constant_time(time_us):
    excitation = Excitation.of(SCANNER, TILTED, GRID, 1, Relaxation(time_us=time_us))
    equilibrium, relaxed = np.empty((2, 20, 3, 1632))
    excitation.moments_by_quadrature(np.arange(20), equilibrium)
    excitation.moments("quadrature")(np.arange(20), relaxed)
    np.testing.assert_allclose(relaxed.mean(axis=2), equilibrium.mean(axis=2), atol=1e-9)


def test_the_whole_period_is_sampled_and_rows_follow_the_matrix():
    relaxation = Relaxation(time_us=3, field_dependent=True)
    assert Excitation.of(SCANNER, TILTED, GRID).symmetric
    assert not Excitation.of(SCANNER, TILTED, GRID, 1, relaxation).symmetric
    rows = simulate_rows(SCANNER, TILTED, GRID, relaxation=relaxation)
    np.testing.assert_array_equal(
        rows.values, dense(relaxation=relaxation).astype(np.complex64)[rows.channel, rows.frequency]
    )


def test_bad_times_are_refused():
    for time in (0, -1, 1e6):
        with pytest.raises(ValidationError, match="time_us"):
            Relaxation(time_us=time)
