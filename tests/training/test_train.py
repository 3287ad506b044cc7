import json

import numpy as np
import pytest
import torch

from mpipipe.config.networks import DnCNNConfig
from mpipipe.config.restoration import ObservationConfig
from mpipipe.config.train import DegradationConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import build_network, num_parameters
from mpipipe.training.checkpoints import latest_checkpoint
from mpipipe.training.components import choose_components, observe_groups
from mpipipe.training.restorer import NetworkRestorer
from mpipipe.training.train import train_network
from tests.training.waves import WaveSource


@pytest.fixture
def validation(background):
    rng = np.random.default_rng(8)
    components = choose_components(WaveSource((12, 12), seed=9), 20, rng)
    return {
        sigma: observe_groups(components, background, ObservationConfig(), sigma, rng) for sigma in (0.1, 0.3)
    }


class KilledError(Exception):
    pass


class DyingSource(WaveSource):
    """A source whose process dies at one of its reads."""

    def read_chunk(self, index):
        if self.reads == 15:
            raise KilledError
        return super().read_chunk(index)


def run(config, background, source=None, **arguments):
    source = source or WaveSource((16, 16, 16, 7))
    arguments = {"dimension": 2, "seed": 3, "accelerator": "cpu", **arguments}
    return train_network(config, source, background, **arguments)


def equal(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("normalisation", ["none", "batch"])
def test_same_seed_same_bytes(background, tiny, normalisation):
    config = tiny.model_copy(update={"network": DnCNNConfig(depth=3, width=4, normalisation=normalisation)})
    one, same, other = (run(config, background, seed=seed) for seed in (3, 3, 4))
    assert equal(one.weights, same.weights)
    assert not equal(one.weights, other.weights)


@pytest.mark.parametrize("normalisation", ["none", "batch"])
def test_killed_training_resumes_to_the_same_end(background, tiny, validation, tmp_path, normalisation):
    network = DnCNNConfig(depth=3, width=4, normalisation=normalisation, border="masked")
    config = tiny.model_copy(update={"steps": 30, "validate_every": 10, "network": network})
    arguments = {"background": background, "validation": validation}
    whole = run(config, **arguments)
    with pytest.raises(KilledError):
        run(config, source=DyingSource((16, 16, 16, 7)), checkpoint_dir=tmp_path, **arguments)
    left = sorted(tmp_path.glob("*.ckpt"))
    assert left
    left[-1].write_bytes(left[-1].read_bytes()[:1000])  # the kill cut the newest short
    resumed = run(config, checkpoint_dir=tmp_path, **arguments)
    assert equal(whole.weights, resumed.weights)
    assert resumed.card["history"] == whole.card["history"]
    assert resumed.card["steps"] == 30


def test_training_at_its_end_gives_its_result_again(background, tiny, validation, tmp_path):
    first = run(tiny, background, validation=validation, checkpoint_dir=tmp_path)
    again = run(tiny, background, validation=validation, checkpoint_dir=tmp_path)
    assert equal(first.weights, again.weights)
    assert again.card["history"] == first.card["history"]
    assert again.card["steps"] == 12


def test_weights_are_the_averaged_ones(background, tiny):
    averaged, last = (run(tiny.model_copy(update={"ema_decay": decay}), background) for decay in (0.9, 0.0))
    assert not equal(averaged.weights, last.weights)


def test_a_diverging_training_is_refused(background, tiny):
    config = tiny.model_copy(update={"learning_rate": 1e30, "clip_norm": 0.0})
    with pytest.raises(InputError, match="expected a smaller learning_rate"):
        run(config, background)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_an_absent_gpu_is_refused(background, tiny):
    with pytest.raises(InputError, match="found no GPU"):
        run(tiny, background, accelerator="gpu")


def test_checkpoints_of_another_training_are_refused(background, tiny, tmp_path):
    run(tiny, background, checkpoint_dir=tmp_path)
    with pytest.raises(InputError, match="remove the folder"):
        run(tiny, background, checkpoint_dir=tmp_path, seed=4)


def test_no_checkpoint_is_found_in_an_empty_folder(tmp_path):
    assert latest_checkpoint(tmp_path / "none", "recipe") is None


def test_card_is_json_and_complete(background, tiny, validation):
    trained = run(tiny, background, validation=validation)
    card = json.loads(json.dumps(trained.card))
    assert card["steps"] == 12
    assert card["seed"] == 3
    assert card["parameters"] == num_parameters(build_network(tiny.network, 2, 0))
    assert card["samples_per_s"] > 0
    assert [entry["step"] for entry in card["history"] if "loss" in entry] == list(range(1, 13))
    assert card["history"][-1]["psnr_db"].keys() == {"0.1", "0.3"}


def test_training_learns_to_denoise(background, tiny, validation):
    network = DnCNNConfig(depth=4, width=16, normalisation="none", border="masked")
    degradation = DegradationConfig(patch=12, sigma_range=(0.1, 0.4), phase="aligned")
    config = tiny.model_copy(
        update={
            "network": network,
            "degradation": degradation,
            "steps": 300,
            "batch": 16,
            "learning_rate": 3e-3,
        }
    )
    trained = run(config, background, source=WaveSource((64,) * 4), validation=validation)
    final = trained.card["history"][-1]["psnr_db"]
    assert final["0.1"] > 20 + 4
    assert final["0.3"] > 10.5 + 4


def test_bf16_and_fixed_patches_train_too(background, tiny):
    config = tiny.model_copy(update={"precision": "bf16", "network": DnCNNConfig(depth=3, width=4)})
    trained = run(config, background)
    assert all(torch.isfinite(tensor).all() for tensor in trained.weights.values())


def test_3d(background, tiny):
    config = tiny.model_copy(update={"steps": 3, "degradation": DegradationConfig(patch=8)})
    trained = run(config, background, source=WaveSource((8, 8), largest=(7, 6, 8)), dimension=3)
    restorer = NetworkRestorer(trained.weights, config, 3)
    noisy = np.ones((2, 6, 7, 5), np.complex64)
    assert restorer.apply(noisy, 0.1).shape == noisy.shape
