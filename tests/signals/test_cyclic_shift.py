"""Harmonics and cyclic shifts against sampled cosines and rolled periods."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.signals.cyclic_shift import best_shift, harmonics, second_harmonic_phased, shifted, unit_norm

COUNT, ORDERS = 152, np.arange(2, 13)


@pytest.fixture
def periods() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((4, 3, COUNT))


def test_a_cosine_has_its_amplitude_and_phase() -> None:
    time = np.arange(COUNT) / COUNT
    period = 7 + 3 * np.cos(2 * np.pi * 5 * time + 0.4) + 0.5 * np.sin(2 * np.pi * 12 * time)
    expected = np.zeros(len(ORDERS), complex)
    expected[3], expected[10] = 3 * np.exp(0.4j), -0.5j
    np.testing.assert_allclose(harmonics(period, ORDERS), expected, atol=1e-13)
    for orders in ([0, 1], [76], []):
        with pytest.raises(InputError, match="orders: found"):
            harmonics(period, np.array(orders, int))


def test_a_shift_is_a_rolled_period(periods: np.ndarray) -> None:
    spectra = harmonics(periods, ORDERS)
    for shift in (1, 7, -20):
        rolled = harmonics(np.roll(periods, shift, axis=-1), ORDERS)
        np.testing.assert_allclose(shifted(spectra, ORDERS, shift, COUNT), rolled, atol=1e-13)
    each = shifted(spectra, ORDERS, np.arange(12).reshape(4, 3), COUNT)
    np.testing.assert_allclose(each[2, 1], harmonics(np.roll(periods[2, 1], 7), ORDERS), atol=1e-13)


def test_the_best_shift_undoes_a_roll(periods: np.ndarray) -> None:
    spectra = harmonics(periods, ORDERS)
    for shift in (0, 5, -31, 75):
        moved = harmonics(np.roll(periods, -shift, axis=-1), ORDERS)
        np.testing.assert_array_equal(best_shift(moved, spectra, ORDERS, COUNT), np.full((4, 3), shift))
    quarter = shifted(spectra, ORDERS, -2.25, COUNT)
    np.testing.assert_array_equal(
        best_shift(quarter, spectra, ORDERS, COUNT, divisions=4), np.full((4, 3), 2.25)
    )


def test_spectra_phased_by_the_second_harmonic_do_not_know_the_shift(periods: np.ndarray) -> None:
    spectra = harmonics(periods, ORDERS)
    forms = second_harmonic_phased(spectra, ORDERS)
    np.testing.assert_allclose(np.abs(forms), np.broadcast_to(np.abs(spectra), forms.shape))
    np.testing.assert_allclose(
        forms[..., 0], np.broadcast_to(np.abs(spectra[..., 0]), forms.shape[:-1]), atol=1e-12
    )
    # Exactly: a feature of nothing but rounding would be scaled to the size of the others.
    assert (forms[..., 0].imag == 0).all()
    for shift in range(COUNT):
        rolled = second_harmonic_phased(harmonics(np.roll(periods, shift, axis=-1), ORDERS), ORDERS)
        same = np.abs(rolled - forms).max(axis=-1) < 1e-10
        swapped = np.abs(rolled - forms[::-1]).max(axis=-1) < 1e-10
        assert (same | swapped).all()
    with pytest.raises(InputError, match="expected 2 among them"):
        second_harmonic_phased(spectra[..., 1:], ORDERS[1:])


def test_unit_norm_keeps_zeros() -> None:
    found = unit_norm(np.array([[3, 4j], [0, 0]]))
    np.testing.assert_allclose(found, [[0.6, 0.8j], [0, 0]])
