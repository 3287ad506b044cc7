import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.noise.spectrum_noise import add_white_noise


@pytest.mark.parametrize("snr_db", [20.0, 40.0])
def test_noise_has_the_ratio_asked_for_in_each_spectrum_and_is_white(snr_db):
    rng = np.random.default_rng(0)
    spectra = np.repeat([np.arange(200.0), 1e-9 * np.ones(200)], 2000, axis=0)
    noise = add_white_noise(spectra, snr_db, rng) - spectra
    relative = noise * 10 ** (snr_db / 20) / np.linalg.norm(spectra, axis=1, keepdims=True)
    for half in (relative[:2000], relative[2000:]):
        assert (half**2).sum(axis=1).mean() == pytest.approx(1, abs=0.01)  # 5 standard errors
        np.testing.assert_allclose(200 * (half**2).mean(axis=0), 1, atol=0.16)
        assert abs(half.mean()) < 5 / np.sqrt(200 * half.size)


def test_infinite_ratio_leaves_spectra_and_the_generator_alone():
    rng = np.random.default_rng(1)
    spectra = np.random.default_rng(2).standard_normal((3, 4))
    np.testing.assert_array_equal(add_white_noise(spectra, np.inf, rng), spectra)
    assert rng.integers(1 << 30) == np.random.default_rng(1).integers(1 << 30)


def test_a_spectrum_of_zeros_stays_so():
    assert not add_white_noise(np.zeros((2, 5)), 20.0, np.random.default_rng(0)).any()


@pytest.mark.parametrize("spectra", [np.ones(3), np.full((1, 2), np.inf), np.ones((2, 2), complex)])
def test_bad_spectra_are_refused(spectra):
    with pytest.raises(InputError, match="spectra"):
        add_white_noise(spectra, 20.0, np.random.default_rng(0))


@pytest.mark.parametrize("snr_db", [np.nan, -np.inf])
def test_a_ratio_that_is_none_is_refused(snr_db):
    with pytest.raises(InputError, match="snr_db"):
        add_white_noise(np.ones((1, 2)), snr_db, np.random.default_rng(0))
