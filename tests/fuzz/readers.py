"""Every place where a file enters the package: a valid file to start from, and the reader."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

MIB = 2**20


@dataclass(frozen=True)
class Reader:
    """A reader under test.

    Attributes
    ----------
    file : str
        Name of the file that is mutated; a path in a directory for formats that are directories.
    write : callable
        Writes a valid file or directory below a folder.
    read : callable
        Reads it again.
    growth : int
        Bytes that the process may grow by, above what reading the valid file takes.
    """

    file: str
    write: Callable[[Path], None]
    read: Callable[[Path], object]
    growth: int = 64 * MIB


def call(name: str, *arguments: object, **named: object) -> Any:
    """Call a function by its dotted name, which is imported now: after a fuzzer has begun to watch imports."""
    module, function = name.rsplit(".", 1)
    return getattr(import_module(module), function)(*arguments, **named)


def vouched(name: str) -> Callable[[Path], object]:
    """A reader of the run's own artifacts, behind a manifest that vouches for the bytes as they are."""

    def read(path: Path) -> object:
        artifact = next((one for one in path.parents if one.suffix == ".zarr"), path)
        manifest = {
            "artifact": artifact.name,
            "content": call("mpipipe.storage.manifest.content_digest", artifact),
            "recipe": {},
            "provenance": "",
        }
        artifact.with_name(f"{artifact.name}.manifest.json").write_text(json.dumps(manifest))
        return call(name, artifact)

    return read


# ---------------------------------------------------------------------------- valid files


def write_params(folder: Path) -> None:
    """A small file with what YAML offers: an anchor, a merge, both styles, a partial scale."""
    content = (
        "scale: smoke\nseed: 3\nsample:\n  ensembles:\n    small: &small {dimension: 2, train: 2, val: 2, test: 2}\n"
        "    other: {<<: *small, train: 3}\nsimulate: {keep_above: 0.5}\nscales:\n  smoke:\n    seed: 4\n"
    )
    (folder / "params.yaml").write_text(content)


def write_idx(folder: Path) -> None:
    """Two images of 3 x 4."""
    (folder / "images.idx").write_bytes(
        bytes.fromhex("00000803 00000002 00000003 00000004") + bytes(range(24))
    )


def write_packed_idx(folder: Path) -> None:
    """The same, compressed."""
    import gzip

    write_idx(folder)
    (folder / "images.gz").write_bytes(gzip.compress((folder / "images.idx").read_bytes(), mtime=0))


def write_weights(folder: Path) -> None:
    """Three tensors of two types."""
    import torch

    weights = {"a.weight": torch.ones(3, 2), "a.bias": torch.zeros(3), "steps": torch.tensor(5)}
    call("mpipipe.storage.weights.write_weights", folder / "weights.safetensors", weights)


def write_published(folder: Path) -> None:
    """A state of tensors as `torch.save` writes it."""
    import torch

    shapes = import_module("mpipipe.networks.perceptual").VGG16_SHAPES
    torch.save({name: torch.zeros(shape) for name, shape in shapes.items()}, folder / "vgg16.pth")


def write_table(folder: Path) -> None:
    """Numbers, words, flags and a missing value."""
    import pandas as pd

    columns = {
        "n": [1, 2, 3],
        "x_mT": [1.5, None, 2.5],
        "kind": ["fluid", "solid", "fluid"],
        "is": [True, False, True],
    }
    call("mpipipe.storage.tables.write_table", folder / "table.parquet", pd.DataFrame(columns))


def write_json(folder: Path) -> None:
    """Nested values."""
    call(
        "mpipipe.storage.tables.write_json",
        folder / "a.json",
        {"levels": [{"snr_db": 10.0, "best": None}], "é": 1e9},
    )


def write_arrays(folder: Path) -> None:
    """Two arrays of different types."""
    import numpy as np

    arrays = {"x": np.arange(12, dtype=np.complex64).reshape(3, 4), "y": np.arange(3)}
    call("mpipipe.storage.arrays.write_arrays", folder / "a.zarr", arrays, {"names": ["x"]})


def write_series(folder: Path) -> None:
    """A short background series."""
    import numpy as np

    call("mpipipe.storage.series.write_series", folder / "s.zarr", np.ones((2, 5, 7), np.complex64))


def write_manifest(folder: Path) -> None:
    """The manifest of a text."""
    (folder / "a").write_text("content")
    call("mpipipe.storage.manifest.write_manifest", folder / "a", {"seed": 1, "inputs": {}}, {"units": "m"})


def write_recipe(folder: Path) -> None:
    """A recipe of the plan, as a rule passes it to a job."""
    recipe = {
        "noun": "sample", "scale": "smoke", "seed": 1, "code": "0" * 16, "inputs": {}, "ensemble": "small",
        "size": {"dimension": 2, "train": 2, "val": 2, "test": 2},
        **{part: {} for part in ("particle", "scanner", "calibration")},
    }  # fmt: skip
    (folder / "recipe.json").write_text(json.dumps(recipe))


def read_recipe(path: Path) -> object:
    """What `mpipipe job` does with the recipe that it is given."""
    kind = import_module("mpipipe.cli.jobs.sample").Recipe
    return call("mpipipe.cli.job_recipe.parse_recipe", kind, os.fsdecode(path.read_bytes()))


def write_session(folder: Path) -> None:
    """A measured session, in chunks."""
    import h5py
    import numpy as np

    with h5py.File(folder / "session.h5", "w") as file:
        file.create_dataset(
            "matrix", data=np.ones((30, 152)), chunks=(10, 152), compression="gzip", shuffle=True
        )


def write_transfer_function(folder: Path) -> None:
    """Seven frequencies of three channels."""
    import h5py
    import numpy as np

    with h5py.File(folder / "chain.h5", "w") as file:
        file["frequencies"] = np.linspace(1e4, 2e6, 7)
        file["transferFunction"] = np.ones((3, 7, 2))


def write_matlab(folder: Path) -> None:
    """A complex and a real array as MATLAB 7.3 writes them."""
    import numpy as np

    from tests.storage.test_matlab import write_matlab as write

    write(folder / "a.mat", A=np.arange(24.0).reshape(2, 3, 4) * (1 + 2j), B=np.eye(3))


def write_empty_frames(folder: Path) -> None:
    """Measured empty frames as NumPy's format."""
    import numpy as np

    np.save(folder / "empty.npy", np.ones((2, 3, 4), np.complex64))


def write_empty_frames_hdf5(folder: Path) -> None:
    """Measured empty frames as HDF5."""
    import h5py
    import numpy as np

    with h5py.File(folder / "empty.h5", "w") as file:
        file["background"] = np.ones((2, 3, 4), np.complex64)


def write_mdf(folder: Path) -> None:
    """A calibration of 3 x 2 positions and three empty frames."""
    import numpy as np

    from mpipipe.physics.grid import Grid
    from mpipipe.physics.particle import Particle
    from mpipipe.physics.scanner import Scanner
    from mpipipe.physics.system_function import simulate_system_matrix
    from tests.storage.mdf_writer import contents, write

    scanner = Scanner(drive_amplitude_mT=(12, 12, 0), divider=(8, 7, 9))
    grid = Grid(shape=(3, 2), field_of_view_mm=(9.0, 6.0))
    matrix = simulate_system_matrix(scanner, Particle(core_diameter_nm=20), grid)
    empty = np.ones((*matrix.shape[:2], 3), np.complex64)
    write(folder / "a.mdf", contents(matrix, empty))


def read_mdf(path: Path) -> object:
    """All readers of the format: what is refused by one is tried with the next."""
    names = (
        *(f"mdf.read_mdf_{what}" for what in ("system_matrix", "background", "measurement")),
        "mdf_front.read_mdf",
    )
    read, refused = [], None
    for name in names:
        try:
            read.append(call(f"mpipipe.storage.{name}", path))
        except ValueError as error:
            if type(error).__name__ != "InputError":
                raise
            refused = error
    if refused is not None:
        raise refused
    return read


READERS: dict[str, Reader] = {
    "params": Reader("params.yaml", write_params, lambda path: call("mpipipe.config.params.load_params", path)),
    "idx": Reader("images.idx", write_idx, lambda path: call("mpipipe.storage.idx.read_idx_images", path, max_bytes=MIB)),
    "idx_gzip": Reader(
        "images.gz", write_packed_idx, lambda path: call("mpipipe.storage.idx.read_idx_images", path, max_bytes=MIB)
    ),
    "weights": Reader("weights.safetensors", write_weights, vouched("mpipipe.storage.weights.read_weights")),
    "published_weights": Reader(
        "vgg16.pth",
        write_published,
        lambda path: call("mpipipe.storage.perceptual_weights.convert_vgg16", path, path.with_name("out.safetensors")),
    ),
    "table": Reader("table.parquet", write_table, vouched("mpipipe.storage.tables.read_table")),
    "json": Reader("a.json", write_json, vouched("mpipipe.storage.tables.read_json")),
    "arrays": Reader("a.zarr/zarr.json", write_arrays, vouched("mpipipe.storage.arrays.read_arrays")),
    "array_metadata": Reader("a.zarr/x/zarr.json", write_arrays, vouched("mpipipe.storage.arrays.read_arrays")),
    "array_chunk": Reader("a.zarr/x/c/0/0", write_arrays, vouched("mpipipe.storage.arrays.read_arrays")),
    "series_metadata": Reader(
        "s.zarr/background/zarr.json", write_series, vouched("mpipipe.storage.series.read_series")
    ),
    "series_shard": Reader("s.zarr/background/c/0/0/0", write_series, vouched("mpipipe.storage.series.read_series")),
    "manifest": Reader(
        "a.manifest.json", write_manifest, lambda path: call("mpipipe.storage.manifest.read_manifest", path)
    ),
    "recipe": Reader("recipe.json", write_recipe, read_recipe),
    "line_session": Reader(
        "session.h5", write_session, lambda path: call("mpipipe.storage.line_sessions.read_line_session", path)
    ),
    "transfer_function": Reader(
        "chain.h5",
        write_transfer_function,
        lambda path: call("mpipipe.storage.receive_chain.read_transfer_function", path),
    ),
    "matlab": Reader(
        "a.mat", write_matlab, lambda path: call("mpipipe.storage.matlab.read_matlab_array", path, "A", max_bytes=MIB)
    ),
    "empty_frames": Reader(
        "empty.npy", write_empty_frames, lambda path: call("mpipipe.storage.series.read_measured_series", path)
    ),
    "empty_frames_hdf5": Reader(
        "empty.h5", write_empty_frames_hdf5, lambda path: call("mpipipe.storage.series.read_measured_series", path)
    ),
    "mdf": Reader("a.mdf", write_mdf, read_mdf),
}  # fmt: skip
