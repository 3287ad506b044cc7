"""Folding as a projection, what it leaves of noise, and which signals it keeps."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.signals.symmetry import fold, from_sine_coefficients, reflect, sine_coefficients
from tests.signals.simulated import CARTESIAN, LISSAJOUS, digit_signals, scanner

LENGTHS = [9, 10, 99, 100]


def white(*shape):
    return np.random.default_rng(3).standard_normal(shape)


@pytest.mark.parametrize("time", LENGTHS)
def test_samples_are_mirrored_about_the_middle(time):
    signal = white(time)
    expected = [-signal[(time - k) % time] for k in range(time)]
    np.testing.assert_array_equal(reflect(signal), expected)
    np.testing.assert_allclose(fold(signal), (signal + expected) / 2, rtol=1e-15)


@pytest.mark.parametrize("time", LENGTHS)
def test_folding_is_an_orthogonal_projection(time):
    matrix = fold(np.eye(time))
    np.testing.assert_allclose(matrix @ matrix, matrix, atol=1e-15)
    np.testing.assert_array_equal(matrix, matrix.T)
    # The trace is the power of white noise that is left.
    assert np.trace(matrix) == (time - 1) // 2


def test_noise_is_left_with_one_over_root_two_of_its_amplitude():
    left = fold(white(400, 4950)).std()
    # Samples 0 and T/2 become zero; 400 x 2474 independent numbers have a relative standard error of 7e-4.
    assert left == pytest.approx(np.sqrt(0.5), abs=4 * 7e-4 * np.sqrt(0.5))


@pytest.mark.parametrize("device", [CARTESIAN, LISSAJOUS], ids=["cartesian", "lissajous"])
def test_signals_of_cosine_drives_are_kept(device):
    signals = digit_signals(device, 5)
    error = np.abs(fold(signals) - signals).max()
    assert error < 1e-6 * np.abs(signals).max()


@pytest.mark.parametrize("divider", [(99, 4950, 1), (99, 100, 1)])
def test_signals_of_sine_drives_are_not_kept(divider):
    signals = digit_signals(scanner(divider, "sine"), 5)
    lost = ((fold(signals) - signals) ** 2).sum(axis=1) / (signals**2).sum(axis=1)
    assert lost.min() > 0.2


@pytest.mark.parametrize("time", LENGTHS)
def test_sines_are_an_orthonormal_basis_of_odd_signals(time):
    k = np.arange(time)
    sines = np.array(
        [np.sqrt(2 / time) * np.sin(2 * np.pi * j * k / time) for j in range(1, (time - 1) // 2 + 1)]
    )
    signals = white(4, time)
    found = sine_coefficients(signals)
    np.testing.assert_allclose(found, signals @ sines.T, atol=1e-13)
    np.testing.assert_allclose(from_sine_coefficients(found, time), fold(signals), atol=1e-13)
    np.testing.assert_allclose((found**2).sum(axis=1), (fold(signals) ** 2).sum(axis=1))


def test_precision_is_kept():
    single = white(2, 100).astype(np.float32)
    assert fold(single).dtype == reflect(single).dtype == sine_coefficients(single).dtype == np.float32
    assert from_sine_coefficients(sine_coefficients(single), 100).dtype == np.float32


def test_coefficients_of_another_period_are_refused():
    with pytest.raises(InputError, match=r"^coefficients: found 48, expected 49 for a period of 100 samples"):
        from_sine_coefficients(np.zeros((2, 48)), 100)
