"""What is refused of periods, each with its item, and what must not be."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.signals.periods import (
    BLOCK_ITEMS,
    blocks,
    check_periods,
    check_signals,
    normalised_periods,
    stack_periods,
)
from tests.signals.simulated import CARTESIAN, LISSAJOUS, digit_signals, noisy

TIME = 60


def white(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("device", [CARTESIAN, LISSAJOUS], ids=["cartesian", "lissajous"])
def test_noise_free_and_noisy_signals_are_kept(device):
    signals = digit_signals(device, 40)
    np.testing.assert_array_equal(check_signals("signals", signals), signals)
    periods = noisy(signals, 5)
    np.testing.assert_array_equal(check_periods("periods", periods), periods)


def test_a_smooth_signal_may_have_two_equal_samples_at_its_peak():
    between = np.cos(2 * np.pi * (np.arange(TIME) - 10.5) / TIME).astype(np.float32)
    assert (between == between.max()).sum() == 2
    check_signals("signals", between[None])


def test_results_are_single_precision():
    found = check_signals("signals", white(3, TIME))
    assert found.dtype == np.float32
    assert check_periods("periods", np.round(100 * white(3, 2, TIME)).astype(np.int64)).dtype == np.float32


@pytest.mark.parametrize("share", [0.9, 0.6])
@pytest.mark.parametrize("sign", [1, -1])
def test_clipped_signals_are_refused(share, sign):
    signals = sign * digit_signals(CARTESIAN, 40)
    item = BLOCK_ITEMS + 3
    many = np.concatenate([signals] * 8)
    many[item] = np.minimum(many[item], share * many[item].max())
    with pytest.raises(InputError, match=rf"^x: found 3 consecutive samples at .* in item {item}, expected"):
        check_signals("x", many)


def test_clipped_noisy_signals_are_refused():
    periods = noisy(digit_signals(CARTESIAN, 5), 15)
    periods[4, 1] = np.clip(periods[4, 1], -0.6 * periods[4, 1].max(), 0.6 * periods[4, 1].max())
    with pytest.raises(InputError, match=r"in period 1 of item 4, expected a signal that is not clipped$"):
        check_periods("x", periods)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.nan, "NaN or infinity"),
        (np.inf, "NaN or infinity"),
        (-np.inf, "NaN or infinity"),
        (1e300, "NaN or infinity"),
    ],
)
def test_values_that_are_not_finite_are_refused(value, found):
    signals = white(5, TIME)
    signals[2, 7] = value
    with pytest.raises(InputError, match=f"^x: found {found} in item 2, expected finite values$"):
        check_signals("x", signals)
    both = white(5, 2, TIME)
    both[3, 0, 1:3] = value, -value
    with pytest.raises(InputError, match=f"^x: found {found} in period 0 of item 3"):
        check_periods("x", both)


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_constant_signals_are_refused(value):
    periods = white(5, 2, TIME)
    periods[1, 0] = value
    with pytest.raises(InputError, match=r"^x: found a constant signal in period 0 of item 1, expected"):
        check_periods("x", periods)


@pytest.mark.parametrize("shape", [(4, TIME), (4, 1, TIME)])
def test_a_single_period_is_no_pair(shape):
    with pytest.raises(InputError, match=r"^x: found one period an item, .*expected \(item, 2, time\)"):
        check_periods("x", white(*shape))


@pytest.mark.parametrize("shape", [(0, 2, TIME), (4, 2, 0), (4, 3, TIME), (TIME,), (4, 2, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match=r"^x: found shape .*expected \(item, 2, time\)"):
        check_periods("x", np.empty(shape))


@pytest.mark.parametrize("shape", [(0, TIME), (4, 0), (4, 2), (4, 2, TIME), (TIME,)])
def test_other_shapes_of_signals_are_refused(shape):
    with pytest.raises(InputError, match=r"^x: found shape .*expected \(item, time\)"):
        check_signals("x", np.empty(shape))


def test_what_is_no_number_is_refused():
    with pytest.raises(InputError, match=r"^x: found complex128, expected real numbers"):
        check_signals("x", white(3, TIME) * 1j)
    with pytest.raises(InputError, match=r"^x: found periods of different length"):
        check_signals("x", [white(TIME), white(TIME - 1)])


def test_periods_are_stacked():
    first, second = white(3, TIME), white(3, TIME, seed=1)
    stacked = stack_periods(list(first), second)
    np.testing.assert_array_equal(stacked[:, 0], first.astype(np.float32))
    np.testing.assert_array_equal(stacked[:, 1], second.astype(np.float32))


def test_periods_that_do_not_belong_together_are_refused():
    whole = list(white(3, TIME))
    with pytest.raises(InputError, match=r"^second: found shape \(59,\) in item 1, .*\(60,\)"):
        stack_periods(whole, [whole[0], whole[1][:-1], whole[2]])
    with pytest.raises(InputError, match=r"^first: found shape \(50,\) in item 2"):
        stack_periods([whole[0], whole[1], whole[2][:50]], whole)
    with pytest.raises(InputError, match="found 3 first and 2 second"):
        stack_periods(whole, whole[:2])
    with pytest.raises(InputError, match="found 0 first and 0 second"):
        stack_periods([], [])


def test_blocks_cover_all_items():
    count = 2 * BLOCK_ITEMS + 5
    assert np.concatenate([np.arange(count)[block] for block in blocks(count)]).tolist() == list(range(count))


def test_both_periods_are_divided_by_the_first():
    periods = check_periods("x", 7 * white(4, 2, TIME))
    found = normalised_periods(periods)
    np.testing.assert_allclose((found[:, 0] ** 2).mean(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(found[:, 1] / periods[:, 1], found[:, 0] / periods[:, 0], rtol=1e-6)
