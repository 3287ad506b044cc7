"""Numbers of classical methods that are tuned at several noise levels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class MultiplierCurve:
    """Tuned number, such as the multiplier of DCT-F, against the noise level relative to the noisy image's maximum.

    The relative level does not change with the scale of a component, so a tuned method commutes with it.

    Attributes
    ----------
    relative_sigma : tuple of float
        Levels σ / max|y|, increasing.
    multiplier : tuple of float
        Multiplier at each level; between them it is linear in the level's logarithm, beyond them constant.
    """

    relative_sigma: tuple[float, ...]
    multiplier: tuple[float, ...]

    def at(self, relative_sigma: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Return the multiplier at relative noise levels."""
        tiny = np.finfo(np.float32).tiny
        level = np.log(np.maximum(relative_sigma, tiny))
        return np.asarray(
            np.interp(level, np.log(np.maximum(self.relative_sigma, tiny)), self.multiplier), np.float64
        )


def constant_multiplier(multiplier: float) -> MultiplierCurve:
    """Return the curve of one multiplier for every noise level."""
    return MultiplierCurve((1.0,), (multiplier,))
