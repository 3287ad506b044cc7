"""Frequencies, mixing orders, trajectories, grids: what can be counted or written down."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.mixing import mixing_orders
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.trajectory import (
    drive_field_T,
    field_free_point_m,
    field_free_point_velocity_m_per_s,
    sample_times_s,
)

THREE_D = Scanner(drive_amplitude_mT=(12, 12, 12))
TWO_D = Scanner(drive_amplitude_mT=(12, 12, 0))
ONE_D = Scanner(drive_amplitude_mT=(12, 0, 0))


@pytest.mark.parametrize(
    ("scanner", "samples", "frequencies", "period_us"),
    [(ONE_D, 102, 52, 40.8), (TWO_D, 1632, 817, 652.8), (THREE_D, 53856, 26929, 21542.4)],
)
def test_published_frequency_counts(scanner, samples, frequencies, period_us):
    assert (scanner.samples, scanner.frequencies) == (samples, frequencies)
    assert scanner.period_s * 1e6 == pytest.approx(period_us, rel=1e-12)
    assert scanner.frequency_Hz(scanner.samples) == pytest.approx(scanner.base_frequency_Hz)


def test_two_dimensional_orders_are_16_and_17():
    orders = mixing_orders(TWO_D)
    index = np.arange(TWO_D.frequencies)
    np.testing.assert_array_equal(16 * orders[:, 0] + 17 * orders[:, 1], index)
    assert not orders[:, 2].any()
    # Every solution is (mx + 17 j, my - 16 j); none has a smaller total order.
    shifts = np.arange(-60, 61)[:, None]
    totals = np.abs(orders[:, 0] + 17 * shifts) + np.abs(orders[:, 1] - 16 * shifts)
    np.testing.assert_array_equal(np.abs(orders).sum(axis=1), totals.min(axis=0))


def test_three_dimensional_orders_reproduce_the_index():
    orders = mixing_orders(THREE_D)
    np.testing.assert_array_equal(orders @ np.array(THREE_D.harmonic), np.arange(26929))
    np.testing.assert_array_equal(orders[list(THREE_D.harmonic)], np.eye(3))


@settings(deadline=None, max_examples=25)
@given(st.tuples(st.integers(2, 40), st.integers(2, 40), st.integers(2, 12)))
def test_mixing_orders_have_the_smallest_total(dividers):
    scanner = Scanner(drive_amplitude_mT=(1, 1, 1), divider=dividers)
    count = min(scanner.frequencies, 40)
    orders = mixing_orders(scanner, count)
    harmonic = np.array(scanner.harmonic)
    np.testing.assert_array_equal(orders @ harmonic, np.arange(count))
    # Exhaustive search of all smaller orders, up to 7 an axis, finds nothing.
    span = np.stack(np.meshgrid(*[np.arange(-7, 8)] * 3, indexing="ij"), -1).reshape(-1, 3)
    reached, total = span @ harmonic, np.abs(span).sum(axis=1)
    for k in range(count):
        assert np.abs(orders[k]).sum() <= total[reached == k].min(initial=10**6)


@pytest.mark.parametrize("waveform", ["cosine", "sine"])
@pytest.mark.parametrize("scanner", [ONE_D, TWO_D, THREE_D])
def test_drive_field_is_the_written_sinusoid(scanner, waveform):
    scanner = scanner.model_copy(update={"waveform": waveform, "phase_rad": (0.3, -0.4, 1.0)})
    time = sample_times_s(scanner, 2)
    wave = {"cosine": np.cos, "sine": np.sin}[waveform]
    phase = 2 * np.pi * np.outer(time, scanner.drive_frequency_Hz) + scanner.phase_rad
    expected = 1e-3 * np.array(scanner.drive_amplitude_mT) * wave(phase)
    np.testing.assert_allclose(drive_field_T(scanner, time), expected, atol=1e-13)
    np.testing.assert_allclose(
        drive_field_T(scanner, time[:9] + scanner.period_s), drive_field_T(scanner, time[:9]), atol=1e-13
    )


def test_field_vanishes_at_the_field_free_point_and_its_velocity_is_the_derivative():
    time = sample_times_s(THREE_D)[:500]
    point = field_free_point_m(THREE_D, time)
    field = point * np.array(THREE_D.gradient_T_per_m) + drive_field_T(THREE_D, time)
    np.testing.assert_allclose(field, 0, atol=1e-17)
    step = 1e-9
    difference = (field_free_point_m(THREE_D, time + step) - field_free_point_m(THREE_D, time - step)) / (
        2 * step
    )
    np.testing.assert_allclose(
        field_free_point_velocity_m_per_s(THREE_D, time), difference, rtol=0, atol=1e-4
    )


def test_cartesian_trajectory_has_whole_fast_lines_in_a_slow_one():
    scanner = Scanner(drive_amplitude_mT=(12, 12, 0), divider=(10, 1000, 99), waveform="sine")
    assert scanner.samples == 1000
    field = drive_field_T(scanner, sample_times_s(scanner))
    lines = field.reshape(100, 10, 3)
    np.testing.assert_allclose(lines[:, :, 0], np.tile(lines[0, :, 0], (100, 1)), atol=1e-15)
    assert scanner.harmonic == (100, 1, 0)


def test_even_drive_retraces_itself():
    field = drive_field_T(TWO_D, sample_times_s(TWO_D))
    np.testing.assert_allclose(field[1:], field[1:][::-1], atol=1e-15)


def test_a_driven_axis_without_gradient_has_no_field_free_point():
    with pytest.raises(InputError, match=r"gradient_T_per_m: found 0 along the driven axis x"):
        field_free_point_m(Scanner(gradient_T_per_m=(0, -1, 1)), [0.0])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"divider": (0, 96, 99)}, "divider"),
        ({"drive_amplitude_mT": (0, 0, 0)}, "drive_amplitude_mT"),
        ({"drive_amplitude_mT": (-1, 1, 0)}, "drive_amplitude_mT"),
        ({"gradient_T_per_m": (float("nan"), 1, 1)}, "gradient_T_per_m"),
        ({"base_frequency_Hz": 0}, "base_frequency_Hz"),
        ({"waveform": "square"}, "waveform"),
        ({"gradient": (1, 1, 1)}, "gradient"),
    ],
)
def test_scanner_mistakes_name_the_field(arguments, named):
    with pytest.raises(ValidationError, match=named):
        Scanner(**arguments)


def test_oversampling_below_one_is_refused():
    with pytest.raises(InputError, match="oversampling: found 0"):
        sample_times_s(ONE_D, 0)


def test_voxel_centres():
    grid = Grid(shape=(4, 2), field_of_view_mm=(8, 6), centre_mm=(1, 0))
    x, y = grid.axes_m()
    np.testing.assert_allclose(x, [-2e-3, 0, 2e-3, 4e-3], atol=1e-18)
    np.testing.assert_allclose(y, [-1.5e-3, 1.5e-3])
    positions = grid.positions_m()
    assert positions.shape == (4, 2, 3)
    np.testing.assert_array_equal(positions[2, 1], [x[2], y[1], 0])


def test_one_centre_stands_for_all_axes():
    grid = Grid(shape=(3, 3, 3), field_of_view_mm=(3, 3, 3), centre_mm=2.0)
    assert grid.centre_mm == (2.0, 2.0, 2.0)
    assert Grid(shape=(3, 3), field_of_view_mm=(3, 3)).centre_mm == (0.0, 0.0)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"shape": (3, 0), "field_of_view_mm": (1, 1)}, "shape"),
        ({"shape": (3, 3), "field_of_view_mm": (1,)}, "field_of_view_mm"),
        ({"shape": (3, 3), "field_of_view_mm": (1, -1)}, "field_of_view_mm"),
        ({"shape": (3, 3), "field_of_view_mm": (1, 1), "centre_mm": (0, 0, 0)}, "centre_mm"),
        ({"shape": (1, 1, 1, 1), "field_of_view_mm": (1, 1, 1, 1)}, "shape"),
        ({"field_of_view_mm": (1, 1)}, "shape"),
    ],
)
def test_grid_mistakes_name_the_field(arguments, named):
    with pytest.raises(ValidationError, match=named):
        Grid(**arguments)
