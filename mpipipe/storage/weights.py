"""Network weights as safetensors; no pickle is ever read."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mpipipe.errors import InputError
from mpipipe.storage.atomic import whole
from mpipipe.storage.limits import WEIGHTS_BYTES, WEIGHTS_HEADER_BYTES, check_size, one_line
from mpipipe.storage.manifest import verify

LENGTH_BYTES = 8
READ_ERRORS = (SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError)


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
    return read_safetensors(path)


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """Read named tensors from any safetensors file of at most `WEIGHTS_BYTES`.

    The library checks that the tensors cover the file exactly, so no more than the file's size is allocated.

    Raises
    ------
    InputError
        When the file is missing, too large or damaged.
    """
    check_safetensors(path)
    try:
        weights: dict[str, torch.Tensor] = load_file(path)
        return weights
    except READ_ERRORS as error:
        raise InputError(
            f"{path}: found a damaged file ({one_line(error)}), expected safetensors weights"
        ) from None


def check_safetensors(path: Path) -> None:
    """Check the size of a safetensors file and of the header that it begins with, a little-endian 64-bit length.

    Raises
    ------
    InputError
        When the file is missing, or one of them is too large.
    """
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected safetensors weights")
    check_size(path, WEIGHTS_BYTES)
    with path.open("rb") as file:
        header = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if header > WEIGHTS_HEADER_BYTES:
        raise InputError(
            f"{path}: found a damaged file (header of {header} bytes, at most {WEIGHTS_HEADER_BYTES}), "
            "expected safetensors weights"
        )
