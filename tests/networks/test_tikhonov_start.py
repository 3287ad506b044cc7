"""The linear part of a DERnet that starts from Tikhonov solutions, against a direct solve."""

import numpy as np
import pytest
import torch

from mpipipe.config.reconstructors import DERnetConfig
from mpipipe.errors import InputError
from mpipipe.networks.reconstructors import build_reconstructor
from mpipipe.networks.tikhonov_start import hold_linear_part, start_from_tikhonov

LAMBDAS = (1e-1, 1e-2, 1e-3, 1e-4)


@pytest.fixture
def matrix():
    rng = np.random.default_rng(0)
    decay = 10.0 ** -np.linspace(0, 2, 60)[:, None, None]
    values = rng.standard_normal((60, 7, 6)) + 1j * rng.standard_normal((60, 7, 6))
    return (3e5 * decay * values).astype(np.complex64)


def test_first_images_are_tikhonov_solutions(matrix):
    network = build_reconstructor(DERnetConfig(), matrix, seed=1).eval()
    scale = np.random.default_rng(1).uniform(0.5, 50, 60)
    start_from_tikhonov(network, matrix, scale, LAMBDAS)
    image = np.random.default_rng(2).random((5, 7, 6))
    signal = np.einsum("mxy,nxy->nm", matrix.astype(complex), image)
    peak = np.abs(signal).max(axis=1, keepdims=True)
    scaled = torch.from_numpy((signal / peak * scale).astype(np.complex64))
    with torch.no_grad():
        features = network.mapping.signal_layers(torch.view_as_real(scaled).movedim(-1, 1)).flatten(1)
        found = network.mapping.to_grid(network.mapping.domain_transformation(features))
    found = found.numpy() * peak[:, :, None, None] / float(network.gain)

    rows = np.concatenate([matrix.real, matrix.imag]).reshape(120, 42).astype(float)
    data = np.concatenate([signal.real, signal.imag], axis=1)
    for place, value in enumerate(LAMBDAS):
        normal = rows.T @ rows + value * np.sum(rows**2) / 42 * np.eye(42)
        expected = np.linalg.solve(normal, rows.T @ data.T).T.reshape(5, 7, 6)
        np.testing.assert_allclose(found[:, place], expected, atol=2e-4 * np.abs(expected).max())


def test_all_weights_go_on_learning(matrix):
    network = build_reconstructor(DERnetConfig(), matrix, seed=1)
    start_from_tikhonov(network, matrix, np.ones(60), LAMBDAS)
    signal = torch.randn(4, 2, 60, generator=torch.Generator().manual_seed(0))
    network(signal).square().sum().backward()
    # Columns of the passed-on features learn at once; those of the others through them, once the features do.
    gradient = network.mapping.domain_transformation.weight.grad
    assert torch.count_nonzero(gradient) > 0.9 * gradient.numel()


def test_a_held_start_has_no_gradient_and_what_follows_has(matrix):
    network = build_reconstructor(DERnetConfig(), matrix, seed=1)
    start_from_tikhonov(network, matrix, np.ones(60), LAMBDAS)
    hold_linear_part(network)
    network(torch.randn(4, 2, 60, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    held = {name for name, weight in network.named_parameters() if weight.grad is None}
    linear = ("mapping.signal_layers.", "mapping.domain_transformation.")
    assert held == {name for name, _ in network.named_parameters() if name.startswith(linear)}


def test_the_held_part_is_what_it_was_before_it_was_joined(matrix):
    network = build_reconstructor(DERnetConfig(dropout_signal=0, dropout_features=0), matrix, seed=1)
    start_from_tikhonov(network, matrix, np.ones(60), LAMBDAS)
    signal = torch.randn(4, 2, 60, generator=torch.Generator().manual_seed(0))
    before = network.train()(signal)
    hold_linear_part(network)
    torch.testing.assert_close(network(signal), before, rtol=1e-4, atol=1e-4 * float(before.detach().max()))


def test_one_value_an_image(matrix):
    network = build_reconstructor(DERnetConfig(), matrix, seed=1)
    with pytest.raises(InputError, match="start_regularizations: found 1 values, expected 4"):
        start_from_tikhonov(network, matrix, np.ones(60), (0.1,))
