"""Checkpoints of an interrupted training."""

import pickle
from dataclasses import dataclass
from pathlib import Path

import torch

from mpipipe.errors import InputError


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is whole, and the steps that were taken before it."""

    path: Path
    step: int


def latest_checkpoint(folder: Path, recipe: str) -> Checkpoint | None:
    """Return the newest checkpoint that can be read; a kill may have cut the last one short.

    Parameters
    ----------
    folder : Path
        Folder of checkpoints.
    recipe : str
        Recipe of the training.

    Raises
    ------
    InputError
        When a checkpoint belongs to a training with another recipe.
    """
    for path in sorted(folder.glob("*.ckpt"), reverse=True):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            step, found = int(state["global_step"]), str(state["recipe"])
        except (OSError, EOFError, RuntimeError, KeyError, ValueError, pickle.UnpicklingError):
            continue
        if found != recipe:
            raise InputError(
                f"{path}: found a checkpoint of training {found}, expected {recipe}; remove the folder"
            )
        return Checkpoint(path, step)
    return None
