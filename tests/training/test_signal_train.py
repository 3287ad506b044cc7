import inspect
import json

import numpy as np
import pytest
import torch

from mpipipe.config.signal_denoiser import PlainSignalUNetConfig, SignalTraining, SignalUNetConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import num_parameters
from mpipipe.networks.signal_denoisers import build_signal_denoiser
from mpipipe.training.pairs import PairStream
from mpipipe.training.signal_apply import LearnedSignalDenoiser
from mpipipe.training.signal_pairs import signal_rms
from mpipipe.training.signal_train import train_signal_denoiser
from tests.training.sinusoids import TIME, clean_signals, noisy_periods

SIGMA = 0.5
SIZE = {"width": 8, "growth": (1, 1, 1, 1), "kernel": 3}
PLAIN = PlainSignalUNetConfig(name="PlainSignalUNet", **SIZE)


class KilledError(Exception):
    pass


def tiny(**changes):
    settings = {
        "network": SignalUNetConfig(**SIZE, dropout=0.1),
        "steps": 12,
        "batch": 3,
        "precision": "32",
        "validate_every": 4,
        "checkpoint_every": 4,
    }
    return SignalTraining(**{**settings, **changes})


def recorrupted(**changes):
    return tiny(network=PLAIN, objective="recorrupted", penalty="l2", alpha=0, beta=0, **changes)


def learner(**changes):
    """Enough steps to denoise sinusoids."""
    settings = {"network": PLAIN, "steps": 100, "batch": 8, "learning_rate": 1e-2, "validate_every": 50}
    return tiny(**{**settings, **changes})


def run(config, periods=None, seed=3, **arguments):
    periods = noisy_periods(40) if periods is None else periods
    arguments = {"validation": noisy_periods(10, seed=8), "accelerator": "cpu", **arguments}
    return train_signal_denoiser(config, periods, np.full(len(periods), SIGMA), seed=seed, **arguments)


def equal(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def snr_db(estimate, truth):
    error = np.square(estimate - truth).sum(axis=-1)
    return float(np.mean(10 * np.log10(np.square(truth).sum(axis=-1) / error)))


# What it is trained on


def test_no_clean_signal_can_be_given():
    parameters = inspect.signature(train_signal_denoiser).parameters
    assert list(parameters) == [
        "config", "periods", "noise_std", "validation", "seed", "cycles", "checkpoint_dir", "accelerator", "progress",
    ]  # fmt: skip


@pytest.mark.parametrize("config", [tiny(steps=30), recorrupted(steps=30)])
def test_all_that_it_learns_from_are_the_noisy_periods(monkeypatch, config):
    periods = noisy_periods(5, sigma=SIGMA)
    batch, seen = PairStream.batch, []

    def watched(stream, step):
        seen.append(batch(stream, step))
        return seen[-1]

    monkeypatch.setattr(PairStream, "batch", watched)
    run(config, periods)
    noisy = periods.reshape(-1, TIME) / signal_rms(periods.reshape(-1, TIME))
    for pairs in seen:
        given, target = pairs.given.numpy(), pairs.truth.numpy()
        r = config.recorruption
        measured = given if config.objective == "noise2noise" else (given + r**2 * target) / (1 + r**2)
        shares = np.abs(measured / signal_rms(measured) @ noisy.T) / TIME
        np.testing.assert_allclose(shares.max(axis=1), 1, rtol=1e-5)


# The result


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


@pytest.mark.parametrize(
    ("config", "cut_short"),
    [
        (tiny(steps=14, validate_every=1, mirror=True), False),
        (recorrupted(steps=14, validate_every=1, ema_decay=0.9), True),
    ],
)
def test_killed_training_resumes_to_the_same_end(monkeypatch, tmp_path, config, cut_short):
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


def test_checkpoints_of_another_objective_are_refused(tmp_path):
    run(tiny(steps=4), checkpoint_dir=tmp_path)
    with pytest.raises(InputError, match="remove the folder"):
        run(tiny(steps=4, alpha=0), checkpoint_dir=tmp_path)


def test_without_validation_the_last_weights_are_kept(tmp_path):
    none = noisy_periods(0)
    first, again = (run(tiny(), validation=none, checkpoint_dir=tmp_path) for _ in range(2))
    assert equal(first.weights, again.weights)
    assert first.card["best"] == {}
    assert again.card["samples_per_s"] is None


@pytest.mark.parametrize("objective", ["noise2noise", "recorrupted"])
def test_noisy_periods_alone_teach_denoising(objective):
    config = learner(objective=objective, penalty="l2", alpha=0, beta=0)
    trained = run(config, noisy_periods(200, sigma=SIGMA))
    noisy, clean = noisy_periods(100, seed=9, sigma=SIGMA)[:, 0], clean_signals(100, seed=9)
    estimate = LearnedSignalDenoiser(trained.weights, config).apply(noisy, np.full(100, SIGMA))
    assert snr_db(estimate, clean) > snr_db(noisy, clean) + 5


def test_the_priors_make_estimates_symmetric_and_smooth():
    noisy = noisy_periods(50, seed=9)[:, 0]

    def asymmetry_and_variation(**weights):
        config = learner(penalty="l1", steps=60, batch=8, **weights)
        estimate = LearnedSignalDenoiser(run(config).weights, config).apply(noisy)
        gradient = np.roll(estimate, -1, axis=-1) - estimate
        return np.abs(gradient - gradient[:, ::-1]).mean(), np.abs(gradient).mean()

    none, symmetric, smooth = (
        asymmetry_and_variation(alpha=alpha, beta=beta) for alpha, beta in ((0, 0), (5, 0), (0, 5))
    )
    assert symmetric[0] < 0.7 * none[0]
    assert smooth[1] < 0.7 * none[1]


def test_bf16_trains_too():
    trained = run(tiny(precision="bf16"))
    assert all(torch.isfinite(tensor).all() for tensor in trained.weights.values())


def test_card_is_json_and_complete():
    trained = run(tiny())
    card = json.loads(json.dumps(trained.card))
    assert card["steps"] == 12
    assert card["config"] == tiny().model_dump(mode="json")
    assert card["parameters"] == num_parameters(build_signal_denoiser(tiny().network, 0))
    assert card["samples_per_s"] > 0
    assert card["loader_samples_per_s"] > 0
    assert [entry["step"] for entry in card["history"] if "loss" in entry] == list(range(1, 13))
    assert [entry["step"] for entry in card["history"] if "held_out_loss" in entry] == [4, 8, 12]
    assert card["best"]["held_out_loss"] == min(
        entry.get("held_out_loss", np.inf) for entry in card["history"]
    )


def test_the_held_out_loss_is_that_of_the_applied_network():
    held_out = noisy_periods(80, seed=8)
    trained = run(tiny(), validation=held_out)
    difference = LearnedSignalDenoiser(trained.weights, tiny()).apply(held_out[:, 0]) - held_out[:, 1]
    loss = np.mean(np.square(difference).sum(axis=-1) / np.square(held_out[:, 0]).sum(axis=-1))
    assert loss == pytest.approx(trained.card["best"]["held_out_loss"], rel=1e-5)


def test_unfit_training_data_are_refused():
    periods, constant = noisy_periods(4), noisy_periods(4)
    constant[2, 0] = 1

    def refused(message, config=None, **changes):
        data = {"periods": periods, "noise_std": np.ones(4), "validation": noisy_periods(2), **changes}
        with pytest.raises(InputError, match=message):
            train_signal_denoiser(config or tiny(), **data, seed=0, accelerator="cpu")

    refused(r"periods: found shape \(4, 96\)", periods=periods[:, 0])
    refused("periods: found NaN", periods=np.nan * periods)
    refused("periods: found a constant period", periods=constant)
    refused("periods: found no scene", periods=periods[:0])
    refused("validation: found a constant period", validation=constant)
    refused("validation: found 80 samples, expected the 96", validation=noisy_periods(2, time=80))
    refused("noise_std: found none", recorrupted(), noise_std=None)
    refused("noise_std: found a value", recorrupted(), noise_std=np.zeros(4))


def test_a_diverging_training_is_refused():
    with pytest.raises(InputError, match="expected a smaller learning_rate"):
        run(tiny(learning_rate=1.0, clip_norm=0, penalty="l2", steps=400, schedule="constant"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_an_absent_gpu_is_refused():
    with pytest.raises(InputError, match="found no GPU"):
        run(tiny(), accelerator="gpu")
