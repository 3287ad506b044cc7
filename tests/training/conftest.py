import numpy as np
import pytest

from mpipipe.config.background import BackgroundConfig
from mpipipe.config.networks import DnCNNConfig
from mpipipe.config.train import DegradationConfig, TrainConfig
from mpipipe.noise.background import synthesise_background
from mpipipe.noise.series import BackgroundSeries
from tests.training.waves import CHANNELS, FREQUENCIES, WaveSource


@pytest.fixture
def source():
    return WaveSource((16, 16, 16, 7))


@pytest.fixture(scope="session")
def background():
    series = synthesise_background(BackgroundConfig(), 2000, CHANNELS, FREQUENCIES, np.random.default_rng(5))
    return BackgroundSeries(series)


@pytest.fixture
def tiny():
    return TrainConfig(
        network=DnCNNConfig(depth=3, width=4, normalisation="none", border="masked"),
        degradation=DegradationConfig(patch=12),
        steps=12,
        batch=6,
        buffer_chunks=2,
        precision="32",
        checkpoint_every=4,
        ema_decay=0.9,
    )
