"""Classical methods by their names, and what preparing them yields."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mpipipe.config.baseline import BaselineConfig
from mpipipe.restoration.biharmonic import BiharmonicInpainting
from mpipipe.restoration.dct import dct_filter
from mpipipe.restoration.method import (
    Complex,
    Mask,
    Restorer,
    Sigma,
    check_components,
    refuse_finer,
    refuse_missing,
)
from mpipipe.restoration.multiplier import MultiplierCurve
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.restoration.phase import project_on_phase
from mpipipe.restoration.splines import SplineInterpolation


@dataclass(frozen=True)
class DctFilter:
    """DCT-F with a constant or tuned multiplier, on request projected on one phase afterwards."""

    curve: MultiplierCurve
    one_phase: bool = False

    def apply(
        self,
        observed: Complex,
        sigma: Sigma = 0.0,
        *,
        known: Mask | None = None,
        grid: tuple[int, ...] | None = None,
    ) -> Complex:
        """Denoise complete components."""
        check_components("DCT-F", observed, known)
        refuse_missing("DCT-F", known)
        refuse_finer("DCT-F", observed, grid)
        relative = np.asarray(sigma) / peak_modulus(observed).reshape(-1)
        restored = dct_filter(observed, sigma, self.curve.at(relative))
        return project_on_phase(restored) if self.one_phase else restored


@dataclass(frozen=True)
class DenoiseFirst:
    """Denoising on the measured grid, then completion on the whole one."""

    denoiser: Restorer
    completion: Restorer

    def apply(
        self,
        observed: Complex,
        sigma: Sigma = 0.0,
        *,
        known: Mask | None = None,
        grid: tuple[int, ...] | None = None,
    ) -> Complex:
        """Denoise, then complete."""
        return self.completion.apply(self.denoiser.apply(observed, sigma, known=known), grid=grid)


@dataclass(frozen=True)
class DenoiseLast:
    """Completion first, then denoising of all voxels."""

    completion: Restorer
    denoiser: Restorer

    def apply(
        self,
        observed: Complex,
        sigma: Sigma = 0.0,
        *,
        known: Mask | None = None,
        grid: tuple[int, ...] | None = None,
    ) -> Complex:
        """Complete, then denoise."""
        return self.denoiser.apply(self.completion.apply(observed, sigma, known=known, grid=grid), sigma)


@dataclass(frozen=True)
class ClassicalMethod:
    """How a classical method is built and tuned; its one number is called multiplier, whatever it means.

    Attributes
    ----------
    build : callable
        Restorer with a given multiplier curve.
    candidates : callable
        Multipliers that tuning chooses from; none where there is nothing to tune.
    completion : Restorer or None
        What does not depend on the multiplier and comes first; `build` then gives the denoiser that follows.
    """

    build: Callable[[MultiplierCurve], Restorer]
    candidates: Callable[[BaselineConfig], tuple[float, ...]]
    completion: Restorer | None = None

    def restorer(self, curve: MultiplierCurve) -> Restorer:
        """Return the whole method with a given multiplier curve."""
        last = self.build(curve)
        return last if self.completion is None else DenoiseLast(self.completion, last)


def _searched(config: BaselineConfig) -> tuple[float, ...]:
    return config.multipliers


def _nothing(_config: BaselineConfig) -> tuple[float, ...]:
    return ()


_ALIGNED, _SHIFTED, _INPAINTING = (
    SplineInterpolation(),
    SplineInterpolation(shifted=True),
    BiharmonicInpainting(),
)
_SPLINE = ClassicalMethod(lambda curve: SplineInterpolation(slope=curve), lambda _config: (0.0, 1.0))
_SHIFTED_SPLINE = ClassicalMethod(lambda curve: _SHIFTED, _nothing)
_DENOISED_SPLINE = ClassicalMethod(lambda curve: DenoiseFirst(DctFilter(curve), _ALIGNED), _searched)

CLASSICAL: dict[str, ClassicalMethod] = {
    "DCT-F": ClassicalMethod(DctFilter, _searched),
    "DCT-F (multiplier 3)": ClassicalMethod(DctFilter, lambda config: (config.fixed_multiplier,)),
    "DCT-F (one phase)": ClassicalMethod(lambda curve: DctFilter(curve, one_phase=True), _searched),
    "Bicubic": _SPLINE,
    "Bicubic (shifted grid)": _SHIFTED_SPLINE,
    "Bicubic (DCT-F first)": _DENOISED_SPLINE,
    "Tricubic": _SPLINE,
    "Tricubic (shifted grid)": _SHIFTED_SPLINE,
    "Tricubic (DCT-F first)": _DENOISED_SPLINE,
    "Biharmonic": ClassicalMethod(lambda curve: _INPAINTING, _nothing),
    "Biharmonic (then DCT-F)": ClassicalMethod(DctFilter, _searched, completion=_INPAINTING),
}
