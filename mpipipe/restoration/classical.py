"""Classical denoising methods by their names, and what preparing them yields."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.config.baseline import BaselineConfig
from mpipipe.restoration.dct import dct_filter
from mpipipe.restoration.method import Complex, Sigma
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.restoration.phase import project_on_phase


@dataclass(frozen=True)
class MultiplierCurve:
    """Multiplier of DCT-F against the noise level relative to the noisy image's maximum.

    The relative level does not change with the scale of a component, so a tuned filter commutes with it.

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
        return np.asarray(np.interp(level, np.log(self.relative_sigma), self.multiplier), np.float64)


@dataclass(frozen=True)
class DctFilter:
    """DCT-F with a constant or tuned multiplier, on request projected on one phase afterwards."""

    curve: MultiplierCurve
    one_phase: bool = False

    def apply(self, noisy: Complex, sigma: Sigma) -> Complex:
        """Restore components ``(component, x, y[, z])`` with noise of standard deviation σ."""
        relative = np.asarray(sigma) / peak_modulus(noisy).reshape(-1)
        restored = dct_filter(noisy, sigma, self.curve.at(relative))
        return project_on_phase(restored) if self.one_phase else restored


@dataclass(frozen=True)
class ClassicalMethod:
    """How a classical method is built and tuned.

    Attributes
    ----------
    build : callable
        Restorer with a given multiplier curve.
    candidates : callable
        Multipliers that tuning chooses from.
    """

    build: Callable[[MultiplierCurve], DctFilter]
    candidates: Callable[[BaselineConfig], tuple[float, ...]]


CLASSICAL: dict[str, ClassicalMethod] = {
    "DCT-F": ClassicalMethod(DctFilter, lambda config: config.multipliers),
    "DCT-F (multiplier 3)": ClassicalMethod(DctFilter, lambda config: (config.fixed_multiplier,)),
    "DCT-F (one phase)": ClassicalMethod(
        lambda curve: DctFilter(curve, one_phase=True), lambda config: config.multipliers
    ),
}


def constant_multiplier(multiplier: float) -> MultiplierCurve:
    """Return the curve of one multiplier for every noise level."""
    return MultiplierCurve((1.0,), (multiplier,))
