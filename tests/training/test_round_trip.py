"""A trained denoiser at vanishing noise leaves scale and phase of a component as they are."""

import numpy as np
import pytest

from mpipipe.config.networks import DnCNNConfig
from mpipipe.config.restoration import ObservationConfig
from mpipipe.config.train import DegradationConfig, TrainConfig
from mpipipe.training.components import choose_components, observe_groups, psnr_db
from mpipipe.training.restorer import NetworkRestorer
from mpipipe.training.train import train_network
from tests.training.waves import WaveSource

CONFIG = TrainConfig(
    network=DnCNNConfig(depth=4, width=24, normalisation="none", border="masked"),
    degradation=DegradationConfig(
        patch=12, sigma_range=(0.02, 0.3), sigma_distribution="uniform", noise_free=0.3, phase="aligned"
    ),
    steps=900,
    batch=16,
    learning_rate=4e-3,
    ema_decay=0.9,
    precision="32",
    buffer_chunks=2,
)


@pytest.fixture(scope="module")
def denoiser(background):
    trained = train_network(CONFIG, WaveSource((64,) * 4), background, dimension=2, seed=3, accelerator="cpu")
    return NetworkRestorer(trained.weights, CONFIG, 2)


def held_out(background, sigma):
    """Components that training never saw."""
    components = choose_components(WaveSource((30, 30), seed=9), 40, np.random.default_rng(8))
    return observe_groups(components, background, ObservationConfig(), sigma, np.random.default_rng(1))


@pytest.mark.parametrize("sigma", [0.0, 0.002])
def test_scale_and_phase_of_a_clean_component_are_kept(denoiser, background, sigma):
    """The least-squares complex factor between restored and true component, each in a unit of its own."""
    number = 0
    for group in held_out(background, sigma):
        gain = 3e-7 * np.exp(1j * np.arange(number, number + len(group.truth)))[:, None, None]
        number += len(group.truth)
        restored = denoiser.apply((gain * group.observed.values).astype(np.complex64), 3e-7 * sigma) / gain
        inner = np.sum(group.truth.conj() * restored, axis=(1, 2))
        factor = inner / np.sum(np.abs(group.truth) ** 2, axis=(1, 2))
        np.testing.assert_allclose(np.abs(factor), 1, atol=0.02)
        np.testing.assert_allclose(np.angle(factor), 0, atol=0.02)
    assert number == 40


def test_it_is_no_identity(denoiser, background):
    scores = [
        psnr_db(group.observed.restored_by(denoiser, 0.2), group.truth) for group in held_out(background, 0.2)
    ]
    assert np.concatenate(scores).mean() > -20 * np.log10(0.2) + 4
