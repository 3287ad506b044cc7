"""The perceptron that localises: its formula, that it learns, and that a seed decides all."""

import numpy as np
import torch

from mpipipe.networks.position_classifier import PositionClassifier
from mpipipe.training.position_train import PositionTraining, train_position_classifier


def inputs(items: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three directions in the plane, each at a random distance: told apart by angle, not by any single threshold."""
    rng = np.random.default_rng(seed)
    target = rng.integers(3, size=items)
    angle = 2 * np.pi * target / 3 + rng.uniform(-0.5, 0.5, items)
    radius = rng.uniform(0.5, 2, items)
    return np.stack([1e4 * radius * np.cos(angle), 1e-4 * radius * np.sin(angle)], axis=1), target


def test_the_formula() -> None:
    network = PositionClassifier(5, 4, 3, seed=1)
    first, second = (layer.weight.detach().numpy() for layer in (network.hidden, network.output))
    features = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    expected = (1 / (1 + np.exp(-features @ first.T))) @ second.T
    found = network(torch.as_tensor(features)).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert sum(weights.numel() for weights in network.parameters()) == 5 * 4 + 4 * 3


def test_it_learns_whatever_the_units_of_its_inputs() -> None:
    features, target = inputs(2000)
    trained = train_position_classifier(features, target, PositionTraining(hidden=8), seed=0)
    unseen, truth = inputs(1000, seed=1)
    found = trained.apply(unseen)
    np.testing.assert_allclose(found.sum(axis=-1), 1)
    assert (found.argmax(axis=-1) == truth).all()
    np.testing.assert_allclose(trained.apply(unseen.reshape(10, 100, 2)).reshape(1000, 3), found, atol=1e-6)


def test_a_seed_decides_all_and_the_global_state_stays() -> None:
    features, target = inputs(300)
    state = torch.random.get_rng_state()
    one, same, other = (
        train_position_classifier(features, target, PositionTraining(hidden=4, epochs=1), seed).apply(
            features
        )
        for seed in (5, 5, 6)
    )
    assert torch.equal(torch.random.get_rng_state(), state)
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3
