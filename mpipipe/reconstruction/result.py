"""What every solver returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Reconstruction:
    """Images and how well they explain the signals.

    Attributes
    ----------
    image : (voxel,) or (batch, voxel) float or complex
        Concentration in each voxel, in the unit of the calibration.
    relative_residual : float64 scalar or (batch,) float64
        ‖W(Ax − b)‖/‖Wb‖ at the end, over the rows that took part, with row weights W; 0 for a zero signal.
    iterations : int
        Sweeps or iterations that were run.
    """

    image: npt.NDArray[Any]
    relative_residual: np.float64 | npt.NDArray[np.float64]
    iterations: int
