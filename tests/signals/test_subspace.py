"""The subspace filter on ensembles of known rank and covariance."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.signals.frequency_filter import FrequencyFilter, wiener_gain
from mpipipe.signals.subspace import NoisySubspace, SubspaceFilter
from mpipipe.signals.symmetry import fold, from_sine_coefficients, reflect

TIME, RANK = 200, 5
POWER = np.array([40.0, 25, 16, 10, 6])
"""Power of each component; that of white noise in a component is 1."""


def ensemble(items, seed=0, tone=0.0):
    """Signals of rank 5, and pairs with white noise and perhaps a strong tone of random phase."""
    rng = np.random.default_rng(5)
    basis = np.linalg.qr(fold(rng.standard_normal((RANK, TIME))).T)[0].T
    rng = np.random.default_rng(seed)
    coefficients = rng.standard_normal((items, RANK)) * np.sqrt(POWER)
    u = coefficients @ basis
    noise = rng.standard_normal((items, 2, TIME))
    phase = rng.uniform(0, 2 * np.pi, (items, 2, 1))
    noise += tone * np.cos(2 * np.pi * 7 * np.arange(TIME) / TIME + phase)
    return basis, u, (u[:, None] + noise).astype(np.float32)


def error(fitted, u, periods):
    return ((fitted.apply(periods[:, 0]) - u) ** 2).sum() / len(u)


def fitted(periods, rank, noise_factor=1.0):
    return NoisySubspace.of(periods, rank).filter(rank, noise_factor)


def test_a_known_subspace_is_found():
    basis, _, periods = ensemble(4000)
    found = NoisySubspace.of(periods, RANK)
    directions = from_sine_coefficients(found.directions * found.noise, TIME)
    cosines = np.linalg.svd(basis @ np.linalg.qr(directions.T.astype(float))[0], compute_uv=False)
    assert cosines.min() > 0.99


def test_error_is_that_of_the_closed_form_and_below_wiener():
    _, _, train = ensemble(4000)
    _, u, test = ensemble(4000, seed=1)
    least = (POWER / (POWER + 1)).sum()
    found = error(fitted(train, RANK), u, test)
    assert least * 0.97 < found < least * 1.1
    wiener = FrequencyFilter(wiener_gain(train, folded=True), folded=True)
    assert found < 0.5 * error(wiener, u, test)


def test_directions_beyond_the_signals_do_little_harm():
    _, _, train = ensemble(4000)
    _, u, test = ensemble(4000, seed=1)
    assert error(fitted(train, 4 * RANK), u, test) < 1.1 * error(fitted(train, RANK), u, test)
    assert error(fitted(train, RANK - 2), u, test) > 2 * error(fitted(train, RANK), u, test)


def test_interference_does_not_take_the_place_of_signals():
    _, _, train = ensemble(4000, tone=3.0)
    _, u, test = ensemble(4000, seed=1, tone=3.0)
    # The tone has ten times the power of the strongest component, yet lies in one sine only. What the components are there
    # is learned from 4000 items: 5 x 450 / 4000 of error.
    assert error(fitted(train, RANK), u, test) < 1.1 * ((POWER / (POWER + 1)).sum() + 5 * 450 / 4000)


@pytest.mark.parametrize("items", [20, 400])
def test_both_gram_matrices_give_the_singular_vectors(items):
    _, _, periods = ensemble(items)
    found = NoisySubspace.of(periods, 4)
    full = NoisySubspace.of(
        np.concatenate([periods] * 12), 4
    )  # the same covariance from more rows than sines
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(4), atol=1e-5)
    np.testing.assert_allclose(np.abs(np.diag(found.directions @ full.directions.T)), 1, atol=1e-4)


def test_filters_of_lower_rank_come_from_one_decomposition():
    _, _, periods = ensemble(300)
    low, high = NoisySubspace.of(periods, 3).filter(3), NoisySubspace.of(periods, 8).filter(3)
    np.testing.assert_allclose(low.apply(periods[:, 0]), high.apply(periods[:, 0]), atol=1e-4)


def test_basis_is_orthonormal_and_odd():
    _, _, periods = ensemble(300)
    found = fitted(periods, 6)
    np.testing.assert_allclose(found.basis @ found.basis.T, np.eye(len(found.basis)), atol=1e-5)
    np.testing.assert_allclose(reflect(found.basis), found.basis, atol=1e-6)
    estimate = found.apply(periods[:, 0])
    np.testing.assert_allclose(found.apply(fold(periods[:, 0])), estimate, atol=1e-5)
    assert estimate.dtype == found.basis.dtype == found.gain.dtype == np.float32


@pytest.mark.parametrize("time", [TIME, TIME + 1])
def test_signals_without_noise_are_kept(time):
    rng = np.random.default_rng(2)
    u = fold(rng.standard_normal((40, 4)) @ rng.standard_normal((4, time))).astype(np.float32)
    found = fitted(np.stack([u, u], axis=1), 10)
    np.testing.assert_allclose(found.apply(u), u, atol=1e-3)


def test_more_noise_is_shrunk_more():
    _, _, periods = ensemble(300)
    norms = [np.linalg.norm(fitted(periods, RANK, factor).apply(periods[:, 0])) for factor in (0, 1, 4)]
    assert norms == sorted(norms, reverse=True)


def test_periods_of_another_length_are_refused():
    basis = np.zeros((2, 100), np.float32)
    with pytest.raises(InputError, match=r"^signals: found 99 samples, expected 100"):
        SubspaceFilter(basis, np.eye(2, dtype=np.float32)).apply(np.zeros((1, 99), np.float32))


def test_frequencies_that_interference_fills_have_little_weight() -> None:
    rng = np.random.default_rng(4)
    time, tone = 60, 7
    phases = rng.uniform(0, 2 * np.pi, (400, 2, 1))
    periods = rng.standard_normal((400, 2, time)) + 5 * np.cos(
        2 * np.pi * tone * np.arange(time) / time + phases
    )
    weight = NoisySubspace.of(periods.astype(np.float32), 3).frequency_weight()
    # The odd part 5 sin φ of the tone has the coefficient 5 sin φ √(T/2), of variance 25 T/4; that of white noise is 1.
    expected = 1 / (1 + 25 * time / 4)
    assert weight[tone] == pytest.approx(expected, rel=0.2)
    others = np.delete(weight, tone)
    assert others.min() > 0.75 and others.max() == 1
