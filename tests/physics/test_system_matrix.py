"""System matrices: frequency bookkeeping, Fourier integrals, the rule of kept components, fast against reference path."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.integrate import quad

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.magnetization import langevin
from mpipipe.physics.mixing import mixing_orders
from mpipipe.physics.particle import Particle
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.physics.resolution import fwhm_constant, fwhm_mm
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_rows, simulate_system_matrix
from mpipipe.physics.trajectory import drive_field_T, field_free_point_m, sample_times_s

PLANE = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 0), divider=(102, 96, 99))
SPACE = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 12), divider=(102, 96, 99))
LINE = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 0, 0), divider=(102, 96, 99))
TILTED = (0.6, 0.48, 0.64)


def tracer(kind: str = "immobilised", diameter: float = 20, anisotropy: float = 3000) -> Particle:
    return Particle(core_diameter_nm=diameter, anisotropy_J_per_m3=anisotropy, kind=kind, easy_axis=TILTED)


@pytest.mark.parametrize(
    ("scanner", "samples", "frequencies", "period_us"),
    [(LINE, 102, 52, 40.8), (PLANE, 1632, 817, 652.8), (SPACE, 53856, 26929, 21542.4)],
)
def test_frequency_bookkeeping(scanner: Scanner, samples: int, frequencies: int, period_us: float) -> None:
    assert (scanner.samples, scanner.frequencies) == (samples, frequencies)
    assert scanner.period_s == pytest.approx(period_us * 1e-6)


@pytest.mark.parametrize("scanner", [PLANE, SPACE])
def test_mixing_orders_reproduce_the_frequency(scanner: Scanner) -> None:
    orders = mixing_orders(scanner)
    np.testing.assert_array_equal(orders @ np.array(scanner.harmonic), np.arange(scanner.frequencies))
    if scanner is PLANE:
        assert scanner.harmonic[:2] == (16, 17)
        for k in range(0, 817, 41):  # the smallest total order, by exhaustion
            best = min(abs(m) + abs((k - 16 * m) // 17) for m in range(-60, 61) if (k - 16 * m) % 17 == 0)
            assert np.abs(orders[k]).sum() == best


def test_one_dimensional_langevin_harmonics_by_numerical_integration() -> None:
    grid = Grid(shape=(5,), field_of_view_mm=(20.0,))
    particle = tracer(anisotropy=0)
    S = simulate_system_matrix(LINE, particle, grid, oversampling=8)
    for voxel, x in enumerate(S["x"].values):
        for k in (1, 2, 3, 7):

            def moment(turn: float, k: int = k, x: float = x) -> float:
                field = -x + 12e-3 * np.cos(2 * np.pi * turn)
                return float(langevin(particle.beta_per_T * field)) * np.cos(2 * np.pi * k * turn)

            coefficient = 2 * quad(moment, 0, 0.5, epsabs=1e-12, epsrel=1e-12, limit=200)[0]
            expected = 2j * np.pi * k / LINE.period_s * coefficient
            assert S.values[0, k, voxel] == pytest.approx(expected, rel=1e-5, abs=1e-2)


def test_parseval_and_time_symmetry() -> None:
    """With cosine drive the signal is odd in time: each component is imaginary; with sine drive it is not."""
    grid = Grid(shape=(6, 5), field_of_view_mm=(20.0, 18.0), centre_mm=(1.0, -2.0))
    S = simulate_system_matrix(PLANE, tracer(), grid).values
    assert np.abs(S.real).max() < 1e-6 * np.abs(S).max()
    sine = PLANE.model_copy(update={"waveform": "sine"})
    assert np.abs(simulate_system_matrix(sine, tracer(), grid).values.real).max() > 0.1 * np.abs(S).max()


@pytest.mark.parametrize("waveform", ["cosine", "sine"])
@pytest.mark.parametrize("kind", ["immobilised", "fluid"])
def test_the_fast_path_agrees_with_quadrature(kind: str, waveform: str) -> None:
    """Every component above 1e-4 of its channel's strongest within 1e-3 of its own maximum."""
    rng = np.random.default_rng(0)
    for diameter, anisotropy in ((15, 9000), (25, 400), (25, 9500)):
        scanner = Scanner(
            gradient_T_per_m=(*(g := rng.uniform(0.3, 1.5, 2)), -g.sum()),
            drive_amplitude_mT=(*rng.uniform(8, 14, 2), 0),
            divider=(102, 96, 99),
            waveform=waveform,
        )
        size = 3 * np.array(scanner.drive_amplitude_mT[:2]) / np.abs(scanner.gradient_T_per_m[:2])
        grid = Grid(shape=(5, 4), field_of_view_mm=tuple(size), centre_mm=tuple(size / 20))
        reference = simulate_rows(scanner, tracer(kind, diameter, anisotropy), grid, method="quadrature")
        fast = simulate_rows(scanner, tracer(kind, diameter, anisotropy), grid, keep_above=5e-5)
        row = {pair: i for i, pair in enumerate(zip(fast.channel, fast.frequency, strict=True))}
        rows = [row[pair] for pair in zip(reference.channel, reference.frequency, strict=True)]
        error = np.abs(fast.values[rows] - reference.values).reshape(len(rows), -1).max(axis=1)
        peak = np.abs(reference.values).reshape(len(rows), -1).max(axis=1)
        assert len(rows) > 100 and (error / peak).max() < 1e-3


@pytest.mark.parametrize("kind", ["immobilised", "fluid"])
def test_blocks_and_threads_do_not_change_a_bit(kind: str) -> None:
    grid = Grid(shape=(5, 4), field_of_view_mm=(20.0, 18.0))
    whole = simulate_rows(PLANE, tracer(kind), grid)
    for options in ({"block_voxels": 3}, {"threads": 1}, {}):
        again = simulate_rows(PLANE, tracer(kind), grid, **options)
        np.testing.assert_array_equal(again.values, whole.values)
        np.testing.assert_array_equal(again.frequency, whole.frequency)


def test_rows_are_the_labelled_matrix_and_follow_the_rule() -> None:
    grid = Grid(shape=(6, 5), field_of_view_mm=(24.0, 20.0))
    S = simulate_system_matrix(PLANE, tracer(), grid)
    rows = simulate_rows(PLANE, tracer(), grid, keep_above=1e-3)
    strength = np.abs(S.values).max(axis=(2, 3))
    expected = strength > 1e-3 * strength.max(axis=1, keepdims=True)
    expected[:, 0] = False
    kept = np.zeros_like(expected)
    kept[rows.channel, rows.frequency] = True
    np.testing.assert_array_equal(kept, expected)
    np.testing.assert_array_equal(rows.values, S.values[rows.channel, rows.frequency])
    assert S.dims == ("channel", "frequency", "x", "y") and S["x"].attrs["units"] == "m"


def test_a_channel_without_signal_is_not_kept() -> None:
    rows = simulate_rows(PLANE, tracer(anisotropy=0), Grid(shape=(4, 4), field_of_view_mm=(20.0, 20.0)))
    assert set(rows.channel) == {0, 1}


def test_swapping_axes_swaps_channels() -> None:
    """Exchanging x and y in scanner, grid and particle transposes the matrix."""
    scanner = Scanner(
        gradient_T_per_m=(-1.2, -0.7, 1.9), drive_amplitude_mT=(12, 9, 0), divider=(102, 96, 99)
    )
    swapped = Scanner(
        gradient_T_per_m=(-0.7, -1.2, 1.9), drive_amplitude_mT=(9, 12, 0), divider=(96, 102, 99)
    )
    first = Particle(core_diameter_nm=20, anisotropy_J_per_m3=2000, easy_axis=(0.6, 0.48, 0.64))
    second = first.model_copy(update={"easy_axis": (0.48, 0.6, 0.64)})
    a = simulate_system_matrix(scanner, first, Grid(shape=(4, 5), field_of_view_mm=(16.0, 20.0))).values
    b = simulate_system_matrix(swapped, second, Grid(shape=(5, 4), field_of_view_mm=(20.0, 16.0))).values
    np.testing.assert_allclose(b[[1, 0, 2]].swapaxes(2, 3), a, atol=1e-6 * np.abs(a).max())


def test_fluid_particles_follow_the_selection_field() -> None:
    """For equal gradients both conventions give the same axes; for unequal ones they do not."""
    grid = Grid(shape=(4, 4), field_of_view_mm=(20.0, 20.0))
    unequal = Scanner(
        gradient_T_per_m=(-1.4, -0.5, 1.9), drive_amplitude_mT=(12, 12, 0), divider=(102, 96, 99)
    )
    field, position = (
        simulate_system_matrix(unequal, tracer("fluid").model_copy(update={"convention": name}), grid).values
        for name in ("selection_field", "position")
    )
    assert np.abs(field - position).max() > 0.01 * np.abs(field).max()


def test_a_transfer_function_multiplies_each_channel() -> None:
    grid = Grid(shape=(3, 3), field_of_view_mm=(20.0, 20.0))
    frequency = np.linspace(0, 2e6, 5)
    gain = np.array([[1 + 1j], [2.0], [-1j]]) * (1 + frequency / 1e6)
    plain = simulate_system_matrix(PLANE, tracer(), grid).values
    found = simulate_system_matrix(
        PLANE, tracer(), grid, transfer_function=TransferFunction(frequency, gain)
    ).values
    scale = np.array([1 + 1j, 2, -1j])[:, None] * (1 + PLANE.frequency_Hz(np.arange(817)) / 1e6)
    np.testing.assert_allclose(
        found, plain * scale[:, :, None, None], rtol=1e-5, atol=1e-5 * np.abs(plain).max()
    )


def test_a_cartesian_trajectory_is_a_lissajous_one_with_multiple_dividers() -> None:
    scanner = Scanner(
        gradient_T_per_m=(0.4, 0.4, -0.8),
        drive_amplitude_mT=(20, 20, 0),
        divider=(99, 4950, 1),
        base_frequency_Hz=2.475e6,
    )
    assert scanner.samples == 4950 and scanner.drive_frequency_Hz[:2] == (25e3, 500.0)


def test_the_field_free_point_is_where_the_field_vanishes() -> None:
    time = sample_times_s(SPACE)[::997]
    field = np.array(SPACE.gradient_T_per_m) * field_free_point_m(SPACE, time) + drive_field_T(SPACE, time)
    np.testing.assert_allclose(field, 0, atol=1e-15)


def test_full_width_at_half_maximum() -> None:
    assert fwhm_constant() == pytest.approx(4.161048048380302, rel=1e-12)
    assert fwhm_constant("transverse") == pytest.approx(9.466638799549465, rel=1e-12)
    for diameter, expected in ((15, 20.10), (17.5, 12.66), (20, 8.48), (22.5, 5.95), (25, 4.34)):
        assert fwhm_mm(tracer(diameter=diameter), 1.0) == pytest.approx(expected, abs=0.006)


def test_bad_input_names_its_field() -> None:
    with pytest.raises(ValidationError, match="divider: found"):
        Scanner(divider=(0, 96, 99))
    with pytest.raises(ValidationError, match="drive_amplitude_mT: found"):
        Scanner(drive_amplitude_mT=(0, 0, 0))
    with pytest.raises(ValidationError, match="shape: found"):
        Grid(shape=(0, 3), field_of_view_mm=(1.0, 1.0))
    with pytest.raises(InputError, match="keep_above: found 2"):
        simulate_rows(PLANE, tracer(), Grid(shape=(2, 2), field_of_view_mm=(1.0, 1.0)), keep_above=2)
    with pytest.raises(InputError, match="GiB"):
        simulate_system_matrix(SPACE, tracer(), Grid(shape=(37, 37, 37), field_of_view_mm=(20.0,) * 3))
