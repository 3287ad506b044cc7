"""The datasets of an MDF v2.1 file in the types of its specification, and the identifier that follows from them."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from mpipipe.storage.mdf_header import FLAGS, SELECTION, MdfHeader, Value
from mpipipe.storage.mdf_simulated import identifier, utc_stamp
from mpipipe.storage.mdf_table import BY_PATH, MEASUREMENT, OPTIONAL_GROUPS, REQUIRED, RULES, Rule, group_of

VERSION = "2.1.0"
UNKNOWN = "n.a."
TIMES = ("/time", "/acquisition/startTime", "/uuid")
STORED = {
    "flag": np.int8,
    "integer": np.int64,
    "integers": np.int64,
    "real": np.float64,
    "complex": np.complex128,
}
SINGLE: dict[str, Value] = {"flag": False, "integer": 1, "real": 0.0}


def common_values(header: MdfHeader, frames: int) -> dict[str, Value]:
    """Return a header's values with all that the specification requires of any file with data.

    Parameters
    ----------
    header : MdfHeader
        What is known. A text that is not becomes ``n.a.``, an identifier follows from the other values of its group.
    frames : int
        Number N of frames.

    Returns
    -------
    dict
        Values by HDF5 path, but those of ``/measurement`` that follow from the layout.
    """
    values = dict(header.values)
    values |= {"/version": VERSION, "/acquisition/numFrames": frames}
    values.setdefault("/time", utc_stamp())
    values.setdefault("/acquisition/startTime", values["/time"])
    for key in FLAGS:
        values.setdefault(key, False)
    present = {group_of(key) for key in values}
    for rule in RULES:
        group = group_of(rule.path)
        wanted = group not in OPTIONAL_GROUPS or (group == "/tracer" and group in present)
        if wanted and rule.need == REQUIRED and rule.path not in (*values, "/uuid"):
            values[rule.path] = _unknown(rule, values)
    count = values["/acquisition/receiver/numSamplingPoints"]
    selected = np.asarray(values.pop(SELECTION, np.arange(int(str(count)) // 2 + 1) + 1))
    complete = len(selected) == int(str(count)) // 2 + 1
    values |= {
        f"{MEASUREMENT}/isFrequencySelection": not complete,
        f"{MEASUREMENT}/isSparsityTransformed": False,
    }
    return values if complete else values | {SELECTION: selected}


def put_all(file: h5py.File, values: Mapping[str, Value]) -> None:
    """Write values, in the order of their paths."""
    for key in sorted(values):
        put(file, key, values[key])


def put(file: h5py.File, key: str, value: Value) -> None:
    """Write one value in the type of the specification; a user-defined one in its own."""
    rule = BY_PATH.get(key)
    array = np.asarray(value, object if isinstance(value, str) else None)
    if array.dtype.kind in "OU":
        file.create_dataset(key, data=array.astype(object), dtype=h5py.string_dtype())
    else:
        file.create_dataset(
            key, data=array.astype(STORED[rule.kind]) if rule and rule.kind in STORED else array
        )


def digest_of(values: Mapping[str, Value]) -> str:
    """Return a digest of all values but times and the file's own identifier."""
    digest = sha256()
    for key in sorted(values):
        if key not in TIMES:
            array = np.asarray(values[key])
            content = (
                array.tolist() if array.dtype.kind in "OU" else array.astype(_plain(array)).tobytes().hex()
            )
            digest.update(json.dumps([key, list(array.shape), content]).encode())
    return digest.hexdigest()


def file_identifier(*digests: str) -> str:
    """Return the identifier of a file with some content."""
    return identifier("file", *digests)


def _plain(array: npt.NDArray[Any]) -> type[Any]:
    """Return the type in which numbers enter the digest, the same before and after a file."""
    return np.complex128 if array.dtype.kind == "c" else np.float64


def _unknown(rule: Rule, values: Mapping[str, Value]) -> Value:
    """Return what stands for a required value that is not known."""
    if rule.kind in ("text", "time"):
        single: Value = UNKNOWN if rule.kind == "text" else str(values["/time"])
    elif rule.kind == "uuid":
        group = group_of(rule.path)
        single = identifier(
            rule.path, *(str(value) for key, value in sorted(values.items()) if group_of(key) == group)
        )
    else:
        single = SINGLE[rule.kind]
    if not rule.dimensions:
        return single
    sizes = {"A": np.asarray(values.get("/tracer/name", [""])).size, "J": 1, "D": 1, "F": 1}
    shape = tuple(sizes.get(str(size), 1) for size in rule.dimensions)
    return np.full(shape, single, object if isinstance(single, str) else None)
