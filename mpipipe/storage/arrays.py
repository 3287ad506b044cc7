"""Small sets of named arrays as one Zarr group: scenes and reconstructed images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from mpipipe.errors import InputError
from mpipipe.storage.atomic import whole
from mpipipe.storage.manifest import verify

NAMES = "arrays"


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]], attributes: Mapping[str, Any]) -> None:
    """Write named arrays, each in one chunk, with JSON attributes."""
    with whole(path) as partial:
        group = zarr.open_group(partial, mode="w-", zarr_format=3)
        group.attrs.update({**attributes, NAMES: sorted(arrays)})
        for name, values in sorted(arrays.items()):
            stored = group.create_array(name, shape=values.shape, dtype=values.dtype, chunks=values.shape)
            stored[...] = values


def read_arrays(path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Read all arrays and attributes of a group, after a check against its manifest.

    Raises
    ------
    InputError
        When the group is missing, truncated or changed.
    """
    verify(path)
    try:
        group = zarr.open_group(path, mode="r", zarr_format=3)
        described = dict(group.attrs)
        names: list[str] = described.pop(NAMES)  # type: ignore[assignment]
        return {name: np.asarray(group[name][...]) for name in names}, described  # type: ignore[index]
    except (KeyError, ValueError, OSError) as error:
        raise InputError(
            f"{path}: found {type(error).__name__} ({error}), expected a group of arrays"
        ) from None
