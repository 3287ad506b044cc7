import json

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.config.reconstructors import ADMMNetConfig, DERnetConfig, ImageDenoiserConfig
from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import psnr_db
from mpipipe.networks.reconstructors import build_reconstructor
from mpipipe.networks.registry import num_parameters
from mpipipe.noise.signal_noise import add_noise
from mpipipe.training.pairs import PairStream
from mpipipe.training.reconstructor_apply import LearnedReconstructor, NetworkDenoiser
from mpipipe.training.reconstructor_train import train_image_denoiser, train_reconstructor
from mpipipe.training.steady_average import SteadyAverage
from mpipipe.training.supervised import learning_rate_factor
from tests.training.blobs import blobs, system_matrix

DERNET = DERnetConfig(
    signal_width=2, image_width=2, branch_width=2, feature_width=4, fused_width=4, unet_width=8
)
NETWORKS = {
    "DERnet": DERNET,
    "ADMM-Net": ADMMNetConfig(stages=2, filters=4, kernel=3, breakpoints=11),
    "ImageDenoiser": ImageDenoiserConfig(blocks=1, layers=2, width=4, growth=4),
}
SNRS_DB = (20.0, 30.0)


class KilledError(Exception):
    pass


def tiny(name="DERnet", **changes):
    settings = {
        "network": NETWORKS[name],
        "steps": 12,
        "batch": 6,
        "precision": "32",
        "validate_every": 4,
        "checkpoint_every": 4,
    }
    return ReconstructorTraining(**{**settings, **changes})


def run(config, seed=3, images=None, matrix=None, **arguments):
    arguments = {"validation": blobs(9, seed=8), "accelerator": "cpu", **arguments}
    images = blobs(40) if images is None else images
    if isinstance(config.network, ImageDenoiserConfig):
        return train_image_denoiser(config, images, seed=seed, **arguments)
    matrix = system_matrix() if matrix is None else matrix
    return train_reconstructor(config, matrix, images, seed=seed, validation_snr_db=SNRS_DB, **arguments)


def equal(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("name", NETWORKS)
def test_same_seed_same_bytes(name):
    one, same, other = (run(tiny(name, steps=5), seed=seed) for seed in (3, 3, 4))
    assert equal(one.weights, same.weights)
    assert not equal(one.weights, other.weights)


def test_global_random_state_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    run(tiny(steps=2))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("cut_short", [False, True])
@pytest.mark.parametrize(("name", "ema_decay"), [("DERnet", 0.0), ("DERnet", 0.9), ("ImageDenoiser", 0.0)])
def test_killed_training_resumes_to_the_same_end(monkeypatch, tmp_path, name, ema_decay, cut_short):
    config = tiny(name, steps=20, validate_every=1, ema_decay=ema_decay)
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


@pytest.mark.parametrize("validated", [True, False])
def test_training_at_its_end_gives_its_result_again(tmp_path, validated):
    validation = blobs(9 if validated else 0, seed=8)
    first, again = (run(tiny(), validation=validation, checkpoint_dir=tmp_path) for _ in range(2))
    assert equal(first.weights, again.weights)
    assert again.card["history"] == first.card["history"]
    assert again.card["samples_per_s"] is None


def test_kept_weights_are_the_best_on_the_validation_split():
    # A learning rate this large makes the scores go up and down.
    config = tiny(steps=40, validate_every=2, learning_rate=0.05, schedule="constant", seed=3)
    trained = run(config)
    scores = {
        h["step"]: np.mean(list(h["psnr_db"].values())) for h in trained.card["history"] if "psnr_db" in h
    }
    best = max(scores, key=scores.get)
    assert trained.card["best"] == {"step": best, "psnr_db": scores[best]}
    shorter = run(config.model_copy(update={"steps": best}), validation=blobs(0))
    assert equal(trained.weights, shorter.weights)


def test_the_validation_score_is_that_of_the_applied_network():
    config, matrix, images = tiny(), system_matrix(components=200), blobs(60, seed=8)
    trained = run(config, matrix=matrix, validation=images)
    clean = images.reshape(len(images), -1) @ matrix.reshape(len(matrix), -1).T
    signal, _ = add_noise(clean, 30.0, np.random.default_rng(0))
    estimate = LearnedReconstructor(trained.weights, config, matrix).apply(signal)
    score = psnr_db(estimate, images, peak=images.max(axis=(1, 2))).mean()
    step = trained.card["best"]["step"]
    (entry,) = (h for h in trained.card["history"] if h["step"] == step and "psnr_db" in h)
    # The noise is another one: at 30 dB it moves the mean of 60 images by much less than this.
    assert score == pytest.approx(entry["psnr_db"]["30"], abs=0.1)


@pytest.mark.parametrize("name", ["DERnet", "ADMM-Net"])
@pytest.mark.parametrize("unit", [2.0**-30, 1e9])
def test_the_unit_of_the_matrix_does_not_matter(name, unit):
    config = tiny(name, steps=6)
    plain = run(config)
    scaled = run(config, matrix=(system_matrix() * np.float32(unit)).astype(np.complex64))
    scores = [trained.card["best"]["psnr_db"] for trained in (plain, scaled)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)


def test_averages_approach_the_weights_and_keep_constants():
    average = SteadyAverage(0.9)._kwargs["avg_fn"]
    mean, weights = torch.tensor([0.3, 2.0]), torch.tensor([0.3, 1.0])
    for updates in range(1, 200):
        mean = average(mean, weights, updates)
    assert mean[0] == torch.tensor(0.3)
    assert mean[1] == pytest.approx(1, abs=1e-6)
    expected = 0.9 * 2.0 + 0.1 * 1.0  # far on, the decay is the full one
    assert average(torch.tensor(2.0), torch.tensor(1.0), 1000) == pytest.approx(expected)


def test_weights_are_the_averaged_ones():
    averaged, last = (run(tiny(ema_decay=decay)) for decay in (0.9, 0.0))
    assert not equal(averaged.weights, last.weights)


def test_equalised_components_have_a_root_mean_square_of_one():
    matrix = system_matrix() * np.logspace(0, -3, 24, dtype=np.float32)[:, None, None]
    config, images = tiny(steps=1, equalise=True, snr_range_db=(60.0, 60.0)), blobs(400)
    trained = run(config, matrix=matrix, images=images, validation=blobs(0))
    signals = images.reshape(400, -1) @ matrix.reshape(24, -1).T
    scaled = signals / np.abs(signals).max(axis=1, keepdims=True) * trained.weights["component_scale"].numpy()
    np.testing.assert_allclose(np.sqrt(np.mean(np.abs(scaled) ** 2, axis=0)), 1, rtol=0.2)
    plain = run(tiny(steps=1), validation=blobs(0))
    np.testing.assert_array_equal(plain.weights["component_scale"], 1)


def test_equalised_training_is_applied_as_it_was_validated():
    matrix, images = system_matrix(components=200), blobs(60, seed=8)
    config = tiny(equalise=True)
    trained = run(config, matrix=matrix, validation=images)
    signal = images.reshape(60, -1) @ matrix.reshape(200, -1).T
    estimate = LearnedReconstructor(trained.weights, config, matrix).apply(signal)
    score = psnr_db(estimate, images).mean()
    assert score == pytest.approx(trained.card["best"]["psnr_db"], abs=0.5)


@pytest.mark.parametrize("name", ["ADMM-Net", "ImageDenoiser"])
def test_only_dernet_is_equalised(name):
    with pytest.raises(ValidationError, match="expected it for DERnet only"):
        tiny(name, equalise=True)


@pytest.mark.parametrize("name", ["DERnet", "ADMM-Net"])
def test_training_learns_to_reconstruct(name):
    # 12 complex components for 42 voxels: only what is known of the images can fill the rest in.
    matrix, truth = system_matrix(components=12), blobs(50, seed=8)
    config = tiny(name, steps=150, batch=32, learning_rate=1e-2, validate_every=150)
    trained = run(config, images=blobs(2000), matrix=matrix, validation=truth)
    rows = np.concatenate([matrix.real, matrix.imag]).reshape(24, -1)
    shortest = truth.reshape(50, -1) @ (np.linalg.pinv(rows) @ rows)  # of all images with these signals
    linear = psnr_db(np.maximum(shortest, 0).reshape(truth.shape).astype(np.float32), truth).mean()
    assert trained.card["history"][-1]["psnr_db"]["30"] > linear + 3


def test_what_is_held_stays_as_it_started():
    start = {
        "start_regularizations": (0.1, 0.01),
        "network": DERNET.model_copy(update={"dropout_signal": 0.0, "dropout_features": 0.0}),
    }
    begun, ended = (run(tiny(steps=steps, hold_start=True, **start)).weights for steps in (1, 12))
    linear = "network.mapping.domain_transformation.weight"
    assert torch.equal(begun[linear], ended[linear])
    assert not torch.equal(begun["network.output.1.weight"], ended["network.output.1.weight"])
    with pytest.raises(ValidationError, match="found hold_start without start_regularizations"):
        tiny(hold_start=True)
    with pytest.raises(ValidationError, match="found hold_start with dropout, expected"):
        tiny(hold_start=True, start_regularizations=(0.1, 0.01))


def test_training_learns_to_denoise():
    config = tiny("ImageDenoiser", steps=150, batch=32, learning_rate=1e-2, noise_std=0.1)
    trained = run(config, images=blobs(2000))
    assert trained.card["best"]["psnr_db"] > 20 + 6  # noise of 0.1 is 20 dB
    noisy = blobs(20, seed=4) + 0.1 * np.random.default_rng(0).standard_normal((20, 7, 6)).astype(np.float32)
    denoised = NetworkDenoiser(trained.weights, config)(noisy)
    assert psnr_db(denoised, blobs(20, seed=4)).mean() > 20 + 6


def test_bf16_trains_too():
    trained = run(tiny(precision="bf16"))
    assert all(torch.isfinite(tensor).all() for tensor in trained.weights.values())


def test_card_is_json_and_complete():
    trained = run(tiny())
    card = json.loads(json.dumps(trained.card))
    assert card["steps"] == 12
    assert card["seed"] == 3
    assert card["parameters"] == num_parameters(build_reconstructor(DERNET, system_matrix(), 0))
    assert card["loader_samples_per_s"] > 0
    assert [entry["step"] for entry in card["history"] if "loss" in entry] == list(range(1, 13))
    assert [entry["step"] for entry in card["history"] if "psnr_db" in entry] == [4, 8, 12]
    assert card["history"][-1]["psnr_db"].keys() == {"20", "30"}


@pytest.mark.parametrize(
    ("changes", "step", "expected"),
    [
        ({"schedule": "constant"}, 99, 1.0),
        ({"schedule": "cosine"}, 0, 1.0),
        ({"schedule": "cosine"}, 50, 0.5),
        ({"schedule": "cosine"}, 100, 0.0),
        ({"schedule": "step"}, 19, 1.0),
        ({"schedule": "step"}, 20, 0.5),
        ({"schedule": "step"}, 99, 0.5**4),
        ({"schedule": "constant", "warmup": 0.1}, 4, 0.5),
        ({"schedule": "constant", "warmup": 0.1}, 9, 1.0),
    ],
)
def test_learning_rate(changes, step, expected):
    assert learning_rate_factor(step, tiny(steps=100, **changes)) == pytest.approx(expected, abs=1e-12)


def test_gradient_is_clipped():
    clipped, free = (run(tiny(clip_norm=norm, steps=2)).weights for norm in (1e-6, 0.0))
    assert not equal(clipped, free)


def test_a_diverging_training_is_refused():
    with pytest.raises(InputError, match="expected a smaller learning_rate"):
        run(tiny(learning_rate=1.0, clip_norm=0.0, steps=40), images=1e30 * blobs(40))


def test_checkpoints_of_another_training_are_refused(tmp_path):
    run(tiny(), checkpoint_dir=tmp_path)
    with pytest.raises(InputError, match="remove the folder"):
        run(tiny(), checkpoint_dir=tmp_path, seed=4)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_an_absent_gpu_is_refused():
    with pytest.raises(InputError, match="found no GPU"):
        run(tiny(), accelerator="gpu")


def test_unfit_input_is_refused():
    with pytest.raises(InputError, match="images: found shape"):
        run(tiny(), images=blobs(5, grid=(5, 5)))
    with pytest.raises(InputError, match="validation: found shape"):
        run(tiny(), validation=blobs(5, grid=(5, 5)))
    with pytest.raises(InputError, match="images: found NaN"):
        run(tiny(), images=np.full((3, 7, 6), np.nan, np.float32))
    with pytest.raises(InputError, match="network: found ImageDenoiser"):
        train_reconstructor(tiny("ImageDenoiser"), system_matrix(), blobs(5), validation=blobs(2), seed=0)
    with pytest.raises(InputError, match="network: found DERnet"):
        train_image_denoiser(tiny(), blobs(5), validation=blobs(2), seed=0)
