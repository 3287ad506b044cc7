"""Training of a network by optimiser steps, resumable after a kill."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from mpipipe.config.recipe import digest
from mpipipe.config.train import TrainConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import num_parameters
from mpipipe.noise.series import BackgroundSeries
from mpipipe.training.ahead import Ahead
from mpipipe.training.averaging import ExponentialAverage
from mpipipe.training.batch import Batch
from mpipipe.training.checkpoints import latest_checkpoint
from mpipipe.training.components import ObservedGroup
from mpipipe.training.data import ComponentBatches
from mpipipe.training.degradation import place_centred, to_batch
from mpipipe.training.fit import StepClock, fit, rates
from mpipipe.training.journal import Journal
from mpipipe.training.module import RestorationModule
from mpipipe.training.source import ComponentSource

ValidationSet = dict[float, list[ObservedGroup]]


@dataclass(frozen=True)
class TrainedNetwork:
    """Outcome of a training.

    Attributes
    ----------
    weights : dict of Tensor
        Averaged weights on the CPU, by the names of the network's state.
    card : dict
        JSON-able description: configuration, dimension, seed, steps, parameters, history, rate.
    """

    weights: dict[str, Tensor]
    card: dict[str, Any]


def train_network(
    config: TrainConfig,
    source: ComponentSource,
    background: BackgroundSeries,
    *,
    dimension: int,
    seed: int,
    validation: ValidationSet | None = None,
    checkpoint_dir: Path | None = None,
    accelerator: str = "auto",
    progress: bool = False,
) -> TrainedNetwork:
    """Train a network on randomly degraded components (Tsanda 2025, section 3.3).

    The result follows from configuration, data and seed: bit for bit on a CPU with the same number of
    threads, whether or not the training was interrupted.

    Parameters
    ----------
    config : TrainConfig
        Network, degradation and optimisation.
    source : ComponentSource
        Training split.
    background : BackgroundSeries
        Empty frames of the training split.
    dimension : int
        2 or 3 spatial axes.
    seed : int
        Seed of weights, order, and degradation.
    validation : dict of float to list of ObservedGroup, optional
        Observed components of the validation split at fixed σ.
    checkpoint_dir : Path, optional
        Folder of checkpoints; a training that finds its own there goes on from the newest that is whole.
    accelerator : str
        Lightning's accelerator: ``auto``, ``cpu`` or ``gpu``.
    progress : bool
        Show a progress bar.

    Raises
    ------
    InputError
        When the split is empty, a grid exceeds the patch, the background is too short, the loss diverges, a
        GPU is asked for and absent or too small for one item, or the checkpoints belong to another training.
    """
    if accelerator == "gpu" and not torch.cuda.is_available():
        raise InputError("accelerator: found no GPU, expected one for 'gpu'; 'auto' or 'cpu' train without")
    seed += config.seed
    recipe = digest({"config": config.model_dump(mode="json"), "dimension": dimension, "seed": seed})
    newest = latest_checkpoint(checkpoint_dir, recipe) if checkpoint_dir else None
    module = RestorationModule(config, dimension, seed, recipe)
    batches = ComponentBatches(source, background, config, seed, newest.step if newest else 0)
    average, clock = ExponentialAverage(config.ema_decay), StepClock()
    journal = Journal(config, average, validation_batches(validation or {}, config))
    loader = Ahead(_loader(batches, config.workers))
    fit(
        module, loader, config, [average, clock, journal],
        checkpoint_dir=checkpoint_dir, newest=newest, accelerator=accelerator, progress=progress,
    )  # fmt: skip
    # A training that was at its end already is not run again; the average is there in any case.
    state = average.network.state_dict()
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    return TrainedNetwork(weights, _card(config, module, dimension, seed, journal, clock, loader))


def validation_batches(validation: ValidationSet, config: TrainConfig) -> list[tuple[str, Batch]]:
    """Turn observed components into network batches as the restorer does: of one phase, centred in their patches.

    Raises
    ------
    InputError
        When the components were observed with another factor than the network's.
    """
    aligned = config.degradation.model_copy(update={"phase": "aligned"})
    config = config.model_copy(update={"degradation": aligned})
    batches = []
    for sigma, groups in validation.items():
        for group in groups:
            for start in range(0, len(group.truth), config.batch):
                part = group.part(start, start + config.batch)
                batches.append((repr(sigma), _fixed_batch(part, sigma, config)))
    return batches


def _fixed_batch(group: ObservedGroup, sigma: float, config: TrainConfig) -> Batch:
    observed, count = group.observed, len(group.truth)
    coarse, fine = place_centred(observed.grid, count, config)
    measured_grid = tuple(coarse.grid_shape[0].tolist())
    if observed.values.shape[1:] != measured_grid:
        raise InputError(
            f"validation: found {observed.values.shape[1:]} measured voxels for the grid {observed.grid}, "
            f"expected {measured_grid}, those of {config.network.name}"
        )
    known = np.ones(observed.values.shape, np.bool_) if observed.known is None else observed.known
    measured = coarse.gather(known.astype(np.complex64)).real > 0
    values = coarse.gather(observed.values)
    return to_batch(fine.gather(group.truth), values, measured, np.full(count, sigma), coarse, fine, config)


def _loader(batches: ComponentBatches, workers: int) -> DataLoader[Any]:
    return DataLoader(batches, batch_size=None, num_workers=workers, persistent_workers=workers > 0)


def _card(
    config: TrainConfig,
    module: RestorationModule,
    dimension: int,
    seed: int,
    journal: Journal,
    clock: StepClock,
    loader: Ahead,
) -> dict[str, Any]:
    return {
        "config": config.model_dump(mode="json"),
        "dimension": dimension,
        "seed": seed,
        "steps": module.global_step,
        "parameters": num_parameters(module.network),
        **rates(config.batch, clock, loader),
        "history": journal.history,
        "torch": torch.__version__,
    }
