import numpy as np
import pytest
import torch

from mpipipe.config.signal_denoiser import SignalTraining, SignalUNetConfig
from mpipipe.errors import InputError
from mpipipe.networks.signal_denoisers import build_signal_denoiser
from mpipipe.training.signal_apply import LearnedSignalDenoiser
from tests.training.sinusoids import noisy_periods

NETWORK = SignalUNetConfig(width=4, growth=(1, 1, 1, 1), kernel=3)
SIGNALS = noisy_periods(70)[:, 0]  # more than one part


def denoiser(**changes):
    weights = build_signal_denoiser(NETWORK, seed=5).state_dict()
    return LearnedSignalDenoiser(weights, SignalTraining(network=NETWORK, **changes))


def recorrupted(recorruptions, **changes):
    return denoiser(objective="recorrupted", recorruptions=recorruptions, **changes)


def test_signals_are_normalised_and_scaled_back():
    network = build_signal_denoiser(NETWORK, seed=5).eval()
    rms = np.sqrt(np.square(SIGNALS).mean(axis=-1, keepdims=True))
    with torch.no_grad():
        expected = network(torch.from_numpy(SIGNALS / rms)).numpy() * rms
    estimate = denoiser().apply(SIGNALS)
    np.testing.assert_allclose(estimate, expected, rtol=1e-4, atol=1e-5)
    assert estimate.dtype == np.float32


@pytest.mark.parametrize("exponent", [-80, -7, 30])
def test_estimates_are_as_many_times_larger_as_their_signals(exponent):
    factor = np.float32(2.0**exponent)  # a power of two changes no digit
    np.testing.assert_array_equal(denoiser().apply(factor * SIGNALS), factor * denoiser().apply(SIGNALS))


@pytest.mark.parametrize("passes", [0, 3])
def test_a_signal_does_not_depend_on_the_others(passes):
    sigma = np.linspace(0.1, 1, len(SIGNALS))
    together = recorrupted(passes).apply(SIGNALS, sigma)
    alone = recorrupted(passes).apply(SIGNALS[13:14], sigma[13:14])
    np.testing.assert_allclose(alone[0], together[13], rtol=1e-4, atol=1e-5)


def test_a_zero_signal_stays_zero():
    signals = SIGNALS[:3].copy()
    signals[1] = 0
    estimate = denoiser().apply(signals)
    assert not estimate[1].any()
    assert estimate[2].any()


def test_without_passes_the_signal_itself_is_denoised():
    np.testing.assert_array_equal(recorrupted(0).apply(SIGNALS), denoiser().apply(SIGNALS))


def test_passes_are_seeded_and_averaged():
    sigma = np.full(len(SIGNALS), 0.5)
    one, again, other = (recorrupted(2, seed=seed).apply(SIGNALS, sigma) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 1e-3
    # The mean of M passes scatters between seeds by 1 / √M of one.
    scatter = [
        np.std(
            [recorrupted(passes, seed=seed).apply(SIGNALS[:8], sigma[:8]) for seed in range(16)], axis=0
        ).mean()
        for passes in (1, 4)
    ]
    assert scatter[0] / scatter[1] == pytest.approx(2, rel=0.25)


def test_passes_add_the_noise_of_the_training():
    # A noise that is small enough for the network to be linear in it: the deviation doubles with either factor.
    base = denoiser().apply(SIGNALS)

    def deviation(recorruption, sigma):
        estimate = recorrupted(1, recorruption=recorruption).apply(SIGNALS, np.full(len(SIGNALS), sigma))
        return np.abs(estimate - base).mean()

    small = deviation(0.5, 1e-3)
    assert deviation(1.0, 1e-3) / small == pytest.approx(2, rel=0.05)
    assert deviation(0.5, 2e-3) / small == pytest.approx(2, rel=0.05)


def test_unfit_signals_are_refused():
    for unfit in (SIGNALS[0], SIGNALS[None], np.nan * SIGNALS, SIGNALS[:0]):
        with pytest.raises(InputError, match="signals: found shape"):
            denoiser().apply(unfit)
    with pytest.raises(InputError, match="noise_std: found none"):
        recorrupted(2).apply(SIGNALS)
    with pytest.raises(InputError, match="noise_std: found shape"):
        recorrupted(2).apply(SIGNALS, np.ones(3))


def test_weights_of_another_network_are_refused():
    weights = build_signal_denoiser(NETWORK.model_copy(update={"width": 6}), 0).state_dict()
    with pytest.raises(InputError, match="weights of SignalUNet: found"):
        LearnedSignalDenoiser(weights, SignalTraining(network=NETWORK))
