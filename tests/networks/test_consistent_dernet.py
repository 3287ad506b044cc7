"""What the stages behind a DERnet see, against a direct solve."""

import numpy as np
import pytest
import torch

from mpipipe.config.reconstructors import ConsistentDERnetConfig, DERnetConfig
from mpipipe.networks.reconstructors import build_reconstructor

CONFIG = ConsistentDERnetConfig(
    name="ConsistentDERnet",
    dernet=DERnetConfig(unet_width=8),
    stages=2,
    stage_width=6,
    bottom_width=8,
    penalties=(0.1, 1e-3),
)


@pytest.fixture
def matrix():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((60, 7, 6)) + 1j * rng.standard_normal((60, 7, 6))
    return (3e5 * 10.0 ** -np.linspace(0, 2, 60)[:, None, None] * values).astype(np.complex64)


@pytest.fixture
def scaled(matrix):
    """A network, signals as it is given them, and the signals over their modulus as they were."""
    network = build_reconstructor(CONFIG, matrix, seed=1).eval()
    scale = torch.from_numpy(np.random.default_rng(1).uniform(0.5, 50, 60).astype(np.float32))
    network.component_scale.copy_(scale)
    images = np.random.default_rng(2).random((4, 7, 6))
    signals = np.einsum("mxy,nxy->nm", matrix.astype(complex), images)
    rows = np.stack([signals.real, signals.imag], axis=1) / np.abs(signals).max(axis=1)[:, None, None]
    return network, torch.from_numpy(rows.astype(np.float32)) * scale, rows


def test_a_stage_sees_the_image_and_what_the_data_say_of_it(matrix, scaled):
    network, given, signals = scaled
    seen = []
    for stage in network.stages:
        stage.register_forward_hook(lambda _module, inputs, output: seen.append((inputs[0], output)))
    with torch.no_grad():
        image = network(given)
        first = network.dernet(given)
    rows = np.concatenate([matrix.real, matrix.imag]).reshape(120, 42).astype(float)
    gain = np.linalg.norm(rows, 2)
    A, b = rows / gain, signals.reshape(4, 120)
    c = first.numpy().reshape(4, 42) * gain
    for inputs, output in seen:
        np.testing.assert_allclose(inputs[:, 0].reshape(4, 42), np.maximum(c, 0), rtol=1e-4, atol=1e-5)
        for place, rho in enumerate(CONFIG.penalties, start=1):
            drawn = np.linalg.solve(A.T @ A + rho * np.eye(42), (b @ A + rho * np.maximum(c, 0)).T).T
            expected = drawn - np.maximum(c, 0)
            found = inputs[:, place].reshape(4, 42).numpy()
            np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())
        c = c + output.reshape(4, 42).numpy()
    np.testing.assert_allclose(
        image.reshape(4, 42), np.maximum(c, 0) / gain, rtol=1e-3, atol=1e-3 * c.max() / gain
    )


def test_an_image_that_explains_the_data_leaves_nothing(matrix, scaled):
    """Signals of the network's own first image: the x-steps stay where they are."""
    network, given, _ = scaled
    with torch.no_grad():
        first = network.dernet(given)
        signals = np.einsum("mxy,nxy->nm", matrix.astype(complex), first.numpy())
        rows = torch.from_numpy(np.stack([signals.real, signals.imag], axis=1).astype(np.float32))
        network.dernet.forward = lambda _signal: first
        seen = []
        network.stages[0].register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
        network(rows * network.component_scale)
    (inputs,) = seen
    assert inputs[:, 1:].abs().max() < 2e-3 * inputs[:, 0].abs().max()


def test_every_stage_learns(scaled):
    network, given, _ = scaled
    network.train()(given).square().mean().backward()
    for stage in network.stages:
        assert stage.last.weight.grad.abs().max() > 0
    assert network.dernet.mapping.domain_transformation.weight.grad.abs().max() > 0
