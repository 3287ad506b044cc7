"""A small training, and how well its network restores what it has not seen, as JSON: run by tests in processes of their own.

``python -m tests.training.other_arithmetic cpu`` or ``gpu``.
"""

import hashlib
import json
import sys

import numpy as np

from mpipipe.config.background import BackgroundConfig
from mpipipe.config.networks import DnCNNConfig
from mpipipe.config.restoration import ObservationConfig
from mpipipe.config.train import DegradationConfig, TrainConfig
from mpipipe.noise.background import synthesise_background
from mpipipe.noise.series import BackgroundSeries
from mpipipe.training.components import choose_components, observe_groups
from mpipipe.training.train import train_network
from tests.training.waves import CHANNELS, FREQUENCIES, WaveSource

CONFIG = TrainConfig(
    network=DnCNNConfig(depth=4, width=16, normalisation="none", border="masked"),
    degradation=DegradationConfig(patch=12, sigma_range=(0.1, 0.4), phase="aligned"),
    steps=300,
    batch=16,
    buffer_chunks=2,
    learning_rate=3e-3,
    validate_every=300,
    ema_decay=0.9,
)


def main(accelerator: str) -> None:
    """Train, in bfloat16 on a GPU, and print PSNR by σ and a digest of the weights."""
    rng = np.random.default_rng(5)
    background = BackgroundSeries(synthesise_background(BackgroundConfig(), 2000, CHANNELS, FREQUENCIES, rng))
    held_out = choose_components(WaveSource((20, 20), seed=9), 40, rng)
    validation = {
        sigma: observe_groups(held_out, background, ObservationConfig(), sigma, rng) for sigma in (0.1, 0.3)
    }
    precision = "32" if accelerator == "cpu" else "bf16"
    trained = train_network(
        CONFIG.model_copy(update={"precision": precision}),
        WaveSource((64,) * 4),
        background,
        dimension=2,
        seed=3,
        validation=validation,
        accelerator=accelerator,
    )
    weights = hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in trained.weights.values()))
    found = {"psnr_db": trained.card["history"][-1]["psnr_db"], "weights": weights.hexdigest()}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
