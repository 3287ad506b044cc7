"""Frames of a measurement as an MDF file holds them: one after the other, empty frames at the end."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.errors import InputError
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_export import to_model
from mpipipe.storage.mdf_header import FLAGS, MdfHeader, Value
from mpipipe.storage.mdf_simulated import checked_time
from mpipipe.storage.mdf_table import CALIBRATION

SAMPLES = "/acquisition/receiver/numSamplingPoints"
DIMS = (("channel", "frequency"), ("frame", "channel", "frequency"))


@dataclass(frozen=True)
class Frames:
    """Frames ``(frame, channel, frequency)`` complex or ``(frame, channel, time)`` real, and what belongs to them."""

    values: npt.NDArray[np.complex64 | np.complex128 | np.float32 | np.float64]
    is_background: npt.NDArray[np.int8]
    frequency: npt.NDArray[np.int64]
    header: MdfHeader


def frames_of(
    signal: xr.DataArray | npt.ArrayLike,
    scanner: Scanner | None,
    particle: Particle | None,
    header: MdfHeader | None,
    frequency: npt.ArrayLike | None,
    background: npt.ArrayLike | None,
    unit: str,
    time: str | None,
) -> Frames:
    """Return the frames; arguments as in :func:`mpipipe.storage.mdf_write.write_mdf_measurement`.

    Raises
    ------
    InputError
        When an argument does not fit.
    """
    if isinstance(signal, xr.DataArray):
        if signal.dims not in DIMS:
            raise InputError(f"signal: found axes {signal.dims}, expected ([frame,] channel, frequency)")
        attributes = signal.attrs
        header = attributes.get("header") if header is None else header
        unit = str(attributes.get("units", unit))
        if scanner is None and "scanner" in attributes:
            scanner = to_model(Scanner, "scanner", attributes["scanner"])
        if particle is None and "particle" in attributes:
            particle = to_model(Particle, "particle", attributes["particle"])
        if frequency is None and "frequency" in signal.coords:
            frequency = signal["frequency"].values
    found = _stacked("signal", signal)
    empty = found[:0] if background is None else _stacked("background", background)
    if (
        empty.shape[1:] != found.shape[1:]
        or np.iscomplexobj(empty) != np.iscomplexobj(found)
        or not len(found)
    ):
        raise InputError(
            f"background: found shape {empty.shape}, expected (frame, {found.shape[1]}, {found.shape[2]})"
        )
    _, channels, samples = found.shape
    spectra = np.iscomplexobj(found)
    if header is None:
        if scanner is None:
            raise InputError("signal: found neither scanner nor header, expected one of them")
        header = MdfHeader.simulated(
            scanner, particle, unit=unit, time=time, samples=None if spectra else samples, channels=channels
        )
    changes: dict[str, Value | None] = {"/acquisition/receiver/numChannels": channels}
    changes[FLAGS[0]] = bool(header.get(FLAGS[0])) and background is None
    if time is not None:
        changes["/time"] = checked_time(time)
    header = header.without(CALIBRATION).replace(changes)
    index = _indices(header, frequency, samples, spectra=spectra)
    marked = np.repeat([0, 1], [len(found), len(empty)]).astype(np.int8)
    return Frames(np.concatenate([found, empty]), marked, index, header)


def _stacked(name: str, values: xr.DataArray | npt.ArrayLike) -> npt.NDArray[np.complex64 | np.float64]:
    """Return finite numbers ``(frame, channel, …)``; whole numbers become float64."""
    array = np.asarray(values)
    if (
        array.dtype.kind not in "fciu"
        or array.ndim not in (2, 3)
        or not array.size
        or not np.isfinite(array).all()
    ):
        raise InputError(
            f"{name}: found {array.dtype} of shape {array.shape}, expected finite numbers of axes ([frame,] channel, …)"
        )
    if array.dtype.kind in "iu" or array.dtype.itemsize < 4:
        array = array.astype(np.float64)
    return array.reshape(-1, *array.shape[-2:])


def _indices(
    header: MdfHeader, frequency: npt.ArrayLike | None, samples: int, *, spectra: bool
) -> npt.NDArray[np.int64]:
    """Return the frequency indices; those of samples in time are all."""
    recorded = header.get(SAMPLES)
    count = recorded // 2 + 1 if isinstance(recorded, int) else 0
    every = np.arange(count)
    if not spectra:
        if samples != recorded:
            raise InputError(
                f"signal: found {samples} samples a period, expected {recorded} as {SAMPLES} says"
            )
        return every
    index = every if frequency is None else np.asarray(frequency, np.int64)
    fits = index.shape == (samples,) and (np.diff(index) > 0).all() and index[0] >= 0 and index[-1] < count
    if not fits:
        raise InputError(
            f"frequency: found {index.size} indices for {samples} frequencies, expected increasing ones from 0 to {count - 1}"
        )
    return index
