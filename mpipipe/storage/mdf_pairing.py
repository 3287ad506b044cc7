"""Whether a measurement was made as the calibration that it is to be reconstructed with."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.storage.mdf_header import SELECTION, MdfHeader

DRIVE = "/acquisition/drivefield"
RECEIVER = "/acquisition/receiver"
TURN = 2 * np.pi


@dataclass(frozen=True)
class _Field:
    """A field that both files have to agree in; `tolerance` is relative, in a phase in rad."""

    key: str
    what: str
    tolerance: float = 0.0


FIELDS = (
    _Field(f"{DRIVE}/numChannels", "drive-field channels"),
    _Field(f"{DRIVE}/waveform", "waveforms"),
    _Field(f"{DRIVE}/divider", "dividers"),
    _Field(f"{DRIVE}/baseFrequency", "base frequency in Hz", 1e-9),
    _Field(f"{DRIVE}/strength", "drive-field amplitudes in T", 1e-3),
    _Field(f"{DRIVE}/phase", "drive-field phases in rad", 1e-3),
    _Field(f"{DRIVE}/cycle", "trajectory cycle in s", 1e-6),
    _Field("/acquisition/gradient", "gradient in T/m", 1e-3),
    _Field("/acquisition/offsetField", "offset field in T", 1e-3),
    _Field("/acquisition/numPeriodsPerFrame", "periods a frame"),
    _Field(f"{RECEIVER}/numChannels", "receive channels"),
    _Field(f"{RECEIVER}/bandwidth", "bandwidth in Hz", 1e-9),
    _Field(f"{RECEIVER}/numSamplingPoints", "samples a period"),
    _Field(f"{RECEIVER}/unit", "unit"),
    _Field("/measurement/isTransferFunctionCorrected", "transfer function corrected"),
)
TRACER = ("/tracer/name", "/tracer/batch", "/tracer/vendor", "/tracer/solute")


def check_pair(matrix_header: MdfHeader, measurement_header: MdfHeader) -> None:
    """Refuse a measurement whose trajectory, fields or receiver are not those of the calibration.

    Compared are the fields of `FIELDS` that both files have; amplitudes and gradients to 0.1 %, phases to 1 mrad and of driven
    channels only, and whether there is a frequency that both have. A tracer that differs is a warning.

    Raises
    ------
    InputError
        One line with the first field that differs, and both values.
    """
    for field in FIELDS:
        wanted, found = matrix_header.array(field.key), measurement_header.array(field.key)
        if wanted is None or found is None:
            continue
        driven = _driven(matrix_header, field)
        if not _agree(_chosen(wanted, driven), _chosen(found, driven), field):
            raise InputError(
                f"{_name(measurement_header)}{field.key}: found {field.what} {_text(found)}, expected "
                f"{_text(wanted)} as in {matrix_header.path or 'the system matrix'}"
            )
    wanted, found = matrix_header.array(SELECTION), measurement_header.array(SELECTION)
    if wanted is not None and found is not None and not np.isin(wanted, found).any():
        raise InputError(
            f"{_name(measurement_header)}{SELECTION}: found no frequency of the system matrix, expected some"
        )
    for key in TRACER:
        wanted, found = matrix_header.array(key), measurement_header.array(key)
        if wanted is not None and found is not None and not np.isin(wanted, found).any():
            warnings.warn(
                f"{_name(measurement_header)}{key}: found {_text(found)}, but {_text(wanted)} in the system matrix",
                stacklevel=2,
            )


def _driven(header: MdfHeader, field: _Field) -> npt.NDArray[np.bool_] | None:
    """Return which drive-field channels have a field, for what is of no effect in the others."""
    if field.key not in (f"{DRIVE}/phase", f"{DRIVE}/divider", f"{DRIVE}/waveform"):
        return None
    strength = header.array(f"{DRIVE}/strength")
    return None if strength is None else np.asarray((strength != 0).any(axis=0))


def _chosen(values: npt.NDArray[Any], driven: npt.NDArray[np.bool_] | None) -> npt.NDArray[Any]:
    fits = driven is not None and values.shape[-2:] == driven.shape
    return values[..., driven] if fits else values


def _agree(wanted: npt.NDArray[Any], found: npt.NDArray[Any], field: _Field) -> bool:
    if wanted.shape != found.shape:
        return False
    if wanted.dtype.kind in "OU" or not field.tolerance:
        return bool((wanted == found).all())
    if field.key.endswith("phase"):
        difference = (wanted - found + np.pi) % TURN - np.pi
        return bool((np.abs(difference) <= field.tolerance).all())
    scale = max(float(np.abs(wanted).max(initial=0)), float(np.abs(found).max(initial=0)))
    return bool((np.abs(wanted - found) <= field.tolerance * scale).all())


def _name(header: MdfHeader) -> str:
    return f"{header.path}: " if header.path else ""


def _text(values: npt.NDArray[Any]) -> str:
    flat = np.ravel(values)
    shown = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in flat.tolist()[:9])
    return shown + (", …" if flat.size > 9 else "")
