"""Network weights as safetensors; no pickle is ever read."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mpipipe.errors import InputError
from mpipipe.storage.atomic import whole
from mpipipe.storage.manifest import verify


def write_weights(path: Path, weights: dict[str, torch.Tensor]) -> None:
    """Write named tensors as one safetensors file."""
    with whole(path) as partial:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, partial)


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read the weights of the run, after a check against their manifest.

    Raises
    ------
    InputError
        When they are missing, truncated or changed.
    """
    verify(path)
    try:
        weights: dict[str, torch.Tensor] = load_file(path)
        return weights
    except SafetensorError as error:
        raise InputError(f"{path}: found {error}, expected safetensors weights") from None
