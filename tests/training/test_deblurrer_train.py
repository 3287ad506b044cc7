import json

import numpy as np
import pytest
import torch

from mpipipe.config.deblurrer import DeblurrerTraining, PerceptualConfig, ResNetConfig
from mpipipe.config.optimisation import Optimisation
from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import psnr_db
from mpipipe.networks.deblurrers import build_deblurrer
from mpipipe.networks.perceptual import FixedFilterBank
from mpipipe.networks.registry import num_parameters
from mpipipe.training.collinear_pairs import (
    CollinearPairs,
)
from mpipipe.training.deblurrer_apply import LearnedDeblurrer
from mpipipe.training.deblurrer_train import train_deblurrer
from mpipipe.training.pairs import PairStream
from tests.training.deblurring_case import (
    GRID,
    SIGMA,
    KilledError,
    collinear_images,
    equal,
    held_out,
    noise_fields,
    run,
    scenes,
    tiny,
)


def test_same_seed_same_bytes():
    one, same, other = (run(tiny(steps=4), seed=seed) for seed in (3, 3, 4))
    assert equal(one.weights, same.weights)
    assert not equal(one.weights, other.weights)


def test_global_random_state_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    run(tiny(steps=2))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(("ema_decay", "cut_short"), [(0.0, False), (0.9, True)])
def test_killed_training_resumes_to_the_same_end(monkeypatch, tmp_path, ema_decay, cut_short):
    config = tiny(steps=14, validate_every=1, ema_decay=ema_decay, augment=True)
    whole = run(config)
    batch = PairStream.batch

    def dying(stream, step):
        if step == 10:
            raise KilledError
        return batch(stream, step)

    with monkeypatch.context() as patch:
        patch.setattr(PairStream, "batch", dying)
        with pytest.raises(KilledError):
            run(config, checkpoint_dir=tmp_path)
    left = sorted(tmp_path.glob("*.ckpt"))
    assert len(left) == 2
    if cut_short:
        left[-1].write_bytes(left[-1].read_bytes()[:1000])  # the kill cut the newest short
    resumed = run(config, checkpoint_dir=tmp_path)
    assert equal(whole.weights, resumed.weights)
    for key in ("history", "best", "steps"):
        assert resumed.card[key] == whole.card[key]


def test_checkpoints_of_another_noise_are_refused(tmp_path):
    run(tiny(steps=4), checkpoint_dir=tmp_path)
    with pytest.raises(InputError, match="remove the folder"):
        run(tiny(steps=4), checkpoint_dir=tmp_path, sigma=2 * SIGMA)


def test_the_validation_score_is_that_of_the_applied_network():
    config, (truth, noisy) = tiny(), held_out(40)
    truth[3] = 0  # without particles there is no PSNR
    trained = run(config, validation=(truth, noisy))
    estimate = LearnedDeblurrer(trained.weights, config).apply(noisy)
    kept = np.arange(40) != 3
    scores = psnr_db(estimate[kept], truth[kept], peak=truth[kept].max(axis=(1, 2)))
    assert scores.mean() == pytest.approx(trained.card["best"]["psnr_db"], abs=1e-4)


def test_training_overfits_a_tiny_set():
    truth = scenes(2, seed=4)
    collinear = collinear_images(truth)
    network = ResNetConfig(width=8, blocks=2, dropout=0.0)
    config = tiny(network=network, steps=200, batch=2, learning_rate=5e-3, validate_every=200)
    trained = run(config, truth, sigma=0.0, validation=(truth, collinear))
    losses = [entry["loss"] for entry in trained.card["history"] if "loss" in entry]
    assert losses[-1] < 0.2 * losses[0]
    mean = collinear.mean(axis=1)
    gain = [np.vdot(m, t) / np.vdot(m, m) for m, t in zip(mean, truth, strict=True)]
    blurred = np.float32(gain)[:, None, None] * mean  # of the mean image, the multiple that is nearest
    peak = truth.max(axis=(1, 2))
    scores = psnr_db(LearnedDeblurrer(trained.weights, config).apply(collinear), truth, peak=peak)
    assert (scores > psnr_db(blurred, truth, peak=peak) + 10).all()


def test_the_unit_of_the_images_does_not_matter():
    truth, (seen_truth, seen) = scenes(), held_out()
    plain = run(tiny())
    scaled = train_deblurrer(
        tiny(), truth, 64 * collinear_images(truth), 64 * noise_fields(), SIGMA,
        validation=(seen_truth, 64 * seen), seed=3, accelerator="cpu",
    )  # fmt: skip
    assert scaled.weights["unit"] == plain.weights["unit"] / 64
    assert equal(
        {**plain.weights, "unit": 0 * plain.weights["unit"]}, {**scaled.weights, "unit": torch.zeros(())}
    )


def test_bf16_trains_too():
    trained = run(tiny(precision="bf16"))
    assert all(torch.isfinite(tensor).all() for tensor in trained.weights.values())


def test_the_loss_is_the_one_that_is_named():
    named, given, other = (
        run(tiny(steps=2), **arguments).weights
        for arguments in ({}, {"features": FixedFilterBank(4)}, {"features": FixedFilterBank(4, seed=1)})
    )
    assert equal(named, given)
    assert not equal(named, other)
    without = run(tiny(steps=2, perceptual=PerceptualConfig(perceptual_weight=0))).weights
    assert not equal(named, without)


def test_card_is_json_and_complete():
    trained = run(tiny())
    card = json.loads(json.dumps(trained.card))
    assert card["steps"] == 12
    assert card["perceptual"] == "fixed random filters (4 channels, seed 0)"
    assert card["sigma"] == SIGMA
    assert card["parameters"] == num_parameters(build_deblurrer(tiny().network, 0))
    assert card["samples_per_s"] > 0
    assert card["loader_samples_per_s"] > 0
    assert [entry["step"] for entry in card["history"] if "loss" in entry] == list(range(1, 13))
    assert [entry["step"] for entry in card["history"] if "psnr_db" in entry] == [4, 8, 12]
    assert card["history"][-1]["psnr_db"].keys() == {"0.002"}


def test_without_validation_the_last_weights_are_kept(tmp_path):
    none = (np.zeros((0, *GRID), np.float32), np.zeros((0, 2, *GRID), np.float32))
    first, again = (run(tiny(), validation=none, checkpoint_dir=tmp_path) for _ in range(2))
    assert equal(first.weights, again.weights)
    assert first.card["best"] == {}
    assert again.card["samples_per_s"] is None


def test_unfit_training_data_are_refused():
    truth, collinear, noise = scenes(4), collinear_images(scenes(4)), noise_fields()

    def refused(message, **changes):
        data = {"truth": truth, "collinear": collinear, "noise": noise, "sigma": SIGMA, **changes}
        with pytest.raises(InputError, match=message):
            train_deblurrer(tiny(), **data, validation=held_out(2), seed=0, accelerator="cpu")

    refused(r"truth: found shape \(3, 12, 12\), expected \(4, 12, 12\)", truth=truth[:3])
    refused("truth: found NaN, infinity or a negative value", truth=truth - 1)
    refused(r"collinear: found shape \(4, 12, 12\)", collinear=collinear[:, 0])
    refused("collinear: found NaN", collinear=np.nan * collinear)
    refused(r"noise: found shape \(6, 2, 9, 12\)", noise=noise[:, :, :9])
    refused(r"noise: found shape \(0, 2, 12, 12\)", noise=noise[:0])
    refused("sigma: found -1", sigma=-1.0)
    refused("sigma: found nan", sigma=float("nan"))
    with pytest.raises(InputError, match="found vgg16 without its filters"):
        run(tiny(perceptual=PerceptualConfig(source="vgg16", weights="filters.safetensors")))
    with pytest.raises(InputError, match="expected square ones"):
        CollinearPairs(noise[:, :, :9], SIGMA, augment=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_an_absent_gpu_is_refused():
    with pytest.raises(InputError, match="found no GPU"):
        run(tiny(), accelerator="gpu")


def test_defaults_are_ten_epochs_of_the_published_measurements():
    config = DeblurrerTraining()
    assert config.steps * config.batch == 10 * 3000
    assert (config.network.width, config.network.blocks, config.network.dropout) == (64, 9, 0.5)
    assert (config.perceptual.pixel_weight, config.perceptual.perceptual_weight) == (1, 1)


def test_reconstructors_keep_their_optimisation():
    expected = {
        "steps": 2000, "batch": 64, "learning_rate": 1e-3, "schedule": "cosine", "step_fraction": 0.2,
        "gamma": 0.5, "warmup": 0.0, "ema_decay": 0.0, "clip_norm": 1.0, "precision": "bf16",
        "validate_every": 200, "checkpoint_every": 500, "repeats": 1, "seed": 0,
    }  # fmt: skip
    assert Optimisation().model_dump() == expected
    own = {"network", "snr_range_db", "noise_std", "loss", "equalise", "start_regularizations", "hold_start"}
    dumped = ReconstructorTraining().model_dump()
    assert dumped.keys() == expected.keys() | own
    assert {key: dumped[key] for key in expected} == expected
