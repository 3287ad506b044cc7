"""What an MDF file says besides its frames: study, experiment, tracer, scanner, acquisition, and calibration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_table import BY_PATH, CALIBRATION, Rule
from mpipipe.storage.mdf_texts import check_text, check_texts
from mpipipe.storage.mdf_values import MdfValues, open_file, reading

Value = str | bool | int | float | npt.NDArray[Any]
SELECTION = "/measurement/frequencySelection"
PERMUTATION = "/measurement/framePermutation"
FLAGS = tuple(
    f"/measurement/is{name}"
    for name in ("BackgroundCorrected", "SpectralLeakageCorrected", "TransferFunctionCorrected")
)
OF_FRAMES = (f"{CALIBRATION}/positions", f"{CALIBRATION}/offsetFields")
OWN = (SELECTION, PERMUTATION, *FLAGS)
"""Datasets of ``/measurement`` that a header holds; the others follow from the frames."""
FROM_FRAMES = ("/version", "/acquisition/numFrames", "/calibration/snr")
FROM_GRID = tuple(f"{CALIBRATION}/{name}" for name in ("fieldOfView", "fieldOfViewCenter", "order", "size"))
MAX_USER_VALUES = 2**20


@dataclass(frozen=True)
class MdfHeader:
    """Values of an MDF file by HDF5 path, with which another file can be written.

    A value is ``str``, ``bool``, ``int`` or ``float`` where the specification has a single one, else an array: int64,
    float64, complex128, or object of ``str``. Frequencies are counted from 1, as in the file. Left out is what follows from
    frames and grid, and what the file has in another kind or shape than the specification. User-defined datasets, whose
    names begin with an underscore, are kept.

    Attributes
    ----------
    values : dict
        Values by path.
    path : Path or None
        File that they were read from.
    """

    values: Mapping[str, Value]
    path: Path | None = None

    def get(self, key: str) -> Value | None:
        """Return the value of one HDF5 path, or None."""
        return self.values.get(key)

    def text(self, key: str, default: str = "n.a.") -> str:
        """Return a text, the first of several."""
        found = self.values.get(key)
        return str(np.ravel(np.asarray(default if found is None else found, object))[0])

    def array(self, key: str) -> npt.NDArray[Any] | None:
        """Return a value as an array, or None."""
        found = self.values.get(key)
        return None if found is None else np.asarray(found)

    def replace(self, changes: Mapping[str, Value | None]) -> Self:
        """Return a header with other values; None removes one."""
        values = {**self.values, **changes}
        return type(self)({key: value for key, value in values.items() if value is not None}, self.path)

    def without(self, group: str) -> Self:
        """Return a header without a group, such as ``/tracer``."""
        return self.replace({key: None for key in self.values if key.startswith(f"{group}/")})

    @classmethod
    def simulated(
        cls,
        scanner: Scanner,
        particle: Particle | None = None,
        grid: Grid | None = None,
        *,
        unit: str = "1/s",
        name: str = "simulation",
        time: str | None = None,
        samples: int | None = None,
        channels: int = 3,
    ) -> Self:
        """Return the header of simulated data; :func:`mpipipe.storage.mdf_simulated.simulated_values` says what is in it."""
        from mpipipe.storage.mdf_simulated import simulated_values

        return cls(
            simulated_values(
                scanner,
                particle,
                grid,
                unit=unit,
                name=name,
                time=time,
                samples=samples,
                channels=channels,
            )
        )


def read_mdf_header(path: Path) -> MdfHeader:
    """Return the header of a file.

    Raises
    ------
    InputError
        When the file is missing, truncated or no MDF v2.
    """
    path = Path(path)
    with reading(path), open_file(path) as opened:
        file = MdfValues(path, opened)
        check_texts(file)
        file.check()
        return read_header(file)


def read_header(file: MdfValues) -> MdfHeader:
    """Return the header of an open file."""
    values: dict[str, Value] = {}
    for key, rule in BY_PATH.items():
        group = key.split("/")[1]
        if key in (*FROM_FRAMES, *FROM_GRID) or group == "reconstruction":
            continue
        if (group == "measurement" and key not in OWN) or not file.has(key):
            continue
        try:
            values[key] = _value(file, rule)
        except InputError:
            continue
    return MdfHeader(values | _user_values(file), file.path)


def _value(file: MdfValues, rule: Rule) -> Value:
    """Return a value in the kind and shape that the specification demands."""
    if rule.kind in ("text", "time", "uuid"):
        return _texts(file, rule) if rule.dimensions else file.text(rule.path)
    if rule.kind == "complex":
        return _complex(file, rule.path)
    shape = tuple(size if isinstance(size, int) else None for size in rule.dimensions) or (1,)
    if rule.kind == "real":
        numbers = file.numbers(rule.path, *shape)
        return numbers if rule.dimensions else float(numbers[0])
    integers = file.integers(rule.path, -(2**62), 2**62, *shape)
    if rule.dimensions:
        return integers
    return bool(integers[0]) if rule.kind == "flag" else int(integers[0])


def _texts(file: MdfValues, rule: Rule) -> npt.NDArray[Any]:
    file.text(rule.path)
    found = np.asarray(file.dataset(rule.path).asstr()[()], object)
    missing = len(rule.dimensions) - found.ndim
    if found.ndim and missing:
        raise file.error(rule.path, f"shape {found.shape}", f"{len(rule.dimensions)} axes")
    return found.reshape((1,) * missing + found.shape)


def _complex(file: MdfValues, key: str) -> npt.NDArray[np.complex128]:
    dataset = file.dataset(key)
    if dataset.dtype.kind != "c" or len(dataset.shape) != 2:
        raise file.error(key, f"{dataset.dtype} {dataset.shape}", "complex pairs (r, i) of 2 axes")
    file.check_size(key, dataset)
    return np.asarray(dataset[()], np.complex128)


def _user_values(file: MdfValues) -> dict[str, Value]:
    """Return the small numbers and texts of which the name, or that of a group above, begins with an underscore."""
    found: dict[str, Value] = {}

    def keep(name: str, item: object) -> None:
        if f"/{name}".find("/_") < 0 or not isinstance(item, h5py.Dataset) or not file.has(name):
            return
        text = h5py.check_string_dtype(item.dtype) is not None
        if item.size is None or item.size > MAX_USER_VALUES or not (text or item.dtype.kind in "fiuc"):
            return
        file.check_size(f"/{name}", file.dataset(f"/{name}"))
        check_text(file, f"/{name}", item)
        values = np.asarray(item.asstr()[()] if text else item[()], object if text else None)
        found[f"/{name}"] = str(values[()]) if text and values.ndim == 0 else values

    file.file.visititems(keep)
    return found
