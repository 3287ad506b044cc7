import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.noise.interference import harmonic_interference

TIME, BINS = 990, (30, 50, 70)
POWER = np.array([1.0, 4.0, 0.25, 1e-12])


def draw(power=POWER, sir_db=5.0, bins=BINS, time=TIME, seed=0):
    return harmonic_interference(power, sir_db, bins, time, np.random.default_rng(seed))


@pytest.mark.parametrize("sir_db", [-10, 0, 5, 40])
@pytest.mark.parametrize("bins", [(30,), BINS, (1, 2, 494)])
def test_the_mean_square_is_the_power_over_the_ratio(sir_db, bins):
    tones = draw(sir_db=sir_db, bins=bins)
    assert tones.shape == (4, TIME) and tones.dtype == np.float32
    np.testing.assert_allclose(
        (tones.astype(float) ** 2).mean(axis=1), POWER / 10 ** (sir_db / 10), rtol=1e-5
    )


def test_the_spectrum_has_equal_lines_at_the_bins_alone():
    lines = np.abs(np.fft.rfft(draw().astype(float), norm="forward"))
    others = np.setdiff1d(np.arange(TIME // 2 + 1), BINS)
    # A cosine of amplitude a has lines of a/2, and three of them the mean square 3 a^2 / 2.
    expected = np.sqrt(2 * POWER / 3 / 10**0.5) / 2
    np.testing.assert_allclose(lines[:, BINS], np.repeat(expected[:, None], 3, axis=1), rtol=1e-5)
    assert (lines[:, others] < 1e-6 * expected[:, None]).all()


def test_phases_are_uniform_and_independent_between_items_and_tones():
    count = 20_000
    spectra = np.fft.rfft(draw(np.ones(count), bins=(3, 5, 7), time=20), axis=1)[:, [3, 5, 7]]
    unit = spectra / np.abs(spectra)
    # The mean of n independent unit phasors has a mean square of 1/n; its modulus passes 4 / sqrt(n) once in 9 million.
    for moment in (1, 2, 3):
        assert (np.abs((unit**moment).mean(axis=0)) < 4 / np.sqrt(count)).all()
    for other in (np.roll(unit, 1, axis=0), np.roll(unit, 1, axis=1)):
        assert (np.abs((unit * other.conj()).mean(axis=0)) < 4 / np.sqrt(count)).all()


def test_the_same_state_gives_the_same_bytes_and_the_next_call_others():
    rng = np.random.default_rng(1)
    first, second = (harmonic_interference(POWER, 5, BINS, TIME, rng) for _ in range(2))
    np.testing.assert_array_equal(first, draw(seed=1))
    assert np.abs(first - second).max() > 0.1


def test_a_signal_of_zeros_has_no_interference():
    assert not draw(np.zeros(2)).any()
    assert draw(np.zeros(0)).shape == (0, TIME)


@pytest.mark.parametrize("bins", [(), (0, 3), (30, 30), (495,), (600,), (-30,), (30.0,), 30])
def test_bins_outside_the_band_or_alike_are_an_error(bins):
    with pytest.raises(InputError, match=r"bins: found .*, expected distinct integers above 0 and below 495"):
        draw(bins=bins)


@pytest.mark.parametrize(
    ("power", "sir_db"), [([-1.0], 5), ([np.nan], 5), ([[1.0]], 5), ([1.0], np.nan), ([1.0], -np.inf)]
)
def test_powers_and_ratios_that_mean_nothing_are_an_error(power, sir_db):
    with pytest.raises(InputError, match="signal_power, sir_db: found"):
        draw(power, sir_db)
