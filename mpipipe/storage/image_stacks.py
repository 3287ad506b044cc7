"""Stacks of images that are made block by block: scanned windows of a scene, gridded noise."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import zarr

from mpipipe.storage.arrays import NAMES
from mpipipe.storage.atomic import whole


def write_stacks(
    path: Path,
    count: int,
    blocks: Iterable[Mapping[str, npt.NDArray[Any]]],
    attributes: Mapping[str, Any],
) -> None:
    """Write named stacks ``(item, …)`` of equal length, block by block; `mpipipe.storage.arrays.read_arrays` reads them.

    A block is a chunk: it is never written twice, and stays below the 2 GiB that a codec takes.

    Parameters
    ----------
    path : Path
        Zarr group; it appears when it is whole.
    count : int
        Items of each stack.
    blocks : iterable of mapping
        Consecutive items of all stacks, in total `count`; each block has the same names, and all but the last the same
        length.
    attributes : mapping
        JSON attributes; they are read after the last block, so the blocks may add to them.
    """
    with whole(path) as partial:
        group = zarr.open_group(partial, mode="w-", zarr_format=3)
        stacks: dict[str, zarr.Array[Any]] = {}
        first = 0
        for block in blocks:
            for name, values in sorted(block.items()):
                if name not in stacks:
                    stacks[name] = group.create_array(
                        name,
                        shape=(count, *values.shape[1:]),
                        dtype=values.dtype,
                        chunks=values.shape,
                    )
                stacks[name][first : first + len(values)] = values
            first += len(next(iter(block.values())))
        if first != count:
            raise ValueError(f"found {first} items in all blocks, expected {count}")
        group.attrs.update({**attributes, NAMES: sorted(stacks)})
