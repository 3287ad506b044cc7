"""Check a file against every rule of the MDF v2 specification."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.storage.mdf_conditions import condition_violations
from mpipipe.storage.mdf_file import PAIRS
from mpipipe.storage.mdf_table import (
    BY_PATH,
    CALIBRATION,
    MEASUREMENT,
    OPTIONAL_GROUPS,
    REQUIRED,
    RULES,
    Rule,
    group_of,
)
from mpipipe.storage.mdf_texts import KINDS, check_text
from mpipipe.storage.mdf_values import MdfValues, open_file, reading

T = TypeVar("T")
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
TIME_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?")
VERSION_FORM = re.compile(r"2\.[01]\.\d+")
DTYPES = {"flag": ("int8",), "integer": ("int64",), "real": ("float64",), "complex": ("complex128",)}
INTEGERS = ("int8", "int16", "int32", "int64")
REALS = (*INTEGERS, "float32", "float64")
FOUND_SIZES = {
    "J": "/acquisition/numPeriodsPerFrame",
    "N": "/acquisition/numFrames",
    "C": "/acquisition/receiver/numChannels",
    "V": "/acquisition/receiver/numSamplingPoints",
    "D": "/acquisition/drivefield/numChannels",
}
SELECTED = f"{MEASUREMENT}/isFrequencySelection"


def check_mdf(path: Path) -> list[str]:
    """Return what a file has that MDF v2.0 or v2.1 does not allow; nothing of a valid file.

    Checked are presence (required, optional, or demanded by a flag), type, byte order, shape in the named dimensions, form of
    texts, times and UUIDs, ranges, and all that connects one dataset with another. The fraction of a second may be absent
    from times, as in files of the reference implementation. The values of the data themselves are not read.

    Parameters
    ----------
    path : Path
        MDF file.

    Returns
    -------
    list of str
        One line for each violation: HDF5 path, what was found, what was expected.

    Raises
    ------
    InputError
        When the file is missing, no HDF5, or damaged, such as a text that claims more than 16 MiB.
    """
    path = Path(path)
    with reading(path), open_file(path) as opened:
        file = MdfValues(path, opened)
        for rule in RULES:
            if rule.kind in KINDS and attempt(partial(file.dataset, rule.path)) is not None:
                check_text(file, rule.path, file.dataset(rule.path))
        sizes = _known_sizes(file)
        found = [*_missing(file), *_unknown(file)]
        for rule in RULES:
            found += [f"{rule.path}: {line}" for line in _violations(file, rule, sizes)]
        lines = found + condition_violations(file, sizes)
    return list(dict.fromkeys(line.removeprefix(f"{path}: ") for line in lines))


def _known_sizes(file: MdfValues) -> dict[str, int]:
    """Return the sizes that the file states; those of frames and frequencies follow from flags."""
    sizes: dict[str, int] = {}
    for name, key in FOUND_SIZES.items():
        count = attempt(partial(file.integers, key, 1, 2**31, 1))
        if count is not None:
            sizes[name] = int(count[0])
    marked = attempt(lambda: file.integers(f"{MEASUREMENT}/isBackgroundFrame", 0, 1, None))
    if marked is not None and "N" in sizes:
        sizes["E"] = int(marked.sum())
        sizes["O"] = sizes["N"] - sizes["E"]
    if "V" in sizes:
        sizes["K"] = sizes["V"] // 2 + 1
    if attempt(lambda: file.flag(SELECTED)):
        sizes.pop("K", None)
        selected = attempt(lambda: file.dataset(f"{MEASUREMENT}/frequencySelection").shape)
        if selected is not None and len(selected) == 1:
            sizes["K"] = selected[0]
    return sizes


def attempt(read: Callable[[], T]) -> T | None:
    """Return what can be read, or None where another rule names what is wrong."""
    try:
        return read()
    except InputError:
        return None


def _missing(file: MdfValues) -> Iterator[str]:
    version = attempt(lambda: file.text("/version")) or "2.1"
    present = {group for group in OPTIONAL_GROUPS if file.file.get(group[1:], getlink=True) is not None}
    if CALIBRATION in present and MEASUREMENT not in present:
        yield f"{MEASUREMENT}: found none, expected the data of /calibration"
    for rule in RULES:
        group = group_of(rule.path)
        try:
            if (group in OPTIONAL_GROUPS and group not in present) or file.has(rule.path):
                continue
        except InputError as error:
            yield str(error)
            continue
        later = rule.path.endswith("isSparsityTransformed") and version.startswith("2.0")
        if rule.need == REQUIRED and not later:
            yield f"{rule.path}: found none, expected a dataset"
        elif rule.need.startswith("/") and attempt(partial(file.flag, rule.need)):
            yield f"{rule.path}: found none, expected a dataset as {rule.need} is 1"


def _unknown(file: MdfValues) -> Iterator[str]:
    names: list[str] = []
    file.file.visit(names.append)
    groups = {parent for path in BY_PATH for parent in (path.rpartition("/")[0], group_of(path))}
    for name in names:
        if f"/{name}" not in BY_PATH and f"/{name}" not in groups and "/_" not in f"/{name}":
            yield f"/{name}: found a name that is not of the specification, expected the prefix _"


def _violations(file: MdfValues, rule: Rule, sizes: dict[str, int]) -> Iterator[str]:
    if not attempt(lambda: file.has(rule.path)):
        return
    try:
        dataset = file.dataset(rule.path)
    except InputError as error:
        yield str(error).removeprefix(f"{file.path}: {rule.path}: ")
        return
    wrong = _type_violation(rule, dataset)
    if wrong:
        yield wrong
        return
    if rule.dimensions != ("data",):
        wrong = _shape_violation(rule, dataset.shape, sizes)
        if wrong:
            yield wrong
            return
    if rule.kind in KINDS:
        file.check_size(rule.path, dataset)
        texts: npt.NDArray[Any] = np.ravel(np.asarray(dataset.asstr()[()], object))
        yield from filter(None, (_text_violation(rule, str(text)) for text in texts))
    elif rule.kind == "flag":
        file.check_size(rule.path, dataset)
        if not np.isin(dataset[()], (0, 1)).all():
            yield "found other values, expected 0 or 1"
    elif rule.kind in ("real", "complex"):
        file.check_size(rule.path, dataset)
        if not np.isfinite(dataset[()]).all():
            yield "found NaN or infinity, expected finite numbers"


def _type_violation(rule: Rule, dataset: h5py.Dataset) -> str | None:
    dtype = dataset.dtype
    if rule.kind in KINDS:
        return None if h5py.check_string_dtype(dtype) else f"found {dtype}, expected text"
    parts = [dtype[name] for name in dtype.names] if dtype.names else [dtype]
    if any(part.byteorder == ">" for part in parts):
        return f"found big-endian {dtype}, expected little-endian"
    if rule.kind == "number":
        pairs = dtype.names == PAIRS and parts[0] == parts[1] and parts[0].name in REALS
        fits = pairs or dtype.name in (*REALS, "complex64", "complex128")
        return None if fits else f"found {dtype}, expected {', '.join(REALS)} or pairs (r, i) of them"
    allowed = INTEGERS if rule.kind == "integers" else DTYPES[rule.kind]
    return None if dtype.name in allowed else f"found {dtype}, expected {' or '.join(allowed)}"


def _shape_violation(rule: Rule, shape: tuple[int, ...], sizes: dict[str, int]) -> str | None:
    """Compare a shape with the named sizes, and take those that are not known yet from it."""
    if not rule.dimensions:
        return None if shape in ((), (1,)) else f"found shape {shape}, expected a single value"
    form = " x ".join(map(str, rule.dimensions))
    if len(shape) != len(rule.dimensions):
        return f"found shape {shape}, expected {form}"
    for name, size in zip(rule.dimensions, shape, strict=True):
        scope = f"{group_of(rule.path)} {name}" if name in ("P", "Q", "S") else name
        expected = name if isinstance(name, int) else sizes.setdefault(str(scope), size)
        if size != expected:
            reason = "" if isinstance(name, int) else f" with {name} = {expected}"
            return f"found shape {shape}, expected {form}{reason}"
    return None


def _text_violation(rule: Rule, text: str) -> str | None:
    if rule.path == "/version" and not VERSION_FORM.fullmatch(text):
        return f"found {text!r}, expected 2.0.x or 2.1.x"
    if rule.allowed and text not in rule.allowed:
        return f"found {text!r}, expected one of {', '.join(rule.allowed)}"
    if rule.kind == "uuid" and not UUID_FORM.fullmatch(text):
        return f"found {text!r}, expected a UUID of the form 8-4-4-4-12"
    if rule.kind == "time" and not _is_time(text):
        return f"found {text!r}, expected yyyy-mm-ddThh:mm:ss.ms"
    return None


def _is_time(text: str) -> bool:
    try:
        return bool(TIME_FORM.fullmatch(text)) and bool(datetime.fromisoformat(text[:19]))
    except ValueError:
        return False
