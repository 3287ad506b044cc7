"""System matrices and measurements from files of the Magnetic Particle Imaging Data Format, version 2 (Knopp et al. 2016)."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.mixing import mixing_orders
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_file import MdfFile, open_mdf

Complex = npt.NDArray[np.complex64]
AXES = "xyz"
MAX_BYTES = 16 * 2**30


def read_mdf_system_matrix(path: Path) -> xr.DataArray:
    """Read a calibration on a regular grid.

    The mean of the background frames is subtracted unless the file says that this was done. Frames are taken in the order
    in which they are stored, x fastest, or as ``/calibration/order`` says.

    Parameters
    ----------
    path : Path
        MDF v2 file with one period a frame.

    Returns
    -------
    DataArray (channel, frequency, x[, y, z]) of complex64
        System matrix in the file's unit, axes of a single position at the end dropped and kept as scalar coordinates.
        Coordinates as those of :func:`mpipipe.physics.system_function.simulate_system_matrix`, and ``snr`` ``(channel,
        frequency)`` where the file has it. Attributes: ``units``, ``grid``, ``calibration_method``,
        ``is_transfer_function_corrected``, and ``scanner`` with the mixing orders where :class:`Scanner` can describe the
        fields.

    Raises
    ------
    InputError
        When the file is missing, truncated, no MDF v2, larger than 16 GiB, or a dataset is missing or does not fit; the
        line names the file and the path in it.
    """
    with open_mdf(path) as file:
        _check_size(file, file.sizes[2])
        grid, axes = _grid(file), _storage_axes(file)
        values = np.empty((file.sizes[0], len(file.frequency), *grid.shape), np.complex64)
        for channel, matrix in enumerate(values):
            foreground = _foreground(file, file.spectra(channel))
            stored = foreground.reshape(-1, *(grid.shape[axis] for axis in axes))
            matrix[...] = stored.transpose(0, *(1 + axes.index(axis) for axis in range(3)))
        return _labelled(file, values, grid)


def read_mdf_background(path: Path) -> Complex | None:
    """Read the empty frames of a file, corrected by their mean.

    Returns
    -------
    (channel, frequency, frame) ndarray of complex64, or None
        Frames in the order in which they were acquired; None where the file marks none.

    Raises
    ------
    InputError
        As :func:`read_mdf_system_matrix`.
    """
    with open_mdf(path) as file:
        chosen = np.flatnonzero(file.is_background)
        if not len(chosen):
            return None
        chosen = chosen[np.argsort(file.acquisition_order[chosen])]
        _check_size(file, len(chosen))
        values = np.empty((file.sizes[0], len(file.frequency), len(chosen)), np.complex64)
        for channel, series in enumerate(values):
            frames = file.spectra(channel)[:, chosen]
            series[...] = frames - frames.mean(axis=1, keepdims=True)
        return values


def read_mdf_measurement(path: Path) -> Complex:
    """Read a measurement: the mean of its frames, less the mean background unless that was subtracted already.

    Samples in time become a spectrum, without a factor; so do a file's samples and its matrix agree in scale.

    Returns
    -------
    (channel, frequency) ndarray of complex64
        Signal in the file's unit; of a frequency selection, the selected frequencies.

    Raises
    ------
    InputError
        As :func:`read_mdf_system_matrix`.
    """
    with open_mdf(path) as file:
        values = np.empty((file.sizes[0], len(file.frequency)), np.complex64)
        for channel, signal in enumerate(values):
            signal[...] = _foreground(file, file.spectra(channel)).mean(axis=1)
        return values


def _foreground(file: MdfFile, frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the foreground of ``(frequency, frame)``, less the mean background unless that was done."""
    empty = file.is_background
    foreground = frames[:, ~empty]
    if empty.any() and not file.is_background_corrected:
        foreground = foreground - frames[:, empty].mean(axis=1, keepdims=True)
    return foreground


def _check_size(file: MdfFile, columns: int) -> None:
    size = 8 * file.sizes[0] * len(file.frequency) * columns
    if size > MAX_BYTES:
        raise file.error(
            "/measurement/data", f"{size / 2**30:.1f} GiB", f"at most {MAX_BYTES / 2**30:.0f} GiB"
        )


def _grid(file: MdfFile) -> Grid:
    """Return the 3-D grid of a calibration."""
    size = file.integers("/calibration/size", 1, 2**31, 3)
    foreground = int((~file.is_background).sum())
    if size.prod() != foreground:
        raise file.error(
            "/calibration/size", f"{size.tolist()}", f"a product of {foreground} foreground frames"
        )
    field_of_view = file.numbers("/calibration/fieldOfView", 3)
    if (field_of_view <= 0).any():
        raise file.error("/calibration/fieldOfView", f"{field_of_view.tolist()}", "positive lengths in m")
    centre = np.zeros(3)
    if file.has("/calibration/fieldOfViewCenter"):
        centre = file.numbers("/calibration/fieldOfViewCenter", 3)
    return Grid(
        shape=tuple(size.tolist()),
        field_of_view_mm=tuple((1e3 * field_of_view).tolist()),
        centre_mm=tuple((1e3 * centre).tolist()),
    )


def _storage_axes(file: MdfFile) -> tuple[int, ...]:
    """Return the axes from the slowest to the fastest."""
    order = file.text("/calibration/order", "xyz")
    if sorted(order) != sorted(AXES):
        raise file.error("/calibration/order", repr(order), "the letters x, y and z, the fastest first")
    return tuple(AXES.index(name) for name in reversed(order))


def _labelled(file: MdfFile, values: Complex, grid: Grid) -> xr.DataArray:
    dimensions = 3
    while dimensions > 1 and grid.shape[dimensions - 1] == 1:
        dimensions -= 1
    lines = dict(zip(AXES, grid.axes_m(), strict=True))
    coordinates: dict[str, Any] = {
        "channel": ("channel", _channel_names(values.shape[0]), {"long_name": "receive channel"}),
        "frequency": ("frequency", file.frequency, {"long_name": "frequency index"}),
        "frequency_Hz": ("frequency", file.frequency_Hz, {"units": "Hz"}),
    }
    for name in AXES[:dimensions]:
        coordinates[name] = (name, lines[name], {"units": "m"})
    for name in AXES[dimensions:]:
        coordinates[name] = ((), lines[name][0], {"units": "m"})
    if file.has("/calibration/snr"):
        snr = file.numbers("/calibration/snr", 1, *values.shape[:2])[0]
        coordinates["snr"] = (("channel", "frequency"), snr, {"long_name": "signal-to-noise ratio"})
    kept = {name: getattr(grid, name)[:dimensions] for name in ("shape", "field_of_view_mm", "centre_mm")}
    attributes: dict[str, Any] = {
        "units": file.text("/acquisition/receiver/unit", "arbitrary"),
        "grid": Grid(**kept).model_dump(mode="json"),
        "calibration_method": file.text("/calibration/method", "unknown"),
        "is_transfer_function_corrected": file.flag(
            "/measurement/isTransferFunctionCorrected", default=False
        ),
    }
    scanner = _scanner(file)
    if scanner is not None:
        attributes["scanner"] = scanner.model_dump(mode="json")
        orders = mixing_orders(scanner, int(file.frequency[-1]) + 1)[file.frequency]
        for name, order in zip(AXES, orders.T, strict=True):
            label = {"long_name": f"mixing order along {name}"}
            coordinates[f"mixing_order_{name}"] = ("frequency", order, label)
    return xr.DataArray(
        values.reshape(*values.shape[:2], *grid.shape[:dimensions]),
        dims=("channel", "frequency", *AXES[:dimensions]),
        coords=coordinates,
        name="system_matrix",
        attrs=attributes,
    )


def _channel_names(channels: int) -> npt.NDArray[np.str_]:
    names = AXES if channels <= len(AXES) else map(str, range(channels))
    return np.array(list(names)[:channels])


def _scanner(file: MdfFile) -> Scanner | None:
    """Return the scanner, or None where it has no diagonal gradient, one sinusoid an axis, and one trajectory a period."""
    drive = "/acquisition/drivefield"
    divider = file.integers(f"{drive}/divider", 1, 2**31, None, None)
    channels, sinusoids = divider.shape
    strength = file.numbers(f"{drive}/strength", 1, channels, sinusoids)[0]
    phase = file.numbers(f"{drive}/phase", 1, channels, sinusoids)[0]
    base_frequency = file.number(f"{drive}/baseFrequency")
    if channels > 3 or sinusoids != 1 or file.text(f"{drive}/waveform") != "sine":
        return None
    if not file.has("/acquisition/gradient"):
        return None
    gradient = file.numbers("/acquisition/gradient", 1, None, 3, 3)[0]
    if len(gradient) != 1 or (gradient[0] != np.diag(np.diag(gradient[0]))).any():
        return None
    waveform, phase = _as_cosine(phase[:, 0], strength[:, 0])
    missing = [0.0] * (3 - channels)
    try:
        scanner = Scanner.model_validate(
            {
                "gradient_T_per_m": np.diag(gradient[0]).tolist(),
                "drive_amplitude_mT": [*(1e3 * strength[:, 0]).tolist(), *missing],
                "divider": [*divider[:, 0].tolist(), *(1 for _ in missing)],
                "base_frequency_Hz": base_frequency,
                "phase_rad": [*phase.tolist(), *missing],
                "waveform": waveform,
            }
        )
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file.path}: {drive}: found {reason}, expected a sinusoidal drive field") from None
    recorded_s = file.samples / (2 * file.number("/acquisition/receiver/bandwidth"))
    return scanner if abs(scanner.period_s / recorded_s - 1) < 1e-6 else None


def _as_cosine(
    phase: npt.NDArray[np.float64], strength: npt.NDArray[np.float64]
) -> tuple[str, npt.NDArray[np.float64]]:
    """Return waveform and phases: sines that all lead by a quarter of a turn are cosines, which simulate faster."""
    if np.abs(phase[strength > 0] - np.pi / 2).max(initial=0.0) < 1e-9:
        return "cosine", np.zeros_like(phase)
    return "sine", phase
