"""Sessions of a 1-D scanner: averaged periods with the sample parked and at each position, in blocks that repeat."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LineSession:
    """One session of a scanner along a line.

    Attributes
    ----------
    background : (block, sample) ndarray of float64
        One period of each block without a sample, in counts of the converter.
    signals : (block, position, sample) ndarray of float64
        One period with the sample at each position.
    usable : (block, position) ndarray of bool
        False where a row is corrupt.
    position_mm : (position,) ndarray of float64
        Where the sample was.
    """

    background: FloatArray
    signals: FloatArray
    usable: npt.NDArray[np.bool_]
    position_mm: FloatArray

    @property
    def subtracted(self) -> FloatArray:
        """Signals ``(block, position, sample)`` less the background of their own block."""
        return self.signals - self.background[:, None]

    def blocks(self, numbers: list[int]) -> "LineSession":
        """Return a session with some of the blocks."""
        return LineSession(
            self.background[numbers], self.signals[numbers], self.usable[numbers], self.position_mm
        )
