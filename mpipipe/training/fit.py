"""One run of Lightning's trainer over a stream of batches, by optimiser steps, the time it takes, and its card."""

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

from mpipipe.config.optimisation import Optimisation
from mpipipe.config.train import TrainConfig
from mpipipe.networks.registry import num_parameters
from mpipipe.training.ahead import Ahead
from mpipipe.training.best_weights import BestWeights
from mpipipe.training.checkpoints import Checkpoint
from mpipipe.training.divided_batch import DividedBatchModule, no_memory
from mpipipe.training.supervised import SupervisedModule

INTENDED = (
    ".*does not have many workers.*",
    ".*your dataloader is not resumable.*",
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*GPU available but not used.*",
    ".*LeafSpec.* is deprecated.*",
    ".*srun. command is available.*",
)


def fit(
    module: DividedBatchModule[Any],
    stream: Ahead,
    config: Optimisation | TrainConfig,
    callbacks: list[Callback],
    *,
    checkpoint_dir: Path | None,
    newest: Checkpoint | None,
    accelerator: str,
    progress: bool,
) -> None:
    """Train a module up to the last step, from the newest checkpoint on if there is one.

    Parameters
    ----------
    module : DividedBatchModule
        Network, loss and optimiser.
    stream : Ahead
        Batches, from the checkpoint's step on; drawn on a thread if the steps are taken on a GPU.
    config : Optimisation or TrainConfig
        Steps, precision and checkpoints.
    callbacks : list of Callback
        In the order in which they are called after a step; checkpoints are written after them.
    checkpoint_dir : Path, optional
        Folder of checkpoints; none are written without.
    newest : Checkpoint, optional
        Where to go on from.
    accelerator, progress
        As in `mpipipe.training.reconstructor_train.train_reconstructor`.

    Raises
    ------
    InputError
        When the loss diverges, or the memory of the GPU does not suffice.
    """
    if checkpoint_dir:
        callbacks = [*callbacks, _checkpoints(checkpoint_dir, config.checkpoint_every)]
    stream.on_thread = accelerator != "cpu" and torch.cuda.is_available()
    with _quiet():
        trainer = Trainer(
            accelerator=accelerator,
            devices=1,
            precision="bf16-mixed" if config.precision == "bf16" else "32-true",
            max_steps=config.steps,
            max_epochs=-1,
            callbacks=callbacks,
            logger=False,
            enable_checkpointing=checkpoint_dir is not None,
            enable_progress_bar=progress,
            enable_model_summary=False,
        )
        try:
            trainer.fit(module, stream, ckpt_path=str(newest.path) if newest else None, weights_only=True)
        except torch.OutOfMemoryError:  # not in a step: in a validation, or on the way to the GPU
            raise no_memory(module) from None


def supervised_card(
    config: Optimisation,
    seed: int,
    module: SupervisedModule,
    best: BestWeights,
    clock: "StepClock",
    stream: Ahead,
) -> dict[str, Any]:
    """Return the JSON-able description of a training on pairs: configuration, seed, best step, history, rates."""
    return {
        "config": config.model_dump(mode="json"),
        "seed": seed,
        "steps": module.global_step,
        "best": best.best,
        "parameters": num_parameters(module.network),
        **rates(config.batch, clock, stream),
        "history": best.history,
        "torch": torch.__version__,
    }


def rates(batch: int, clock: "StepClock", stream: Ahead) -> dict[str, float | None]:
    """Return samples a second of the training, its steps alone, and its loader alone, None when no step was taken.

    Parameters
    ----------
    batch : int
        Samples a step.
    clock : StepClock
        Number and time of the steps.
    stream : Ahead
        Stream of their batches.
    """
    samples = clock.steps * batch
    seconds = {"": clock.seconds + stream.waiting, "step_": clock.seconds, "loader_": stream.drawing}
    return {f"{part}samples_per_s": samples / s if samples else None for part, s in seconds.items()}


class StepClock(Callback):  # type: ignore[misc]
    """Number and time of the steps of this process; it stands before what validates."""

    def __init__(self) -> None:
        self.steps, self.seconds, self._started = 0, 0.0, 0.0

    def on_train_batch_start(self, *_: object) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_train_batch_end(self, *_: object) -> None:
        """Stop it, once the device is done."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds += time.perf_counter() - self._started
        self.steps += 1


def _checkpoints(folder: Path, every: int) -> ModelCheckpoint:
    return ModelCheckpoint(
        dirpath=folder,
        filename="{step:09d}",
        monitor="step",
        mode="max",
        save_top_k=2,
        every_n_train_steps=every,
        enable_version_counter=False,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what Lightning tells about the machine, and warns of where it is intended."""
    log = logging.getLogger("lightning.pytorch")
    level = log.level
    log.setLevel(logging.WARNING)
    with warnings.catch_warnings():
        for message in INTENDED:
            warnings.filterwarnings("ignore", message=message)
        try:
            yield
        finally:
            log.setLevel(level)
