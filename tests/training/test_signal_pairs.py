import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.training.signal_pairs import (
    Noise2NoisePairs,
    RecorruptedPairs,
    check_noise_std,
    check_periods,
    mirrored,
    normalised_pairs,
    signal_rms,
)
from tests.training.sinusoids import clean_signals, noisy_periods


def rms(signals):
    return np.sqrt(np.square(np.asarray(signals, np.float64)).mean(axis=-1, keepdims=True))


def test_either_period_is_the_input_and_the_other_the_target():
    periods = noisy_periods(1, time=16).repeat(400, axis=0)
    pairs = Noise2NoisePairs()(periods, np.random.default_rng(0))
    first = np.isclose(pairs.given.numpy() * rms(periods[:, 0]), periods[:, 0], atol=1e-5).all(axis=1)
    for given, order in ((first, [0, 1]), (~first, [1, 0])):
        expected = periods[given][:, order] / rms(periods[given][:, order[0]])[:, None]
        np.testing.assert_allclose(pairs.given.numpy()[given], expected[:, 0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(pairs.truth.numpy()[given], expected[:, 1], rtol=1e-5, atol=1e-6)
    assert abs(first.sum() - 200) < 5 * np.sqrt(400 / 4)


def test_mirrored_pairs_are_mirrored_together():
    periods = noisy_periods(1, time=16).repeat(200, axis=0)
    pairs = Noise2NoisePairs(mirror=True)(periods, np.random.default_rng(0))
    found = {(tuple(g.tolist()), tuple(t.tolist())) for g, t in zip(pairs.given, pairs.truth, strict=True)}
    expected = set()
    for stacked in (periods[0], mirrored(periods[0])):
        for order in ([0, 1], [1, 0]):
            pair = normalised_pairs(stacked[None, order])
            expected.add((tuple(pair.given[0].tolist()), tuple(pair.truth[0].tolist())))
    assert found == expected
    assert len(found) == 4


@pytest.mark.parametrize("time", [10, 11])
def test_mirroring_is_the_symmetry_of_the_drive(time):
    signals = np.random.default_rng(0).standard_normal((3, time)).astype(np.float32)
    expected = [[-signal[(time - k) % time] for k in range(time)] for signal in signals]
    np.testing.assert_array_equal(mirrored(signals), expected)
    odd = clean_signals(4)
    np.testing.assert_allclose(mirrored(odd), odd, atol=1e-5)


@pytest.mark.parametrize("r", [0.5, 1.0, 2.0])
def test_noise_of_recorrupted_inputs_and_targets_is_uncorrelated(r):
    sigma, count, time = 0.8, 400, 250
    clean = np.sin(2 * np.pi * np.arange(time) / time)
    noise = np.random.default_rng(1).standard_normal((count, 2, time))
    over_noise = ((clean + sigma * noise) / sigma).astype(np.float32)
    pairs = RecorruptedPairs(r)(over_noise, np.random.default_rng(2))
    given, target = pairs.given.numpy().astype(float), pairs.truth.numpy().astype(float)
    # (input + r² target) / (1 + r²) is the measured period: that gives the scale, which is gone in the pairs.
    measured = (given + r**2 * target) / (1 + r**2)
    scale = [
        np.vdot(y, m) / np.vdot(m, m) for y, m in zip(_closest(over_noise, measured), measured, strict=True)
    ]
    a, b = (sigma * np.array(scale)[:, None] * signal - clean for signal in (given, target))
    samples = count * time
    assert a.var() == pytest.approx(sigma**2 * (1 + r**2), rel=5 * np.sqrt(2 / samples))
    assert b.var() == pytest.approx(sigma**2 * (1 + 1 / r**2), rel=5 * np.sqrt(2 / samples))
    correlation = (a * b).mean() / np.sqrt(a.var() * b.var())
    assert abs(correlation) < 5 / np.sqrt(samples)
    # Without noise of opposite sign the target would share the input's: a correlation of 1 / √(1 + r²).
    shared = measured * np.array(scale)[:, None] * sigma - clean
    assert (a * shared).mean() / np.sqrt(a.var() * shared.var()) == pytest.approx(
        1 / np.sqrt(1 + r**2), abs=0.02
    )


def _closest(periods, measured):
    """Of each scene the period that a measured one is a multiple of."""
    chosen = []
    for both, signal in zip(periods, measured, strict=True):
        match = np.abs(both @ signal) / np.linalg.norm(both, axis=1)
        assert match.max() == pytest.approx(np.linalg.norm(signal), rel=1e-4)
        chosen.append(both[match.argmax()])
    return chosen


def test_either_period_is_recorrupted():
    periods = noisy_periods(300)
    pairs = RecorruptedPairs(0.5)(periods, np.random.default_rng(0))
    measured = (pairs.given + 0.25 * pairs.truth).numpy() / 1.25
    first = [np.array_equal(y, one) for y, (one, _) in zip(_closest(periods, measured), periods, strict=True)]
    assert abs(sum(first) - 150) < 5 * np.sqrt(300 / 4)


def test_pairs_do_not_depend_on_the_unit():
    periods = noisy_periods(6)
    for draw in (Noise2NoisePairs(mirror=True),):
        one, other = (
            draw(factor * periods, np.random.default_rng(3)) for factor in (1, np.float32(2.0**-80))
        )
        assert one.given.equal(other.given)
        assert one.truth.equal(other.truth)
    np.testing.assert_allclose(rms(one.given.numpy()), 1, rtol=1e-6)


def test_a_zero_signal_has_scale_1():
    signals = np.array([[0.0, 0.0], [3.0, -4.0]], np.float32)
    np.testing.assert_allclose(signal_rms(signals), [[1], [np.sqrt(12.5)]], rtol=1e-6)


def test_unfit_periods_are_refused():
    periods = noisy_periods(3)
    constant = periods.copy()
    constant[1, 1] = 2
    for unfit, message in (
        (periods[:, 0], r"periods: found shape \(3, 96\), expected two periods"),
        (periods[:, [0, 1, 1]], r"found shape \(3, 3, 96\)"),
        (np.nan * periods, "found NaN"),
        (constant, "found a constant period"),
    ):
        with pytest.raises(InputError, match=message):
            check_periods("periods", unfit)


def test_unfit_noise_is_refused():
    for unfit, message in (
        (None, "noise_std: found none"),
        (np.ones(3), r"found shape \(3,\), expected \(2,\)"),
        (np.array([1, 0]), "not positive and finite"),
        (np.array([1, np.nan]), "not positive and finite"),
    ):
        with pytest.raises(InputError, match=message):
            check_noise_std(unfit, 2)
