import numpy as np
import pytest
from pydantic import ValidationError

from mpipipe.config.period_noise import PeriodNoise
from mpipipe.errors import InputError
from mpipipe.noise.periods import noisy_periods

TIME, CYCLES = 4950, 50
WHITE = PeriodNoise(snr_db=5)
HARMONIC = PeriodNoise(snr_db=15, sir_db=5)
BINS = [150, 250, 350]


def signals(count, seed=0):
    """Signals of very different size."""
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.uniform(-6, 3, (count, 1))
    return (scale * rng.standard_normal((count, TIME))).astype(np.float32)


def draw(u, noise=WHITE, seed=0):
    return noisy_periods(u, noise, CYCLES, np.random.default_rng(seed))


def residue(u, drawn):
    """Noise of both periods over the root mean square of its signal, (item, 2, time)."""
    size = np.sqrt((u.astype(float) ** 2).mean(axis=1))
    return (drawn.periods - u[:, None].astype(float)) / size[:, None, None]


@pytest.mark.parametrize("snr_db", [-10, 5, 20])
def test_white_noise_has_the_ratio_of_each_signal(snr_db):
    u = signals(50)
    drawn = draw(u, PeriodNoise(snr_db=snr_db))
    power = (residue(u, drawn) ** 2).mean(axis=2)
    # A mean square of T samples scatters by sqrt(2 / T).
    assert np.abs(power * 10 ** (snr_db / 10) - 1).max() < 5 * np.sqrt(2 / TIME)
    assert abs(power.mean() * 10 ** (snr_db / 10) - 1) < 5 * np.sqrt(2 / (TIME * power.size))
    expected = np.sqrt((u.astype(float) ** 2).mean(axis=1)) * 10 ** (-snr_db / 20)
    np.testing.assert_allclose(drawn.sigma, expected, rtol=1e-6)
    assert drawn.periods.shape == (50, 2, TIME)
    assert drawn.periods.dtype == drawn.sigma.dtype == np.float32


def test_interference_has_its_ratio_at_its_bins_and_the_rest_is_white():
    u = signals(200)
    drawn = draw(u, HARMONIC)
    lines = np.abs(np.fft.rfft(residue(u, drawn), axis=2, norm="forward")) ** 2
    tones, rest = 2 * lines[:, :, BINS], np.delete(lines, [0, *BINS], axis=2)
    # White noise adds its variance over T to every line.
    white = 10**-1.5
    assert tones.sum(axis=2).mean() == pytest.approx(10**-0.5 + 6 * white / TIME, rel=2e-3)
    assert rest.mean() == pytest.approx(white / TIME, rel=5 / np.sqrt(rest.size))
    assert rest.max() < 0.02 * tones.min()
    np.testing.assert_allclose(drawn.sigma, draw(u, PeriodNoise(snr_db=15)).sigma)


def test_the_nominal_ratio_of_the_harmonic_kind_is_4_59_db():
    u = signals(200)
    power = (residue(u, draw(u, HARMONIC)) ** 2).mean(axis=2)
    nominal = -10 * np.log10(10**-1.5 + 10**-0.5)
    assert round(nominal, 2) == 4.59
    # White noise correlates with the tones by chance: 0.002 dB in the mean of 400 periods.
    assert -10 * np.log10(power.mean()) == pytest.approx(nominal, abs=0.01)


@pytest.mark.parametrize("noise", [WHITE, HARMONIC])
def test_the_noise_of_both_periods_is_independent(noise):
    """Correlation at every lag and with the signal; the phases of tones would show as a mean that is not 0."""
    u = signals(400)
    first, second = np.fft.rfft(residue(u, draw(u, noise)), axis=2).transpose(1, 0, 2)
    unit = np.exp(1j * np.angle(first * second.conj()))
    assert np.abs(unit.mean(axis=0)).max() < 5 / np.sqrt(len(u))
    zero_lag = (first * second.conj()).real.sum(axis=1).mean()
    power = np.sqrt((np.abs(first) ** 2).sum(axis=1).mean() * (np.abs(second) ** 2).sum(axis=1).mean())
    # Three tones hold most of the harmonic kind, so an item's coefficient scatters by up to 1 / sqrt(2).
    assert abs(zero_lag / power) < 5 / np.sqrt(2 * len(u))


def test_the_noise_does_not_depend_on_the_signals_shape():
    """Another signal of the same power gets the same noise."""
    u = np.ones((3, TIME), np.float32)
    flipped = u * np.where(np.arange(TIME) % 2, 1, -1).astype(np.float32)
    ours, others = draw(u, HARMONIC), draw(flipped, HARMONIC)
    np.testing.assert_allclose(residue(u, ours), residue(flipped, others), atol=1e-6)


@pytest.mark.parametrize("noise", [WHITE, HARMONIC])
def test_the_same_state_gives_the_same_bytes_and_another_does_not(noise):
    u = signals(3)
    np.testing.assert_array_equal(draw(u, noise, 4).periods, draw(u, noise, 4).periods)
    assert np.abs(residue(u, draw(u, noise, 4)) - residue(u, draw(u, noise, 5))).max() > 0.5


def test_signals_stay_as_they_are():
    u = signals(2)
    kept = u.copy()
    draw(u, HARMONIC)
    np.testing.assert_array_equal(u, kept)


@pytest.mark.parametrize(
    ("u", "found"),
    [
        (np.zeros((2, TIME)), "found zeros in item 0"),
        (np.full((2, TIME), np.nan), "found NaN or infinity"),
        (np.full((2, TIME), 1e300), "found NaN or infinity"),
        (np.ones((2, 2, TIME)), r"found float64 of shape \(2, 2, 4950\), expected real \(item, time\)"),
        (np.ones((2, 0)), r"found float64 of shape \(2, 0\)"),
        (np.ones((2, TIME), complex), "found complex128"),
    ],
)
def test_signals_that_do_not_fit_are_an_error(u, found):
    with pytest.raises(InputError, match=f"signals: {found}"):
        draw(u)


def test_a_tone_beyond_the_band_is_an_error():
    with pytest.raises(InputError, match=r"bins: found \[2500\], expected .* below 2475"):
        draw(signals(1), PeriodNoise(sir_db=5, harmonics=(50,)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"harmonics": (0, 3)}, r"harmonics: found \[0, 3\], expected distinct integers of at least 1"),
        ({"harmonics": (3, 3)}, r"harmonics: found \[3, 3\], expected distinct integers"),
        ({"harmonics": ()}, "at least 1 item"),
        ({"snr_db": np.inf}, "finite"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        PeriodNoise(**fields)
