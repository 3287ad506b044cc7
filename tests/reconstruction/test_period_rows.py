import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.reconstruction import period_rows
from mpipipe.reconstruction.period_rows import bin_snr, choose_bins, inner_bins

POSITIONS, TIME = 120, 1500


def noise(seed, positions=POSITIONS):
    """White noise whose level differs tenfold between positions."""
    level = np.geomspace(0.3, 3, positions)[:, None, None]
    drawn = np.random.default_rng(seed).standard_normal((positions, 2, TIME))
    return (level * drawn).astype(np.float32)


def tones(power):
    """Tones at bins with the given SNR at every position of `noise`, of random phase."""
    rng, level = np.random.default_rng(7), np.geomspace(0.3, 3, POSITIONS)[:, None]
    angle = 2 * np.pi * np.arange(TIME) / TIME
    signal = np.zeros((POSITIONS, TIME))
    for k, ratio in power.items():
        # A tone of amplitude a has |U|² = (a T/2)² at its bin, white noise of variance 1 has T.
        amplitude = 2 * np.sqrt(ratio / TIME) * level
        signal += amplitude * np.cos(k * angle + rng.uniform(0, 2 * np.pi, (POSITIONS, 1)))
    return signal[:, None].astype(np.float32)


@pytest.mark.parametrize(("time", "last"), [(8, 3), (9, 4), (9900, 4949)])
def test_inner_bins_leave_out_the_mean_and_half_the_sampling_rate(time, last):
    np.testing.assert_array_equal(inner_bins(time), np.arange(1, last + 1))


def test_the_ratio_is_that_of_signal_to_noise():
    power = {10: 30.0, 200: 3.0, 500: 0.5, 749: 1.0}
    snr = bin_snr(noise(0) + tones(power))
    for k, ratio in power.items():
        # Five standard deviations: 1/√(2P) of the noise alone, √(1/P) from noise power, signal times noise √(r/P).
        spread = np.sqrt((0.5 + ratio + ratio**2) / POSITIONS)
        assert snr[k - 1] == pytest.approx(ratio, abs=5 * spread)


def test_noise_alone_has_a_ratio_around_zero_with_the_known_spread():
    snr = bin_snr(noise(1))
    assert abs(snr.mean()) < 5 / np.sqrt(2 * POSITIONS * len(snr))
    assert snr.std() == pytest.approx(1 / np.sqrt(2 * POSITIONS), rel=0.1)


@pytest.mark.parametrize("positions", [20, POSITIONS])
def test_as_many_rows_of_noise_are_chosen_as_asked(positions):
    """The rate of false rows is exact, for few positions too: a hundred draws of 749 bins."""
    counts = []
    for seed in range(100):
        try:
            counts.append(len(choose_bins(noise(seed, positions), 2.0)))
        except InputError:
            counts.append(0)
    assert np.mean(counts) == pytest.approx(2, abs=5 * np.sqrt(2 / 100))


def test_all_strong_rows_are_found_and_few_others():
    power = dict.fromkeys(range(50, 100), 1.0)
    chosen = choose_bins(noise(2) + tones(power), 0.01)
    np.testing.assert_array_equal(chosen, np.arange(50, 100))


def test_units_and_blocks_do_not_matter(monkeypatch):
    periods = noise(3) + tones({20: 1.0})
    whole = bin_snr(periods)
    np.testing.assert_allclose(bin_snr(periods * np.float32(1e-9)), whole, rtol=1e-3, atol=1e-5)
    monkeypatch.setattr(period_rows, "BLOCK", 7)
    np.testing.assert_allclose(bin_snr(periods), whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("periods", "message"),
    [
        (np.zeros((3, 8)), r"found shape \(3, 8\), expected \(position, 2, time\)"),
        (np.zeros((3, 3, 8)), "found shape"),
        (np.zeros((0, 2, 8)), "found shape"),
        (np.ones((3, 2, 8)), "found equal ones at position 0"),
        (np.full((3, 2, 8), np.nan), "found NaN"),
    ],
)
def test_what_holds_no_noise_is_an_error(periods, message):
    with pytest.raises(InputError, match=f"periods: {message}"):
        bin_snr(periods)


def test_noise_alone_leaves_no_row():
    with pytest.raises(InputError, match="found no bin with an SNR above"):
        choose_bins(noise(4), 1e-5)
    with pytest.raises(InputError, match="false_rows: found 749, expected between 0 and 749"):
        choose_bins(noise(4), 749)
