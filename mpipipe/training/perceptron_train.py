"""Training of perceptrons by the generalised delta rule (Chae 2017, eq. 7).

Plain PyTorch without Lightning: the networks are so small that its overhead of a step, and its import, would take longer
than the training. A training takes seconds, so an interrupted one starts again from scratch.
"""

import math
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpipipe.config.perceptron import PerceptronTraining
from mpipipe.errors import InputError
from mpipipe.networks.perceptron import Perceptron
from mpipipe.training.input_scaling import InputScaling, check_spectra
from mpipipe.training.perceptron_apply import perceptron_state

HISTORY_POINTS = 300
"""Largest number of epochs at which errors are taken down."""
MONITORED = 1000
"""Training scenes whose error is part of the history."""
ADAM_BETAS = (0.9, 0.95)
"""Decay rates [assumption]; gradients shrink by orders of magnitude within an epoch, which a slower one lags behind."""


@dataclass(frozen=True)
class TrainedPerceptron:
    """Outcome of a training.

    Attributes
    ----------
    weights : dict of Tensor
        For `mpipipe.training.perceptron_apply.LearnedInverse`.
    card : dict
        JSON-able: ``config``, ``seed``, ``parameters``, ``scenes``, ``steps``, ``best`` and ``history`` with ``epoch``,
        ``train_mse`` (over at most 1000 training scenes) and ``validation_mse``, None without validation; ``seconds``.
    """

    weights: dict[str, Tensor]
    card: dict[str, Any]


class Examples(NamedTuple):
    """Normalised spectra ``(scene, harmonic)`` and their scenes ``(scene, voxel)``, float32."""

    inputs: Tensor
    targets: Tensor

    def mse(self, network: Perceptron) -> float | None:
        """Return the mean squared error over scenes and voxels, None without a scene."""
        if not len(self.inputs):
            return None
        with torch.no_grad():
            return float((network(self.inputs) - self.targets).square().mean())


def train_perceptron(
    config: PerceptronTraining,
    spectra: npt.ArrayLike,
    scenes: npt.ArrayLike,
    *,
    validation: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    seed: int = 0,
) -> TrainedPerceptron:
    """Train a perceptron on spectra of known scenes.

    ``W ← W - γ ∇E(W)`` with E the mean over a batch of half the squared error, summed over voxels, is what the paper
    prints up to its batch. Noise, if any, is in the spectra that are given. Weights are those of the lowest validation
    error among the epochs of the history; test scenes are never seen.

    The result follows from configuration, data and seed: bit for bit on a CPU with the same number of threads.

    Parameters
    ----------
    config : PerceptronTraining
        Network, normalisation and optimisation.
    spectra : (scene, harmonic) array_like of float
        Inputs in any unit, float64 where harmonics differ by more than single precision resolves.
    scenes : (scene, voxel) array_like of float
        Targets; between 0 and 1 for the cross entropy.
    validation : tuple of array_like, optional
        Spectra and scenes of the validation split; default the last weights are kept.
    seed : int
        Seed of weights and order.

    Returns
    -------
    TrainedPerceptron
        Weights and a card.

    Raises
    ------
    InputError
        When arrays do not fit, are not finite or do not vary, or the training diverges.
    """
    started = time.perf_counter()
    u = check_spectra(spectra)
    scaling = InputScaling.fit(config.normalisation, u, config.floor)
    train = _examples("scenes", config, scaling, u, scenes)
    held_out = Examples(train.inputs[:0], train.targets[:0])
    if validation is not None:
        held_out = _examples("validation", config, scaling, *validation)
        if held_out.targets.shape[1] != train.targets.shape[1]:
            raise InputError(
                f"validation: found {held_out.targets.shape[1]} voxels, expected {train.targets.shape[1]}"
            )
    generator = torch.Generator().manual_seed(seed + config.seed)
    network = Perceptron(config.network, train.inputs.shape[1], train.targets.shape[1])
    network.initialise(config.initial_scale, generator)
    best, history, steps = _optimise(config, network, train, held_out, generator)
    card = {
        "config": config.model_dump(mode="json"),
        "seed": seed + config.seed,
        "parameters": sum(weight.numel() for weight in network.weights),
        "scenes": len(u),
        "steps": steps,
        "best": best,
        "history": history,
        "seconds": time.perf_counter() - started,
        "torch": torch.__version__,
    }
    return TrainedPerceptron(perceptron_state(network, scaling), card)


def _examples(
    name: str,
    config: PerceptronTraining,
    scaling: InputScaling,
    spectra: npt.ArrayLike,
    scenes: npt.ArrayLike,
) -> Examples:
    inputs, targets = scaling.apply(spectra), np.asarray(scenes)
    if targets.ndim != 2 or len(targets) != len(inputs) or not targets.size or not np.isfinite(targets).all():
        raise InputError(
            f"{name}: found scenes of shape {targets.shape}, expected finite values ({len(inputs)}, voxel)"
        )
    if config.cost == "cross_entropy" and (targets.min() < 0 or targets.max() > 1):
        raise InputError(
            f"{name}: found values from {targets.min():g} to {targets.max():g}, expected 0 to 1 for the cross entropy"
        )
    return Examples(torch.from_numpy(inputs), torch.from_numpy(targets.astype(np.float32)))


def _optimise(
    config: PerceptronTraining,
    network: Perceptron,
    train: Examples,
    held_out: Examples,
    generator: torch.Generator,
) -> tuple[dict[str, Any], list[dict[str, Any]], int]:
    """Train in place, leave the best weights in the network, and return the best epoch, the history and the steps."""
    scenes = len(train.inputs)
    steps_an_epoch = -(-scenes // config.batch)
    epochs = max(config.epochs, -(-config.least_steps // steps_an_epoch))
    taken_down = -(-epochs // HISTORY_POINTS)
    monitored = Examples(*(part[:MONITORED] for part in train))
    optimiser, step, steps = _optimiser(config, network.weights), 0, epochs * steps_an_epoch
    history: list[dict[str, Any]] = []
    best: dict[str, Any] = {}
    kept: list[Tensor] = []
    for epoch in range(1, epochs + 1):
        order = torch.randperm(scenes, generator=generator)
        for chosen in torch.split(order, config.batch):
            inputs, targets = (part.index_select(0, chosen) for part in train)
            set_gradients(network, inputs, targets, config.cost)
            if config.schedule == "cosine":
                _anneal(optimiser, config.learning_rate, step / steps)
            optimiser.step()
            step += 1
        if epoch % taken_down and epoch < epochs:
            continue
        errors = {
            "epoch": epoch,
            "train_mse": monitored.mse(network),
            "validation_mse": held_out.mse(network),
        }
        if not all(math.isfinite(value) for value in errors.values() if value is not None):
            raise InputError(
                f"train: found an error that is not finite at epoch {epoch}, expected a smaller learning_rate than "
                f"{config.learning_rate:g}"
            )
        history.append(errors)
        validation = errors["validation_mse"]
        if not best or validation is None or validation < best["validation_mse"]:
            best, kept = errors, [weight.detach().clone() for weight in network.weights]
    with torch.no_grad():
        for weight, value in zip(network.weights, kept, strict=True):
            weight.copy_(value)
    return best, history, steps


def set_gradients(network: Perceptron, inputs: Tensor, targets: Tensor, cost: str) -> None:
    """Set the gradients of the mean over a batch of the cost, summed over voxels: the generalised delta rule.

    Half the squared error of the output c has ``∂E/∂a = (c - target) σ'(a)``, the cross entropy ``c - target``; a hidden
    layer gets ``δ₁ = (W₂ᵀ δ₂) h (1 - h)``. Written out, a step of a small batch takes half as long as by autograd.

    Parameters
    ----------
    network : Perceptron
        Its weights' ``grad`` is set.
    inputs, targets : (batch, harmonic) and (batch, voxel) Tensor of float32
        Examples.
    cost : {"squared", "cross_entropy"}
        Cost; the cross entropy is that of a sigmoid output.
    """
    with torch.no_grad():
        weights, activations = network.weights, network.activations(inputs)
        output = activations[-1]
        delta = (output - targets) / len(inputs)
        if cost == "squared" and network.sigmoid_output:
            delta *= output * (1 - output)
        for number in range(len(weights) - 1, -1, -1):
            before = activations[number - 1] if number else inputs
            weights[number].grad = delta.T @ before
            if number:
                delta = (delta @ weights[number]) * before * (1 - before)


def _optimiser(config: PerceptronTraining, weights: list[Tensor]) -> torch.optim.Optimizer:
    if config.optimiser == "SGD":
        return torch.optim.SGD(weights, lr=config.learning_rate, fused=True)
    if config.optimiser == "Adam":
        return torch.optim.Adam(weights, lr=config.learning_rate, betas=ADAM_BETAS, fused=True)
    return torch.optim.Muon(weights, lr=config.learning_rate, momentum=config.momentum, weight_decay=0.0)


def _anneal(optimiser: torch.optim.Optimizer, peak: float, progress: float) -> None:
    """Set the learning rate on half a cosine from its peak to zero."""
    for group in optimiser.param_groups:
        group["lr"] = peak * 0.5 * (1 + math.cos(math.pi * progress))
