import time

import numpy as np
import pytest
import torch

from mpipipe.config.networks import SMRnetConfig
from mpipipe.config.restoration import ObservationConfig
from mpipipe.config.train import DegradationConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import build_network, network_factor
from mpipipe.noise.series import BackgroundSeries
from mpipipe.training.components import choose_components, observe_groups, psnr_db
from mpipipe.training.restorer import NetworkRestorer
from mpipipe.training.train import train_network, validation_batches
from tests.training.networks import CASES, TASKS, tiny_config
from tests.training.waves import CHANNELS, WaveSource

LARGEST = {2: (10, 12), 3: (7, 6, 8)}


def run(config, background, dimension=2, source=None, **arguments):
    source = source or WaveSource((8, 8), largest=LARGEST[dimension])
    return train_network(
        config, source, background, dimension=dimension, seed=3, accelerator="cpu", **arguments
    )


def observed(task, background, dimension=2, sigmas=(0.0, 0.2), count=12):
    """Validation components as the task's problem observes them."""
    factor = network_factor(tiny_config(task).network)
    ratio = 0.1 if "missing" in TASKS[task] else 0.0
    observation = ObservationConfig(factor=factor, missing_ratio=ratio)
    rng = np.random.default_rng(4)
    source = WaveSource((12,), seed=9, largest=LARGEST[dimension])
    components = choose_components(source, count, rng)
    return {sigma: observe_groups(components, background, observation, sigma, rng) for sigma in sigmas}


@pytest.mark.parametrize(("task", "dimension"), CASES)
def test_one_step_moves_the_weights(task, dimension, background):
    config = tiny_config(task, steps=1, ema_decay=0.0)
    trained = run(config, background, dimension)
    before = build_network(config.network, dimension, seed=3).state_dict()
    assert trained.weights.keys() == before.keys()
    assert all(torch.isfinite(tensor).all() for tensor in trained.weights.values())
    moved = [name for name in before if not torch.equal(before[name], trained.weights[name])]
    # Behind a rectifier a feature may be silent in one batch; the convolutions of a network are not all.
    assert len(moved) > 0.6 * len([name for name, tensor in before.items() if tensor.is_floating_point()])
    assert np.isfinite(trained.card["history"][0]["loss"])
    assert trained.card["steps"] == 1


@pytest.mark.parametrize(("task", "dimension"), CASES)
@pytest.mark.parametrize("phase", ["random", "aligned"])
def test_validation_scores_are_those_of_the_restorer(task, dimension, phase, background):
    config = tiny_config(task, phase=phase)
    validation = observed(task, background, dimension)
    trained = run(config, background, dimension, validation=validation)
    restorer = NetworkRestorer(trained.weights, config, dimension)
    for sigma, groups in validation.items():
        scores = [psnr_db(group.observed.restored_by(restorer, sigma), group.truth) for group in groups]
        found = trained.card["history"][-1]["psnr_db"][repr(sigma)]
        assert found == pytest.approx(np.concatenate(scores).mean(), abs=2e-3)


@pytest.mark.parametrize("task", TASKS)
def test_noise_free_fraction_crops_and_small_patches_train_too(task, background):
    config = tiny_config(task, patch_step=4, crop=4, noise_free=0.5, precision="bf16", phase="aligned")
    trained = run(config, background)
    assert all(torch.isfinite(tensor).all() for tensor in trained.weights.values())


def test_validation_of_another_factor_is_refused(background):
    config = tiny_config("SMRnet").model_copy(update={"network": SMRnetConfig(factor=4, width=4, blocks=1)})
    validation = observed("SMRnet", background)
    with pytest.raises(InputError, match=r"^validation: found \(.*expected \(.*those of SMRnet$"):
        validation_batches(validation, config)


def test_one_channel_is_enough(background):
    class OneChannel(WaveSource):
        def read_chunk(self, index):
            read = super().read_chunk(index)
            return type(read)(**{**vars(read), "channel": 0 * read.channel})

    assert CHANNELS > 1
    series = BackgroundSeries(background.values[:1])
    trained = run(tiny_config("DnCNN"), series, source=OneChannel((8, 8)))
    assert trained.card["steps"] == 2
    with pytest.raises(InputError, match="found component"):
        run(tiny_config("DnCNN", batch=16), series)


class SlowSource(WaveSource):
    """A source whose reads take their time."""

    def read_chunk(self, index):
        time.sleep(0.02)
        return super().read_chunk(index)


@pytest.mark.parametrize("slow", [False, True])
def test_card_tells_the_rates_of_steps_and_loader(background, slow):
    config = tiny_config("DnCNN", steps=12, batch=4, buffer_chunks=1)
    source = (SlowSource if slow else WaveSource)((4,) * 3)
    source.read_chunk(0)
    started = time.perf_counter()
    card = run(config, background, source=source).card
    seconds = time.perf_counter() - started
    total, step, loader = (card[f"{kind}samples_per_s"] for kind in ("", "step_", "loader_"))
    assert 1 / total == pytest.approx(1 / step + 1 / loader, rel=0.01)  # on a processor one after the other
    assert 48 / total < seconds  # the steps are part of the training
    if slow:  # a chunk is read for each batch
        assert loader < 4 / 0.02


def test_a_training_that_took_no_step_has_no_rates(background, tmp_path):
    config = tiny_config("DnCNN", checkpoint_every=1)
    assert run(config, background, checkpoint_dir=tmp_path).card["samples_per_s"] > 0
    again = run(config, background, checkpoint_dir=tmp_path).card
    assert [again[f"{kind}samples_per_s"] for kind in ("", "step_", "loader_")] == [None] * 3


def test_patch_must_hold_the_measured_grid_only(background):
    """With factor 2 a patch of 6 holds grids up to 12."""
    degradation = DegradationConfig(patch=6)
    upsampling = tiny_config("SMRnet").model_copy(update={"degradation": degradation})
    assert run(upsampling, background).card["steps"] == 2
    denoising = tiny_config("DnCNN").model_copy(update={"degradation": degradation})
    with pytest.raises(InputError, match=r"patch: found \(6, 6\) voxels"):
        run(denoising, background)
