"""Phantoms: what is filled with tracer, as lists of shapes in mm, free of any grid."""

from dataclasses import dataclass

import numpy as np

from mpipipe.errors import InputError
from mpipipe.scenes.shapes import Box, Path, Point, Shape, Tube


@dataclass(frozen=True)
class Phantom:
    """Shapes and the field that they are shown in.

    Attributes
    ----------
    shapes : tuple of Shape
        What holds tracer; the phantom is their union.
    field_of_view_mm : (x, y, z) float
        Edge lengths of the measured field, centred at the origin, in mm.
    """

    shapes: tuple[Shape, ...]
    field_of_view_mm: Point


def find_phantom(name: str) -> Phantom:
    """Return a phantom by its name in `PHANTOMS`; an unknown name is an `InputError`."""
    if name not in PHANTOMS:
        raise InputError(f"phantom: found {name!r}, expected one of {', '.join(PHANTOMS)}")
    return PHANTOMS[name]


def snake() -> Phantom:
    """Return five rods in a meander (Tsanda 2025): 2.5 mm x 2.5 mm, lengths 20, 17.5, 15, 8.75 and 5 mm.

    The order is an [assumption]: the three long rods lie along x, joined by the two short ones, and touch
    without overlap. The field of 34 mm x 30 mm is the paper's.
    """
    width = 2.5
    placed = (  # left end, lower end, length along x, length along y
        (-10.0, 8.125, 20.0, width),
        (7.5, 3.125, width, 5.0),
        (-7.5, 0.625, 17.5, width),
        (-7.5, -8.125, width, 8.75),
        (-7.5, -10.625, 15.0, width),
    )
    rods = tuple(
        Box((left + along / 2, low + across / 2, 0.0), (along, across, width))
        for left, low, along, across in placed
    )
    return Phantom(rods, (34.0, 30.0, 10.0))


def resolution() -> Phantom:
    """Return five tubes from one point (OpenMPI): at 20 and 30 degrees in xy, 10 and 15 in yz, and along y.

    Length (15 mm), diameter (1.5 mm), the axis they spread from and the place of the point are an
    [assumption]; the field is that of the calibration, 38 mm x 38 mm x 19 mm.
    """
    origin, length, diameter = (0.0, -8.0, 0.0), 15.0, 1.5
    angles = ((0, 0), (20, 0), (-30, 0), (0, 10), (0, -15))
    tubes = tuple(Tube(origin, _towards(origin, length, *pair), diameter) for pair in angles)
    return Phantom(tubes, (38.0, 38.0, 19.0))


def spiral() -> Phantom:
    """Return an Archimedean spiral with two full windings in a field of 29 mm x 29 mm (Tsanda 2025).

    Pitch (5 mm), first radius (2 mm) and diameter (1.5 mm) are an [assumption].
    """
    angle = np.linspace(0, 4 * np.pi, 145)
    radius = 2.0 + 5.0 * angle / (2 * np.pi)
    points = tuple(
        (float(r * np.cos(a)), float(r * np.sin(a)), 0.0) for r, a in zip(radius, angle, strict=True)
    )
    return Phantom((Path(points, 1.5),), (29.0, 29.0, 5.0))


def nested_rectangles() -> Phantom:
    """Return the lower left part of four nested square tubes in a field of 50 x 42 x 27 mm (Tsanda 2025).

    Edges (20, 36, 52 and 68 mm), tube width (3 mm) and the common centre (15, 15) mm are an [assumption].
    """
    frames = tuple(box for edge in (20.0, 36.0, 52.0, 68.0) for box in _frame((15.0, 15.0), edge, 3.0))
    return Phantom(frames, (50.0, 42.0, 27.0))


def _towards(origin: Point, length: float, in_xy_deg: float, in_yz_deg: float) -> Point:
    """Return the point at a distance from another, along y turned by one angle towards x or z."""
    x, z = np.sin(np.deg2rad(in_xy_deg)), np.sin(np.deg2rad(in_yz_deg))
    y = np.sqrt(1 - x**2 - z**2)
    return tuple(float(o + length * step) for o, step in zip(origin, (x, y, z), strict=True))  # type: ignore[return-value]


def _frame(centre: tuple[float, float], edge: float, width: float) -> tuple[Box, ...]:
    """Return the four touching bars of a square tube of outer length ``edge``."""
    (x, y), off, inner = centre, (edge - width) / 2, edge - 2 * width
    lying = tuple(Box((x, y + s * off, 0.0), (edge, width, width)) for s in (-1, 1))
    standing = tuple(Box((x + s * off, y, 0.0), (width, inner, width)) for s in (-1, 1))
    return lying + standing


PHANTOMS: dict[str, Phantom] = {
    "snake": snake(),
    "resolution": resolution(),
    "spiral": spiral(),
    "nested_rectangles": nested_rectangles(),
}
