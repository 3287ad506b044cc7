"""Test phantoms of the deblurring study: vessels in a field of view of 20 x 20 mm (Ergun 2022, figure 2a)."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from mpipipe.config.coded_scene import VesselPhantomName
from mpipipe.errors import InputError
from mpipipe.scenes.discs import Discs, render_discs
from mpipipe.scenes.filled_phantoms import FilledPhantom, render_filled
from mpipipe.scenes.shapes import Ball, Box, Path, Shape

Image = npt.NDArray[np.float32]
Place = tuple[float, float]
Curve = tuple[Place, Place, Place]

LAMBDA_WIDTH_MM = 1.5
LAMBDA: tuple[Curve, ...] = (
    ((-6.3, 7.8), (-5.5, 7.9), (-4.8, 7.3)),  # the part that stands alone
    ((-3.2, 5.3), (-1.2, 3.0), (5.0, -7.5)),
    ((0.3, 0.0), (-1.8, -4.0), (-5.0, -7.5)),
)
"""The strokes of the λ: start, control point and end of quadratic curves, in mm; the last begins at the fork."""
FORK: tuple[tuple[Curve, Place, Place], ...] = (
    (((-1.0, -8.5), (1.0, -5.5), (-0.3, -1.5)), (2.2, 1.7), (1.0, 0.9)),
    (((-0.3, -1.5), (-1.5, 2.5), (-6.5, 7.5)), (1.6, 0.5), (0.9, 0.4)),
    (((-0.3, -1.5), (0.6, 1.0), (3.0, 2.5)), (1.7, 1.2), (0.9, 0.75)),
    (((3.0, 2.5), (4.2, 4.5), (2.8, 8.5)), (1.2, 0.4), (0.75, 0.3)),
    (((3.0, 2.5), (5.0, 3.8), (8.5, 3.2)), (1.2, 0.4), (0.75, 0.25)),
)
"""The branches of the fork: curve, and width in mm and concentration at start and end."""
BACKGROUND = 0.1
BLOBS = ((Ball((5.5, 4.5, 0.0), 3.0), 0.5), (Ball((-6.5, -1.5, 0.0), 2.0), 0.3))
CURVE_POINTS = 49
"""Corners of the line that stands for a curve of the λ."""
STEPS_PER_MM = 50
"""Discs along a millimetre of a branch."""


def vessel_phantom(name: VesselPhantomName, pixels: int, field_of_view_mm: float = 20.0) -> Image:
    """Return a test phantom by its name, as the mean concentration in each pixel.

    - ``lambda``: the paper's phantom: a λ, which forks, with a small part that stands alone near its top and broad empty
      background, of concentration 1. Its measures are an [assumption].
    - ``fork``: a vessel that forks twice; width and concentration fall along it.
    - ``background``: the λ in tracer of 10 %, beside a disc of 50 % and one of 30 %.

    The last two are not in the paper.

    Parameters
    ----------
    name : {"lambda", "fork", "background"}
        Phantom.
    pixels : int
        Pixels along x and along y.
    field_of_view_mm : float
        Edge of the field that is shown, centred on the phantom, in mm; the phantom keeps its size.

    Returns
    -------
    (x, y) ndarray of float32
        Concentration between 0 and 1.

    Raises
    ------
    InputError
        When the name is unknown, or the grid has no pixel or no size.
    """
    if name not in VESSEL_PHANTOMS:
        raise InputError(f"phantom: found {name!r}, expected one of {', '.join(VESSEL_PHANTOMS)}")
    return VESSEL_PHANTOMS[name](pixels, field_of_view_mm)


def _lambda(pixels: int, field_mm: float) -> Image:
    return _filled([(stroke, 1.0) for stroke in _strokes()], pixels, field_mm)


def _background(pixels: int, field_mm: float) -> Image:
    everywhere = (Box((0.0, 0.0, 0.0), (field_mm, field_mm, field_mm)), BACKGROUND)
    return _filled([*((stroke, 1.0) for stroke in _strokes()), everywhere, *BLOBS], pixels, field_mm)


def _fork(pixels: int, field_mm: float) -> Image:
    branches = [_branch(*branch) for branch in FORK]
    return render_discs(Discs(*map(np.concatenate, zip(*branches, strict=True))), pixels, field_mm)


def _strokes() -> list[Path]:
    lines = (_points_on(curve, CURVE_POINTS) for curve in LAMBDA)
    return [Path(tuple((float(x), float(y), 0.0) for x, y in line), LAMBDA_WIDTH_MM) for line in lines]


def _branch(curve: Curve, widths: Place, concentrations: Place) -> tuple[npt.NDArray[np.float64], ...]:
    """Return centres, radii and concentrations of discs along a curve."""
    corners = np.array(curve)
    count = int(np.ceil(np.linalg.norm(np.diff(corners, axis=0), axis=1).sum() * STEPS_PER_MM))
    return _points_on(curve, count), np.linspace(*widths, count) / 2, np.linspace(*concentrations, count)


def _points_on(curve: Curve, count: int) -> npt.NDArray[np.float64]:
    """Return points ``(point, axis)`` on a quadratic Bézier curve, in mm."""
    start, control, end = np.array(curve)
    t = np.linspace(0, 1, count)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)


def _filled(held: Sequence[tuple[Shape, float]], pixels: int, field_mm: float) -> Image:
    shapes, concentrations = zip(*held, strict=True)
    phantom = FilledPhantom(shapes, (field_mm,) * 3, concentrations)
    return render_filled(phantom, (pixels, pixels)).astype(np.float32)


VESSEL_PHANTOMS: dict[VesselPhantomName, Callable[[int, float], Image]] = {
    "lambda": _lambda,
    "fork": _fork,
    "background": _background,
}
