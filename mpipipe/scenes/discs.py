"""Concentration maps of bent tubes whose width and concentration change along them: discs in a dense row."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.loops import loop
from mpipipe.errors import InputError
from mpipipe.scenes.measurement import coarsen

Floats = npt.NDArray[np.float64]

FINEST_MM = 0.1
"""Pixel up to which the covered share is worked out at once; larger pixels are means of smaller ones."""


@dataclass(frozen=True)
class Discs:
    """Discs with a concentration each; in a dense row they make a tube with round ends.

    Attributes
    ----------
    centres_mm : (disc, axis) ndarray of float64
        Centres (x, y), from the middle of the scene, in mm.
    radius_mm : (disc,) ndarray of float64
        Radii, in mm.
    concentration : (disc,) ndarray of float64
        Concentration in each disc; where discs overlap, the largest counts.
    """

    centres_mm: Floats
    radius_mm: Floats
    concentration: Floats

    def __post_init__(self) -> None:
        """Refuse numbers of discs that differ, and values that are not finite or negative."""
        count = len(self.radius_mm)
        if self.centres_mm.shape != (count, 2) or self.concentration.shape != (count,):
            raise InputError(
                f"discs: found shapes {self.centres_mm.shape}, {self.radius_mm.shape} and {self.concentration.shape}, "
                f"expected (disc, 2), (disc,) and (disc,)"
            )
        values = np.column_stack([self.radius_mm, self.concentration])
        if not np.isfinite(self.centres_mm).all() or not np.isfinite(values).all() or (values < 0).any():
            raise InputError("discs: found NaN, infinity or a negative value, expected finite discs")


def render_discs(discs: Discs, pixels: int, size_mm: float) -> npt.NDArray[np.float32]:
    """Return the concentration map of discs on a square grid: covered share times concentration.

    A pixel of edge p at distance d from the centre of a disc of radius r is covered where a band of width 2 r around
    the centre overlaps the pixel's width,

        share = clip((r − d)/p + 1/2, 0, 1) − clip((−r − d)/p + 1/2, 0, 1),

    and takes the concentration of the disc that it lies deepest in, of smallest d/r. Across a straight tube the shares
    add up to its width, whatever the pixel, so the amount of tracer does not depend on the grid. Pixels above 0.1 mm are
    means of smaller ones, since one share cannot tell the two tubes of a fork.

    Parameters
    ----------
    discs : Discs
        Discs in mm; those outside the grid are left out.
    pixels : int
        Pixels along x and along y.
    size_mm : float
        Edge of the grid, centred at the origin, in mm.

    Returns
    -------
    (x, y) ndarray of float32
        Concentration, between 0 and the largest of the discs.

    Raises
    ------
    InputError
        When the grid has no pixel or no size.
    """
    if pixels < 1 or not 0 < size_mm < np.inf:
        raise InputError(f"grid: found {pixels} pixels on {size_mm:g} mm, expected positive numbers")
    refinement = int(np.ceil(size_mm / pixels / FINEST_MM))
    fine = refinement * pixels
    scale = fine / size_mm
    kept = discs.radius_mm > 0
    places = np.ascontiguousarray(discs.centres_mm[kept] * scale + (fine - 1) / 2)
    share, concentration = _stamp(fine, places, discs.radius_mm[kept] * scale, discs.concentration[kept])
    return coarsen(share * concentration, refinement)


@loop()
def _stamp(
    pixels: int, places: Floats, radius: Floats, concentration: Floats
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:  # pragma: no cover - compiled
    """Return covered share and concentration of each pixel; places and radii in pixels."""
    share = np.zeros((pixels, pixels), np.float32)
    held = np.zeros((pixels, pixels), np.float32)
    depth = np.full((pixels, pixels), np.inf, np.float32)
    for k in range(len(places)):
        (x, y), r, c = places[k], radius[k], concentration[k]
        reach = r + 0.5
        for i in range(max(0, int(np.ceil(x - reach))), min(pixels - 1, int(np.floor(x + reach))) + 1):
            for j in range(max(0, int(np.ceil(y - reach))), min(pixels - 1, int(np.floor(y + reach))) + 1):
                d = np.sqrt((i - x) ** 2 + (j - y) ** 2)
                if d >= reach:
                    continue
                band = min(max(r - d + 0.5, 0.0), 1.0) - min(max(0.5 - r - d, 0.0), 1.0)
                share[i, j] = max(share[i, j], band)
                if d / r < depth[i, j]:
                    depth[i, j], held[i, j] = d / r, c
    return share, held
