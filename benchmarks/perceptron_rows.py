"""Steps of the perceptrons of the inversion study, which train without Lightning, beside the step on one batch."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.accuracy import bounded
from benchmarks.row import Row
from benchmarks.timing import best
from mpipipe.config.params import Params
from mpipipe.config.perceptron import PerceptronTraining
from mpipipe.networks.perceptron import Perceptron
from mpipipe.training.perceptron_train import set_gradients, train_perceptron

TARGET = 1.053
"""95 % of the images a second."""
PERCEPTRONS = (("SGD", "Single-layer", 0), ("SGD", "Multi-layer", 123), ("Muon", "Multi-layer", 123))
OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "SGD": partial(torch.optim.SGD, fused=True),
    "Muon": partial(torch.optim.Muon, weight_decay=0.0),
}
SCENES, HARMONICS, VOXELS = 30_000, 200, 129


def perceptron_rows(params: Params, quick: bool) -> Iterator[Row]:
    """Yield a row for each perceptron and optimiser, or for the first one alone."""
    for optimiser, name, units in PERCEPTRONS[: 1 if quick else None]:
        yield perceptron_row(params, optimiser, name, units, 600 if quick else SCENES)


def perceptron_row(params: Params, optimiser: str, name: str, units: int, scenes: int) -> Row:
    """Return the row of a perceptron of the inversion study."""
    given = params.inversion.training[optimiser][name]
    network = given.network.model_copy(update={"hidden_units": units})
    epochs = (1, 3) if optimiser == "SGD" else (4, 12)
    rng = np.random.default_rng(0)
    spectra = rng.standard_normal((scenes, HARMONICS))
    targets = rng.integers(2, size=(scenes, VOXELS)).astype(np.float32)
    few, more = (
        given.model_copy(update={"network": network, "epochs": count, "least_steps": 0}) for count in epochs
    )
    # What is done once a training, as scaling its inputs, is in both: a training takes 60 to 300 epochs.
    short, long = (
        min(train_perceptron(config, spectra, targets).card["seconds"] for _ in range(3))
        for config in (few, more)
    )
    steps = (epochs[1] - epochs[0]) * -(-scenes // given.batch)
    inputs, wanted = (torch.from_numpy(part[: given.batch].astype(np.float32)) for part in (spectra, targets))
    perceptron = Perceptron(network, HARMONICS, VOXELS)
    perceptron.initialise(1.0, torch.Generator().manual_seed(0))
    error = gradient_error(perceptron, inputs, wanted, given.cost)
    take = constant_step(perceptron, given, inputs, wanted)
    floor = best(lambda: [take() for _ in range(steps)], repeats=2)[0]
    return Row(
        subject=f"inversion: {name}, {optimiser}, batch {given.batch}, float32",
        seconds=(long - short) / steps,
        floor="one batch in memory",
        floor_seconds=floor / steps,
        target=TARGET,
        error=bounded(error, 1e-5),
        bound_by="calls" if given.batch < 100 else "matrix products",
        more={"items/s": f"{given.batch * steps / (long - short):.0f}"},
    )


def constant_step(
    network: Perceptron, config: PerceptronTraining, inputs: Tensor, targets: Tensor
) -> Callable[[], None]:
    """Return a step of a perceptron on one batch."""
    optimiser = OPTIMISERS[config.optimiser](network.weights, lr=config.learning_rate)

    def take() -> None:
        set_gradients(network, inputs, targets, config.cost)
        optimiser.step()

    return take


def gradient_error(network: Perceptron, inputs: Tensor, targets: Tensor, cost: str) -> float:
    """Return the largest error of the gradients that a step sets against automatic differentiation, relative."""
    set_gradients(network, inputs, targets, cost)
    output = network(inputs)
    if cost == "squared":
        loss = (output - targets).square().sum(1).mean() / 2
    else:
        loss = functional.binary_cross_entropy(output, targets, reduction="sum") / len(inputs)
    exact = torch.autograd.grad(loss, network.weights)
    pairs = zip(network.weights, exact, strict=True)
    return max(float((weight.grad - one).abs().max() / one.abs().max()) for weight, one in pairs)
