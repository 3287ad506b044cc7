"""The header of a system matrix as JSON, for files that are not MDF: the same values by the same paths."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.storage.mdf_header import MdfHeader, Value
from mpipipe.storage.mdf_table import BY_PATH, Rule

TEXT = "text"
NUMBERS = "biufc"
SINGLE: dict[str, type] = {"flag": bool, "integer": int, "real": float}
ARRAYS = {"integer": "int64", "real": "float64", "complex": "complex128"}


def header_to_json(header: MdfHeader) -> dict[str, Any]:
    """Return a header's values by path: single ones as they are, arrays as type, shape and a flat list.

    Complex numbers are listed as real, imaginary, real, imaginary …
    """
    return {key: _encoded(value) for key, value in sorted(header.values.items())}


def header_from_json(content: dict[str, Any]) -> MdfHeader:
    """Return the header that :func:`header_to_json` took apart, exact to the bit.

    Raises
    ------
    InputError
        When a path is not of the MDF specification, or a value not of the kind or the number of axes that it demands.
    """
    values = {key: _decoded(key, value) for key, value in content.items()}
    for key, value in values.items():
        _check(key, value)
    return MdfHeader(values)


def _encoded(value: Value) -> object:
    if isinstance(value, str | bool | int | float):
        return value
    array = np.asarray(value)
    if array.dtype.kind in "OU":
        return {"dtype": TEXT, "shape": list(array.shape), "values": [str(one) for one in array.ravel()]}
    flat = np.ascontiguousarray(array).reshape(-1)
    listed = flat.view(_part_of(array.dtype)) if array.dtype.kind == "c" else flat
    return {"dtype": array.dtype.name, "shape": list(array.shape), "values": listed.tolist()}


def _decoded(key: str, value: object) -> Value:
    if isinstance(value, str | bool | int | float):
        return value
    try:
        name, shape, flat = (value[part] for part in ("dtype", "shape", "values"))  # type: ignore[index]
        return _texts(flat).reshape(shape) if name == TEXT else _numbers(name, flat).reshape(shape)
    except (TypeError, ValueError, KeyError, OverflowError):
        raise InputError(f"header: {key}: found no value, expected dtype, shape and values") from None


def _texts(flat: list[object]) -> npt.NDArray[Any]:
    array = np.empty(len(flat), object)
    array[:] = [str(one) for one in flat]
    return array


def _numbers(name: str, flat: list[object]) -> npt.NDArray[Any]:
    kind = np.dtype(name)
    if kind.kind not in NUMBERS:
        raise ValueError(name)
    return np.array(flat, _part_of(kind)).view(kind) if kind.kind == "c" else np.array(flat, kind)


def _part_of(kind: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of the real and the imaginary part of complex numbers."""
    return np.dtype(f"float{4 * kind.itemsize}")


def _check(key: str, value: Value) -> None:
    rule = BY_PATH.get(key)
    if rule is None:
        if "/_" not in key or not key.startswith("/"):
            raise InputError(f"header: {key}: found an unknown path, expected one of MDF")
    elif not _fits(rule, value):
        shown = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else repr(value)
        raise InputError(
            f"header: {key}: found {shown}, expected {rule.kind} with {len(rule.dimensions)} axes"
        )


def _fits(rule: Rule, value: Value) -> bool:
    text = rule.kind in ("text", "time", "uuid")
    if not rule.dimensions:
        return type(value) is (str if text else SINGLE.get(rule.kind))
    if not isinstance(value, np.ndarray) or value.ndim != len(rule.dimensions):
        return False
    sizes = zip(rule.dimensions, value.shape, strict=True)
    if any(isinstance(size, int) and size != found for size, found in sizes):
        return False
    return value.dtype == (object if text else np.dtype(ARRAYS.get(rule.kind, "V")))
