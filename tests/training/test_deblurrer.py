import json

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from mpipipe.config.deblurrer import DeblurrerTraining, PerceptualConfig, ResNetConfig
from mpipipe.config.optimisation import Optimisation
from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import psnr_db
from mpipipe.networks.deblurrers import build_deblurrer
from mpipipe.networks.perceptual import FixedFilterBank
from mpipipe.networks.registry import num_parameters
from mpipipe.physics.particle import Particle
from mpipipe.physics.point_spread import collinear_point_spread
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.trajectory import field_free_point_m, field_free_point_velocity_m_per_s, sample_times_s
from mpipipe.training.collinear_pairs import (
    CollinearPairs,
    normalisation_scale,
    normalised_pairs,
    stack_pairs,
    transformed,
    typical_maximum,
)
from mpipipe.training.deblurrer_apply import LearnedDeblurrer, NormalisedDeblurrer
from mpipipe.training.deblurrer_train import train_deblurrer
from mpipipe.training.pairs import PairStream

GRID = (12, 12)
SIGMA = 0.002


class KilledError(Exception):
    pass


def scenes(count=10, seed=0, grid=GRID):
    """Bars of one concentration on nothing, (item, x, y) of float32."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((count, *grid), np.float32)
    for image in truth:
        for axis in range(2):
            place = rng.integers(1, grid[axis] - 2)
            along = [slice(None)] * 2
            along[axis] = slice(place, place + 2)
            image[tuple(along)] = rng.uniform(0.5, 1.5)
    return truth


def collinear_images(truth):
    """Images that are 0.05 m of anisotropic blur: of each partition along one axis."""
    return np.stack(
        [
            np.stack([0.05 * gaussian_filter(image, widths) for widths in ((1.5, 0.8), (0.8, 1.5))])
            for image in truth
        ]
    ).astype(np.float32)


def noise_fields(count=6, seed=1, grid=GRID):
    return np.random.default_rng(seed).standard_normal((count, 2, *grid)).astype(np.float32)


def tiny(**changes):
    settings = {
        "network": ResNetConfig(width=4, blocks=1),
        "perceptual": PerceptualConfig(channels=4),
        "steps": 12,
        "batch": 3,
        "precision": "32",
        "validate_every": 4,
        "checkpoint_every": 4,
    }
    return DeblurrerTraining(**{**settings, **changes})


def held_out(count=5):
    truth = scenes(count, seed=8)
    return truth, collinear_images(truth) + np.float32(SIGMA) * noise_fields(count, seed=9)


def run(config, truth=None, sigma=SIGMA, seed=3, **arguments):
    truth = scenes() if truth is None else truth
    arguments = {"validation": held_out(), "accelerator": "cpu", **arguments}
    return train_deblurrer(
        config, truth, collinear_images(truth), noise_fields(), sigma, seed=seed, **arguments
    )


def equal(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def deblurrer(unit=30.0):
    network = NormalisedDeblurrer(build_deblurrer(tiny().network, seed=5), unit)
    return LearnedDeblurrer(network.state_dict(), tiny())


# Pairs


def test_input_and_target_are_those_of_equation_1():
    truth, collinear = held_out()
    pairs = normalised_pairs(truth, collinear, unit=7.0)
    scale = [max((image[0] + image[1]).reshape(-1)) / 2 for image in collinear.astype(np.float64)]
    for i in range(len(truth)):
        np.testing.assert_allclose(pairs.given[i].numpy() * scale[i], collinear[i], rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(pairs.truth[i].numpy() * scale[i] * 7, truth[i], rtol=1e-5)
    np.testing.assert_allclose(pairs.given.numpy().mean(axis=1).max(axis=(1, 2)), 1, rtol=1e-6)
    assert pairs.given.dtype == pairs.truth.dtype == torch.float32


def test_pairs_do_not_depend_on_the_unit_of_concentration():
    truth, collinear = held_out()
    one, other = normalised_pairs(truth, collinear), normalised_pairs(16 * truth, 16 * collinear)
    assert torch.equal(one.given, other.given)
    assert torch.equal(one.truth, other.truth)


@pytest.mark.parametrize("empty", [np.zeros((2, *GRID)), -np.ones((2, *GRID))])
def test_images_without_a_positive_scale_are_zero(empty):
    truth, collinear = held_out()
    collinear[1] = empty
    pairs = normalised_pairs(truth, collinear)
    assert not pairs.given[1].any()
    assert not pairs.truth[1].any()
    assert pairs.given[0].any()
    assert torch.isfinite(pairs.truth).all()


def test_typical_maximum_is_the_median_over_images_with_particles():
    truth = scenes(5)
    truth[3] = 0
    collinear = collinear_images(truth)
    ratios = [truth[i].max() / collinear[i].mean(axis=0).max() for i in (0, 1, 2, 4)]
    assert typical_maximum(stack_pairs(truth, collinear)) == pytest.approx(np.median(ratios), rel=1e-6)
    with pytest.raises(InputError, match="found no image with particles"):
        typical_maximum(stack_pairs(0 * truth, 0 * collinear))


def test_noise_is_a_field_of_either_sign_times_sigma():
    stacked, fields = stack_pairs(scenes(1), collinear_images(scenes(1))).repeat(400, axis=0), noise_fields(3)
    pairs = CollinearPairs(fields, 0.004)(stacked, np.random.default_rng(0))
    scale = stacked[0, 0].max() / pairs.truth.numpy().max(axis=(1, 2))
    noise = (pairs.given.numpy() * scale[:, None, None, None] - stacked[:, 1:]) / 0.004
    weights = np.einsum("icxy,fcxy->if", noise, fields) / np.einsum("fcxy,fcxy->f", fields, fields)
    chosen = np.abs(weights).argmax(axis=1)
    sign = np.sign(weights[np.arange(400), chosen])
    np.testing.assert_allclose(noise, sign[:, None, None, None] * fields[chosen], atol=1e-3)
    counts = np.bincount(3 * (sign > 0) + chosen, minlength=6)  # six outcomes of equal probability
    assert np.abs(counts - 400 / 6).max() < 5 * np.sqrt(400 * 5 / 36)


def test_noise_free_pairs_are_the_clean_ones():
    truth, collinear = scenes(), collinear_images(scenes())
    pairs = CollinearPairs(noise_fields(), 0.0)(stack_pairs(truth, collinear), np.random.default_rng(0))
    expected = normalised_pairs(truth, collinear)
    assert torch.equal(pairs.given, expected.given)
    assert torch.equal(pairs.truth, expected.truth)


def acquired(scene, pixel_m=1e-3):
    """Pair of a scene (x, y) by the point-spread functions along both diagonals."""
    axis = pixel_m * np.arange(len(scene))
    x, y = np.meshgrid(axis, axis, indexing="ij")
    positions = np.stack([x, y], axis=-1)
    offsets = positions[None, None] - positions[:, :, None, None]
    particle, gradient = Particle(core_diameter_nm=25), (3, 3, -6)
    images = [
        np.einsum("uvxy,xy->uv", collinear_point_spread(particle, gradient, offsets, direction), scene)
        for direction in ((1, 1), (-1, 1))
    ]
    return np.stack([scene, *images])


@pytest.mark.parametrize("mirror_x", [False, True])
@pytest.mark.parametrize("mirror_y", [False, True])
@pytest.mark.parametrize("transpose", [False, True])
def test_transformed_pairs_are_those_of_the_transformed_scene(mirror_x, mirror_y, transpose):
    scene = np.random.default_rng(0).random((7, 7))
    other = np.flip(scene, [axis for axis, flipped in enumerate((mirror_x, mirror_y)) if flipped])
    other = other.T if transpose else other
    pair = acquired(scene)
    np.testing.assert_allclose(transformed(pair, mirror_x, mirror_y, transpose), acquired(other), rtol=1e-10)
    # The two point-spread functions differ, so a swap that is missing would show.
    assert np.abs(pair[1] - pair[2]).max() > 0.01 * pair[1].max()


def test_half_a_period_later_one_coordinate_has_changed_its_sign():
    scanner = Scanner(
        gradient_T_per_m=(3, 3, -6),
        drive_amplitude_mT=(30, 30, 0),
        divider=(900, 891, 1),
        base_frequency_Hz=22.275e6,
        waveform="sine",
    )
    time = sample_times_s(scanner)
    half = len(time) // 2
    for vector in (field_free_point_m(scanner, time), field_free_point_velocity_m_per_s(scanner, time)):
        later = np.roll(vector, -half, axis=0)[:, :2]
        np.testing.assert_allclose(later, vector[:, :2] * (-1, 1), atol=1e-9 * np.abs(vector).max())


def test_augmented_pairs_are_the_eight_symmetries():
    truth = scenes(1)
    stacked = stack_pairs(truth, collinear_images(truth)).repeat(200, axis=0)
    pairs = CollinearPairs(noise_fields(), 0.0, augment=True)(stacked, np.random.default_rng(0))
    found = {tuple(image.flatten().tolist()) for image in pairs.given}
    turns = np.stack(np.unravel_index(np.arange(8), (2, 2, 2)), axis=1).astype(bool)
    expected = np.stack([transformed(stacked[0], *turn) for turn in turns])
    given = normalised_pairs(expected[:, 0], expected[:, 1:]).given
    assert found == {tuple(image.flatten().tolist()) for image in given}
    assert len(found) == 8
    plain = CollinearPairs(noise_fields(), 0.0)(stacked, np.random.default_rng(0))
    assert len({tuple(image.flatten().tolist()) for image in plain.given}) == 1


# Training


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


# Application


@pytest.mark.parametrize("exponent", [-40, -7, 1, 30])
def test_estimates_are_as_many_times_larger_as_their_images(exponent):
    factor, (_, noisy) = np.float32(2.0**exponent), held_out()  # a power of two changes no digit
    np.testing.assert_array_equal(deblurrer().apply(factor * noisy), factor * deblurrer().apply(noisy))


def test_estimates_are_those_of_equation_2():
    config, (_, noisy) = tiny(), held_out(20)
    network = build_deblurrer(config.network, seed=5).eval()
    scale = normalisation_scale(noisy)[:, None, None]
    with torch.no_grad():
        output = network(torch.from_numpy(noisy / scale[:, None]))[:, 0].numpy()
    estimate = deblurrer(unit=30.0).apply(noisy)
    np.testing.assert_allclose(estimate, np.maximum(0, 30 * output) * scale, rtol=1e-4, atol=1e-6)
    assert (output < 0).any()
    assert estimate.dtype == np.float32


def test_no_positive_scale_no_particles():
    _, noisy = held_out()
    expected = deblurrer().apply(noisy)
    noisy[1], noisy[2] = 0, -noisy[2] - 1
    estimate = deblurrer().apply(noisy)
    assert not estimate[1:3].any()
    np.testing.assert_allclose(estimate[3:], expected[3:], rtol=1e-5, atol=1e-7)


def test_unfit_images_and_weights_are_refused():
    for shape in ((2, 12, 12), (3, 1, 12, 12), (0, 2, 12, 12)):
        with pytest.raises(InputError, match=r"ResNet: found shape .*, expected \(item, 2, x, y\)"):
            deblurrer().apply(np.zeros(shape, np.float32))
    with pytest.raises(InputError, match="ResNet: found NaN"):
        deblurrer().apply(np.full((1, 2, 12, 12), np.nan, np.float32))
    with pytest.raises(InputError, match="ResNet: found 3 × 12 pixels"):
        deblurrer().apply(np.ones((1, 2, 3, 12), np.float32))
    with pytest.raises(InputError, match=r"weights of ResNet: found .*Missing key"):
        LearnedDeblurrer({}, tiny())
    other = NormalisedDeblurrer(build_deblurrer(ResNetConfig(width=5, blocks=1), seed=0))
    with pytest.raises(InputError, match=r"weights of ResNet: found .*size mismatch"):
        LearnedDeblurrer(other.state_dict(), tiny())


# Configuration


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
    own = {"network", "snr_range_db", "noise_std", "equalise", "start_regularizations"}
    dumped = ReconstructorTraining().model_dump()
    assert dumped.keys() == expected.keys() | own
    assert {key: dumped[key] for key in expected} == expected
