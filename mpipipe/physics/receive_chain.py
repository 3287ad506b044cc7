"""Transfer function of the receive chain."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError


@dataclass(frozen=True)
class TransferFunction:
    """Measured transfer function of the receive coils and amplifiers.

    Attributes
    ----------
    frequency_Hz : (sample,) ndarray of float64
        Increasing frequencies in Hz.
    gain : (channel, sample) ndarray of complex128
        Complex gain of each receive channel, in any unit.
    """

    frequency_Hz: npt.NDArray[np.float64]
    gain: npt.NDArray[np.complex128]

    def __post_init__(self) -> None:
        if self.frequency_Hz.ndim != 1 or self.gain.shape != (3, len(self.frequency_Hz)):
            raise InputError(
                f"transfer_function: found frequencies {self.frequency_Hz.shape} and gain {self.gain.shape}, "
                "expected (sample,) and (3, sample)"
            )
        if (np.diff(self.frequency_Hz) <= 0).any():
            raise InputError(
                "transfer_function: found frequencies that do not increase, expected increasing ones"
            )
        if not np.isfinite(self.gain).all():
            raise InputError("transfer_function: found gains that are not finite, expected finite ones")

    def at(self, frequency_Hz: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
        """Return the gain ``(channel, frequency)``, interpolated linearly in real and imaginary part.

        Raises
        ------
        InputError
            A frequency above zero lies outside the measured range.
        """
        asked = frequency_Hz[frequency_Hz > 0]
        low, high = self.frequency_Hz[0], self.frequency_Hz[-1]
        if len(asked) and (asked[0] < low * (1 - 1e-9) or asked[-1] > high * (1 + 1e-9)):
            raise InputError(
                f"transfer_function: found {low:g} to {high:g} Hz, expected it to cover {asked[0]:g} to {asked[-1]:g} Hz"
            )
        rows = [
            np.interp(frequency_Hz, self.frequency_Hz, g.real)
            + 1j * np.interp(frequency_Hz, self.frequency_Hz, g.imag)
            for g in self.gain
        ]
        return np.stack(rows)
