"""Training of a network by optimiser steps, resumable after a kill."""

import logging
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from torch import Tensor
from torch.utils.data import DataLoader

from mpipipe.config.recipe import digest
from mpipipe.config.train import TrainConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import num_parameters
from mpipipe.noise.series import BackgroundSeries
from mpipipe.training.averaging import ExponentialAverage
from mpipipe.training.batch import Batch
from mpipipe.training.checkpoints import latest_checkpoint
from mpipipe.training.components import ObservedGroup
from mpipipe.training.data import ComponentBatches
from mpipipe.training.degradation import place_centred, to_batch
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
        GPU is asked for and absent, or the checkpoints belong to another training.
    """
    if accelerator == "gpu" and not torch.cuda.is_available():
        raise InputError("accelerator: found no GPU, expected one for 'gpu'; 'auto' or 'cpu' train without")
    seed += config.seed
    recipe = digest({"config": config.model_dump(mode="json"), "dimension": dimension, "seed": seed})
    newest = latest_checkpoint(checkpoint_dir, recipe) if checkpoint_dir else None
    module = RestorationModule(config, dimension, seed, recipe)
    batches = ComponentBatches(source, background, config, seed, newest.step if newest else 0)
    average, clock = ExponentialAverage(config.ema_decay), _Clock()
    journal = Journal(config, average, validation_batches(validation or {}, config))
    loader = _Timed(_loader(batches, config.workers))
    with _quiet():
        trainer = _trainer(config, [average, clock, journal], checkpoint_dir, accelerator, progress)
        path = str(newest.path) if newest else None
        trainer.fit(module, loader, ckpt_path=path, weights_only=True)
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


def _trainer(
    config: TrainConfig,
    callbacks: list[Callback],
    checkpoint_dir: Path | None,
    accelerator: str,
    progress: bool,
) -> Trainer:
    if checkpoint_dir:
        callbacks = [
            *callbacks,
            ModelCheckpoint(
                dirpath=checkpoint_dir,
                filename="{step:09d}",
                monitor="step",
                mode="max",
                save_top_k=2,
                every_n_train_steps=config.checkpoint_every,
                enable_version_counter=False,
            ),
        ]
    return Trainer(
        accelerator=accelerator,
        devices=1,
        precision="bf16-mixed" if config.precision == "bf16" else "32-true",
        max_steps=config.steps,
        max_epochs=-1,
        gradient_clip_val=config.clip_norm or None,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=checkpoint_dir is not None,
        enable_progress_bar=progress,
        enable_model_summary=False,
    )


def _loader(batches: ComponentBatches, workers: int) -> DataLoader[Any]:
    return DataLoader(batches, batch_size=None, num_workers=workers, persistent_workers=workers > 0)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what Lightning tells about the machine, and warns of where it is intended."""
    log = logging.getLogger("lightning.pytorch")
    level = log.level
    log.setLevel(logging.WARNING)
    with warnings.catch_warnings():
        for message in (
            ".*does not have many workers.*",
            ".*your dataloader is not resumable.*",
            ".*Checkpoint directory .* exists and is not empty.*",
            ".*GPU available but not used.*",
            ".*LeafSpec.* is deprecated.*",
        ):
            warnings.filterwarnings("ignore", message=message)
        try:
            yield
        finally:
            log.setLevel(level)


class _Clock(Callback):  # type: ignore[misc]
    """Time of this process' steps; it stands before the validation."""

    def __init__(self) -> None:
        self.steps, self.seconds, self._started = 0, 0.0, 0.0

    def on_train_batch_start(self, *_: object) -> None:
        self._started = time.perf_counter()

    def on_train_batch_end(self, *_: object) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds += time.perf_counter() - self._started
        self.steps += 1


class _Timed:
    """A loader that adds up the time which the training waits for its batches."""

    def __init__(self, loader: Iterable[Any]) -> None:
        self.seconds, self._loader = 0.0, loader

    def __iter__(self) -> Iterator[Any]:
        batches = iter(self._loader)
        while True:
            started = time.perf_counter()
            batch = next(batches, None)
            self.seconds += time.perf_counter() - started
            if batch is None:
                return
            yield batch


def _card(
    config: TrainConfig,
    module: RestorationModule,
    dimension: int,
    seed: int,
    journal: Journal,
    clock: _Clock,
    loader: _Timed,
) -> dict[str, Any]:
    samples = clock.steps * config.batch
    return {
        "config": config.model_dump(mode="json"),
        "dimension": dimension,
        "seed": seed,
        "steps": module.global_step,
        "parameters": num_parameters(module.network),
        "samples_per_s": _rate(samples, clock.seconds + loader.seconds),
        "step_samples_per_s": _rate(samples, clock.seconds),
        "loader_samples_per_s": _rate(samples, loader.seconds),
        "history": journal.history,
        "torch": torch.__version__,
    }


def _rate(samples: int, seconds: float) -> float | None:
    """Return samples a second, None when no step was taken."""
    return samples / seconds if samples else None
