"""The scanner that an MDF file describes, where :class:`Scanner` can express its fields."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_file import MdfFile
from mpipipe.storage.mdf_geometry import from_thousandths, to_thousandths

DRIVE = "/acquisition/drivefield"
QUARTER_TURN = np.pi / 2


def read_scanner(file: MdfFile) -> Scanner | None:
    """Return the scanner, or None where it has no diagonal gradient, one sinusoid an axis, and one trajectory a period."""
    divider = file.integers(f"{DRIVE}/divider", 1, 2**31, None, None)
    channels, sinusoids = divider.shape
    strength = file.numbers(f"{DRIVE}/strength", 1, channels, sinusoids)[0]
    phase = file.numbers(f"{DRIVE}/phase", 1, channels, sinusoids)[0]
    base_frequency = file.number(f"{DRIVE}/baseFrequency")
    if channels > 3 or sinusoids != 1 or file.text(f"{DRIVE}/waveform") != "sine":
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
                "drive_amplitude_mT": [*map(to_thousandths, strength[:, 0]), *missing],
                "divider": [*divider[:, 0].tolist(), *(1 for _ in missing)],
                "base_frequency_Hz": base_frequency,
                "phase_rad": [*phase.tolist(), *missing],
                "waveform": waveform,
            }
        )
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file.path}: {DRIVE}: found {reason}, expected a sinusoidal drive field") from None
    recorded_s = file.samples / (2 * file.number("/acquisition/receiver/bandwidth"))
    return scanner if abs(scanner.period_s / recorded_s - 1) < 1e-6 else None


def field_values(scanner: Scanner, samples: int | None = None) -> dict[str, Any]:
    """Return the datasets that describe the fields and the sampling of a scanner.

    Parameters
    ----------
    scanner : Scanner
        Its three axes become three drive-field channels of one sine each; a cosine leads by a quarter of a turn.
    samples : int, optional
        Samples of a period; by default those at the base frequency.

    Returns
    -------
    dict
        Values by HDF5 path, under ``/acquisition``.
    """
    samples = scanner.samples if samples is None else samples
    lead = QUARTER_TURN if scanner.waveform == "cosine" else 0.0
    phase = np.array([_wrapped(value + lead) for value in scanner.phase_rad])
    strength = np.array([from_thousandths(value) for value in scanner.drive_amplitude_mT])
    return {
        "/acquisition/gradient": np.diag(scanner.gradient_T_per_m)[None, None],
        f"{DRIVE}/baseFrequency": scanner.base_frequency_Hz,
        f"{DRIVE}/cycle": scanner.period_s,
        f"{DRIVE}/divider": np.array(scanner.divider, np.int64)[:, None],
        f"{DRIVE}/numChannels": 3,
        f"{DRIVE}/phase": phase[None, :, None],
        f"{DRIVE}/strength": strength[None, :, None],
        f"{DRIVE}/waveform": np.array([["sine"]] * 3, object),
        "/acquisition/receiver/bandwidth": samples / (2 * scanner.period_s)
        if samples != scanner.samples
        else scanner.base_frequency_Hz / 2,
        "/acquisition/receiver/numSamplingPoints": samples,
    }


def _wrapped(angle: float) -> float:
    """Return an angle in [-pi, pi), unchanged where it lies there."""
    return angle if -np.pi <= angle < np.pi else float((angle + np.pi) % (2 * np.pi) - np.pi)


def _as_cosine(
    phase: npt.NDArray[np.float64], strength: npt.NDArray[np.float64]
) -> tuple[str, npt.NDArray[np.float64]]:
    """Return waveform and phases: sines that all lead by a quarter of a turn are cosines, which simulate faster."""
    if np.abs(phase[strength > 0] - QUARTER_TURN).max(initial=0.0) < 1e-9:
        return "cosine", np.zeros_like(phase)
    return "sine", phase
