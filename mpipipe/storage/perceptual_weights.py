"""The first two convolutions of VGG16, from torchvision's published weights (``vgg16-397923af.pth``).

The published file holds 528 MiB, of which the features up to relu1_2 take 38,720 numbers. They are kept as safetensors
of their own, with the SHA-256 of the file that they come from.
"""

import hashlib
import pickle
from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mpipipe.errors import InputError
from mpipipe.networks.perceptual import VGG16_SHAPES, check_vgg16_filters
from mpipipe.storage.atomic import whole
from mpipipe.storage.limits import GIB, check_claim, check_size, one_line
from mpipipe.storage.weights import check_safetensors, read_safetensors

MAX_BYTES = GIB
SOURCE_KEY = "source_sha256"
EXPECTED = "expected the weights of torchvision's VGG16"
READ_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    BadZipFile,
    SafetensorError,
    pickle.UnpicklingError,
)


def convert_vgg16(path: Path, out: Path) -> str:
    """Write the two convolutions of VGG16 as safetensors, and return the SHA-256 of their source.

    Parameters
    ----------
    path : Path
        State of torchvision's VGG16, as ``.pth`` or ``.safetensors``; of a pickle, tensors alone are ever loaded.
    out : Path
        File for `read_vgg16_filters`.

    Raises
    ------
    InputError
        When the file is missing or damaged, or holds other weights.
    """
    if not path.is_file():
        raise InputError(f"{path}: found no file, {EXPECTED}")
    state = _read_state(path)
    check_vgg16_filters(str(path), state)
    with path.open("rb") as file:
        source = hashlib.file_digest(file, "sha256").hexdigest()
    kept = {name: state[name].detach().float().contiguous() for name in VGG16_SHAPES}
    with whole(out) as partial:
        save_file(kept, partial, metadata={SOURCE_KEY: source})
    return source


def read_vgg16_filters(path: Path) -> dict[str, Tensor]:
    """Read the two convolutions that `convert_vgg16` wrote.

    Returns
    -------
    dict of Tensor
        Weights (64, 3, 3, 3) and (64, 64, 3, 3), and biases (64,), of float32, by their names in torchvision.

    Raises
    ------
    InputError
        When the file is missing or damaged, or holds other weights.
    """
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected filters written from torchvision's VGG16")
    filters = read_safetensors(path)
    check_vgg16_filters(str(path), filters)
    return {name: filters[name].float() for name in VGG16_SHAPES}


def read_vgg16_source(path: Path) -> str | None:
    """Return the SHA-256 of the published file that filters come from; None where they do not say.

    Raises
    ------
    InputError
        When the file is missing or damaged.
    """
    check_safetensors(path)
    try:
        with safe_open(path, "pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
    except READ_ERRORS as error:
        raise InputError(f"{path}: found {_reason(error)}, expected safetensors weights") from None
    return metadata.get(SOURCE_KEY)


def _read_state(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    check_size(path, MAX_BYTES)
    try:
        if is_zipfile(path):  # entries can be compressed, and unpack to more than the file holds
            with ZipFile(path) as archive:
                check_claim(str(path), sum(entry.file_size for entry in archive.infolist()), MAX_BYTES)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except Exception as error:  # the unpickler of torch raises whatever its bytes lead it to
        raise InputError(f"{path}: found {_reason(error)}, {EXPECTED}") from None
    if not isinstance(state, dict) or not all(isinstance(values, Tensor) for values in state.values()):
        raise InputError(f"{path}: found {type(state).__name__}, {EXPECTED} by name")
    return dict(state)


def _reason(error: Exception) -> str:
    return f"a damaged file ({type(error).__name__}: {one_line(error)})"
