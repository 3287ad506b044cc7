"""Perceptrons on small lines: gradients, closed forms that trainings have to reach, and what is stored."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from mpipipe.config.line_scanner import LineScanner
from mpipipe.config.perceptron import PerceptronConfig, PerceptronTraining, modern_training
from mpipipe.errors import InputError
from mpipipe.networks.perceptron import Perceptron
from mpipipe.physics.grid import Grid
from mpipipe.physics.line_spectrum import line_spectra, line_system_matrix
from mpipipe.scenes.binary_lines import random_lines
from mpipipe.storage.manifest import write_manifest
from mpipipe.storage.weights import read_weights, write_weights
from mpipipe.training.perceptron_apply import LearnedInverse
from mpipipe.training.perceptron_train import set_gradients, train_perceptron

VOXELS, HARMONICS = 17, 30


@pytest.fixture(scope="module")
def line():
    """Return matrix, scenes and spectra of a short line of 50 nm particles, 600 scenes to train on and 200 to judge."""
    config = LineScanner(grid=Grid(shape=(VOXELS,), field_of_view_mm=(34,)), harmonics=HARMONICS)
    matrix = line_system_matrix(config, 50)
    scenes = random_lines(800, VOXELS, np.random.default_rng(0))
    return matrix, scenes, line_spectra(matrix, scenes)


def train(line, config, **others):
    _, scenes, spectra = line
    return train_perceptron(
        config, spectra[:600], scenes[:600], validation=(spectra[600:700], scenes[600:700]), **others
    )


def mse_of_last_scenes(line, trained, config):
    _, scenes, spectra = line
    return float(((LearnedInverse(trained.weights, config).apply(spectra[700:]) - scenes[700:]) ** 2).mean())


@pytest.mark.parametrize(
    ("cost", "activation"), [("squared", "sigmoid"), ("squared", "linear"), ("cross_entropy", "sigmoid")]
)
@pytest.mark.parametrize("hidden", [0, 6])
def test_gradients_are_those_of_the_cost(hidden, activation, cost):
    generator = torch.Generator().manual_seed(3)
    network = Perceptron(PerceptronConfig(hidden_units=hidden, activation=activation), 5, 4).double()
    network.initialise(1.0, generator)
    inputs = torch.randn(7, 5, generator=generator, dtype=torch.float64)
    targets = torch.rand(7, 4, generator=generator, dtype=torch.float64)
    set_gradients(network, inputs, targets, cost)
    output = network(inputs)
    if cost == "squared":
        loss = 0.5 * (output - targets).square().sum(1).mean()
    else:
        loss = functional.binary_cross_entropy(output, targets, reduction="sum") / 7
    expected = torch.autograd.grad(loss, network.weights)
    for weight, gradient in zip(network.weights, expected, strict=True):
        torch.testing.assert_close(weight.grad, gradient, rtol=1e-10, atol=1e-12)


def test_one_epoch_of_the_whole_set_is_equation_7(line):
    _, scenes, spectra = line
    config = PerceptronTraining(epochs=1, batch=600, learning_rate=0.25, initial_scale=0)
    trained = train(line, config)
    inputs = spectra[:600] / spectra[:600].std(axis=0)
    step = 0.25 * ((scenes[:600] - 0.5) * 0.25).T @ inputs / 600
    np.testing.assert_allclose(trained.weights["layers.0"].numpy(), step, atol=1e-6)


@pytest.mark.parametrize("optimiser", ["SGD", "Adam", "Muon"])
def test_every_optimiser_learns_to_read_the_scene(line, optimiser):
    rate = {"SGD": 0.5, "Adam": 0.1, "Muon": 0.1}[optimiser]
    config = PerceptronTraining(optimiser=optimiser, learning_rate=rate, batch=20, epochs=60)
    trained = train(line, config)
    assert mse_of_last_scenes(line, trained, config) < 2e-3  # always 1/2 would be 0.25
    assert trained.card["history"][-1]["train_mse"] < trained.card["history"][0]["train_mse"] / 10


def test_linear_layer_becomes_the_exact_inverse(line):
    """Without noise, least squares without a bias has one solution on the spectra of scenes: the pseudo-inverse."""
    matrix, _, _ = line
    config = modern_training(PerceptronConfig(activation="linear")).model_copy(
        update={"batch": 100, "epochs": 200}
    )
    trained = train(line, config)
    learned = LearnedInverse(trained.weights, config)
    np.testing.assert_allclose(
        (learned.layers[0] / learned.scaling.scale) @ matrix, np.eye(VOXELS), atol=0.01
    )
    assert mse_of_last_scenes(line, trained, config) < 1e-5


def test_hidden_layer_needs_as_many_units_as_voxels(line):
    errors = []
    for hidden in (VOXELS - 7, VOXELS + 7):
        config = modern_training(PerceptronConfig(hidden_units=hidden)).model_copy(update={"batch": 100})
        errors.append(mse_of_last_scenes(line, train(line, config), config))
    assert errors[1] < errors[0] / 20


def test_few_scenes_get_as_many_steps():
    rng = np.random.default_rng(1)
    config = PerceptronTraining(batch=4, epochs=2, least_steps=30)
    for scenes, steps in ((10, 30), (400, 200)):
        card = train_perceptron(config, rng.standard_normal((scenes, 3)), rng.random((scenes, 2))).card
        assert card["steps"] == steps
        assert card["history"][-1]["epoch"] * -(-scenes // 4) == steps
        assert card["best"]["validation_mse"] is None


def test_weights_are_those_of_the_best_validation(line):
    """A training that overfits 20 scenes ends worse than it was."""
    _, scenes, spectra = line
    config = PerceptronTraining(
        network=PerceptronConfig(hidden_units=40), optimiser="Adam", learning_rate=0.05, batch=20, epochs=400
    )
    held_out = (spectra[600:700], scenes[600:700])
    trained = train_perceptron(config, spectra[:20], scenes[:20], validation=held_out)
    history = trained.card["history"]
    lowest = min(history, key=lambda entry: entry["validation_mse"])
    assert trained.card["best"] == lowest
    assert lowest["epoch"] < history[-1]["epoch"]
    assert len(history) <= 300
    estimate = LearnedInverse(trained.weights, config).apply(held_out[0])
    assert np.mean((estimate - held_out[1]) ** 2) == pytest.approx(lowest["validation_mse"], rel=1e-5)


@pytest.mark.parametrize("hidden", [0, 20])
def test_training_follows_from_its_seed(line, hidden):
    config = modern_training(PerceptronConfig(hidden_units=hidden)).model_copy(
        update={"least_steps": 20, "epochs": 2, "initial_scale": 1.0}
    )
    first, again, other = (train(line, config, seed=seed).weights for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["layers.0"], other["layers.0"])


def test_global_random_state_stays_as_it_is(line):
    torch.manual_seed(5)
    state = torch.get_rng_state()
    train(line, PerceptronTraining(epochs=1))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("normalisation", ["feature_scale", "feature_standard", "sample_max", "global_scale"])
def test_stored_weights_give_the_same_scenes(line, tmp_path, normalisation):
    _, _, spectra = line
    config = PerceptronTraining(
        network=PerceptronConfig(hidden_units=3), normalisation=normalisation, epochs=2
    )
    trained = train(line, config)
    path = tmp_path / "weights.safetensors"
    write_weights(path, trained.weights)
    write_manifest(path, {}, {})
    again = LearnedInverse(read_weights(path), config).apply(spectra)
    assert (again.dtype, again.shape) == (np.float32, (800, VOXELS))
    np.testing.assert_array_equal(again, LearnedInverse(trained.weights, config).apply(spectra))
    json.dumps(trained.card, allow_nan=False)


def test_diverging_training_says_so_in_one_line(line):
    config = PerceptronTraining(network=PerceptronConfig(activation="linear"), learning_rate=100, epochs=50)
    with pytest.raises(
        InputError, match=r"not finite at epoch \d+, expected a smaller learning_rate"
    ) as told:
        train(line, config)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"scenes": np.ones((5, 4))}, r"scenes: found scenes of shape \(5, 4\)"),
        ({"scenes": np.full((6, 4), np.nan)}, "scenes: found"),
        ({"spectra": np.full((6, 3), np.inf)}, "spectra: found"),
        ({"spectra": np.ones((6, 3))}, "do not differ"),
        ({"validation": (np.ones((2, 5)), np.ones((2, 4)))}, "spectra: found"),
        ({"validation": (np.ones((2, 3)), np.ones((2, 7)))}, "validation: found 7 voxels"),
        ({"validation": (np.ones((2, 3)), np.ones((3, 4)))}, "validation: found scenes of shape"),
        (
            {
                "scenes": np.full((6, 4), 2.0),
                "config": PerceptronTraining(optimiser="Adam", cost="cross_entropy"),
            },
            "0 to 1 for the cross entropy",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, found):
    given = {
        "config": PerceptronTraining(),
        "spectra": np.arange(18.0).reshape(6, 3) ** 2,
        "scenes": np.ones((6, 4)),
        **change,
    }
    with pytest.raises(InputError, match=found):
        train_perceptron(
            given["config"], given["spectra"], given["scenes"], validation=given.get("validation")
        )


def test_weights_of_another_network_are_refused(line):
    config = PerceptronTraining(epochs=1)
    weights = train(line, config).weights
    other = config.model_copy(update={"network": PerceptronConfig(hidden_units=3)})
    with pytest.raises(InputError, match="weights of the perceptron"):
        LearnedInverse(weights, other)
    with pytest.raises(InputError, match="spectra: found"):
        LearnedInverse(weights, config).apply(np.ones((2, HARMONICS + 1)))
