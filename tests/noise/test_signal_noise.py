import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.noise.signal_noise import add_noise


def signals(batch, component, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(batch, component)) + 1j * rng.normal(size=(batch, component))).astype(
        np.complex64
    )


def test_each_signal_has_its_ratio():
    b, snr = signals(4, 50_000), np.array([0.0, 20.0, 30.0, 40.0])
    noisy, norm = add_noise(b, snr, np.random.default_rng(1))
    power = np.linalg.norm(noisy - b, axis=1) / np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(-20 * np.log10(power), snr, atol=0.05)
    np.testing.assert_allclose(norm, np.linalg.norm(b, axis=1) * [1, 0.1, 10**-1.5, 0.01], rtol=1e-6)
    assert noisy.dtype == np.complex64


def test_noise_norm_is_the_root_of_the_expected_square():
    """Mean of ‖n‖² over many draws, within five standard errors; ‖n‖² has 2M degrees of freedom."""
    b = np.repeat(signals(1, 20), 5000, axis=0)
    noisy, norm = add_noise(b, 10.0, np.random.default_rng(2))
    squares = np.sum(np.abs(noisy - b) ** 2, axis=1) / norm**2
    assert abs(squares.mean() - 1) < 5 / np.sqrt(20 * 5000)
    assert squares.std() == pytest.approx(1 / np.sqrt(20), rel=0.05)


def test_noise_is_white_and_circular_whatever_the_signal():
    b = np.zeros((20_000, 6), np.complex64)
    b[:, 0] = 3 - 4j
    noisy, _ = add_noise(b, 0.0, np.random.default_rng(3))
    n = noisy - b
    covariance, pseudo = n.conj().T @ n / len(n), n.T @ n / len(n)
    np.testing.assert_allclose(covariance, np.eye(6) * 25 / 6, atol=5 * 25 / 6 / np.sqrt(len(n)))
    np.testing.assert_allclose(pseudo, 0, atol=5 * 25 / 6 * np.sqrt(2 / len(n)))


def test_zero_signals_stay_zero():
    noisy, norm = add_noise(np.concatenate([np.zeros((2, 30)), signals(1, 30)]), 20, np.random.default_rng(0))
    assert not noisy[:2].any()
    np.testing.assert_array_equal(norm[:2], 0)
    assert norm[2] > 0


def test_infinite_ratio_adds_nothing():
    b = signals(3, 10)
    noisy, norm = add_noise(b, np.inf, np.random.default_rng(0))
    np.testing.assert_array_equal(noisy, b)
    np.testing.assert_array_equal(norm, 0)


@settings(max_examples=25, deadline=None)
@given(exponent=st.integers(-20, 20), snr=st.floats(-20, 60))
def test_noise_scales_with_the_signal_and_one_signal_is_a_batch_of_one(exponent, snr):
    b = signals(1, 40)
    factor = np.float32(2.0**exponent)
    noisy, norm = add_noise(b, snr, np.random.default_rng(5))
    scaled, scaled_norm = add_noise(factor * b[0], snr, np.random.default_rng(5))
    np.testing.assert_array_equal(scaled, factor * noisy[0])
    assert scaled_norm.shape == ()
    assert scaled_norm == pytest.approx(factor * norm[0])


@pytest.mark.parametrize(
    "signal, snr",
    [
        (signals(2, 5), [20.0, 20.0, 20.0]),
        (signals(2, 5)[0], [20.0]),
        (signals(2, 5)[None], 20.0),
        (np.zeros((2, 0)), 20.0),
        (np.full((2, 5), np.nan), 20.0),
        (signals(2, 5), np.nan),
        (signals(2, 5), -np.inf),
    ],
)
def test_what_does_not_fit_is_named(signal, snr):
    with pytest.raises(InputError, match=r"signal.*snr_db: found") as error:
        add_noise(signal, snr, np.random.default_rng(0))
    assert "\n" not in str(error.value)
