import numpy as np
import pytest
import torch

from mpipipe.config.perceptron import PerceptronConfig
from mpipipe.networks.perceptron import Perceptron


def drawn(config, harmonics=7, voxels=5, scale=1.0, seed=0):
    network = Perceptron(config, harmonics, voxels)
    network.initialise(scale, torch.Generator().manual_seed(seed))
    return network


def logistic(values):
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize(
    ("hidden", "parameters"), [(0, 200 * 129), (123, 123 * 329), (200, 200 * 200 + 200 * 129)]
)
def test_published_networks_have_weights_only(hidden, parameters):
    network = Perceptron(PerceptronConfig(hidden_units=hidden), 200, 129)
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert not [name for name, _ in network.named_parameters() if "bias" in name]


@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
@pytest.mark.parametrize("hidden", [0, 3])
def test_output_is_the_published_formula(hidden, activation):
    network = drawn(PerceptronConfig(hidden_units=hidden, activation=activation))
    u = np.random.default_rng(0).standard_normal((4, 7)).astype(np.float32)
    weights = [w.detach().double().numpy() for w in network.weights]
    signal = u.T.astype(np.float64)
    for weight in weights[:-1]:
        signal = logistic(weight @ signal)
    signal = weights[-1] @ signal
    expected = (logistic(signal) if activation == "sigmoid" else signal).T
    np.testing.assert_allclose(network(torch.from_numpy(u)).detach().numpy(), expected, atol=1e-6)


def test_empty_spectrum_gives_one_half_without_a_bias():
    network = drawn(PerceptronConfig(hidden_units=0))
    np.testing.assert_array_equal(network(torch.zeros(2, 7)).detach().numpy(), 0.5)


def test_initial_weights_keep_the_scale_of_their_inputs_and_follow_from_the_seed():
    config = PerceptronConfig(hidden_units=400)
    network = drawn(config, 200, 129, scale=0.5)
    for weight in network.weights:
        expected = 0.5 / weight.shape[1] ** 0.5
        # Five standard errors of a standard deviation.
        assert float(weight.detach().std()) == pytest.approx(expected, rel=5 / (2 * weight.numel()) ** 0.5)
    assert torch.equal(network.weights[0], drawn(config, 200, 129, scale=0.5).weights[0])
    assert not torch.equal(network.weights[0], drawn(config, 200, 129, scale=0.5, seed=1).weights[0])
