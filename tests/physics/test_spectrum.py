"""Fourier coefficients against the FFT of the whole period and the defining sum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.physics.spectrum import FourierTransform, pick, raise_to_squares, transpose


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_half_a_period_gives_the_spectrum_of_an_even_signal(quarter, seed):
    samples = 4 * quarter
    half = np.random.default_rng(seed).normal(size=(5, samples // 2 + 1))
    whole = np.concatenate([half, half[:, -2:0:-1]], axis=1)
    expected = np.fft.rfft(whole) / samples
    np.testing.assert_allclose(expected.imag, 0, atol=1e-13)
    found = FourierTransform(8, samples, True)(half.copy())
    np.testing.assert_allclose(found, expected.real, atol=1e-13)


def test_rounding_stays_small_for_a_long_period():
    samples = 53856
    half = np.random.default_rng(0).normal(size=(2, samples // 2 + 1))
    expected = np.fft.rfft(np.concatenate([half, half[:, -2:0:-1]], axis=1)).real / samples
    found = FourierTransform(2, samples, True)(half.copy())
    np.testing.assert_allclose(found, expected, atol=1e-15)


@pytest.mark.parametrize("samples", [7, 102])
def test_coefficients_are_the_defining_sum(samples):
    signal = np.random.default_rng(1).normal(size=(3, samples))
    k, j = np.arange(samples // 2 + 1), np.arange(samples)
    expected = signal @ np.exp(-2j * np.pi * np.outer(j, k) / samples) / samples
    np.testing.assert_allclose(FourierTransform(4, samples, False)(signal), expected, atol=1e-14)


def test_passes_over_coefficients():
    rng = np.random.default_rng(2)
    coefficients = rng.normal(size=(6, 50)) + 1j * rng.normal(size=(6, 50))
    largest = np.full(50, 1.5)
    raise_to_squares(coefficients, largest)
    np.testing.assert_allclose(largest, np.maximum(1.5, (np.abs(coefficients) ** 2).max(axis=0)))
    components, gain = np.array([3, 17, 40, 41]), rng.normal(size=4) + 1j
    held, out = np.empty((6, 4), np.complex64), np.zeros((4, 9), np.complex64)
    pick(coefficients, components, gain, held.T)
    np.testing.assert_allclose(held, coefficients[:, components] * gain, rtol=1e-6)
    pick(coefficients, components, gain, out[:, 2:8])
    np.testing.assert_array_equal(out[:, 2:8], held.T)
    out[:] = 0
    transpose(held, out[:, 2:8])
    np.testing.assert_array_equal(out[:, 2:8], held.T)
    assert not out[:, [0, 1, 8]].any()
