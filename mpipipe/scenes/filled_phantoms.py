"""The test phantoms of the reconstruction study (Peng 2024, figures 5 and 6): shapes in mm, each with its concentration."""

from dataclasses import dataclass
from math import cos, inf, pi, radians, sin, tan

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.scenes.phantoms import Phantom
from mpipipe.scenes.phantoms import resolution as five_tubes
from mpipipe.scenes.render import DEPTH, render
from mpipipe.scenes.shapes import Box, Path, Point, Points, Tube

OPENMPI_FIELD: Point = (38.0, 38.0, 19.0)
INHOUSE_FIELD: Point = (22.0, 22.0, 22.0)
DILUTION = 1.5


@dataclass(frozen=True)
class FilledPhantom(Phantom):
    """Shapes that hold different concentrations.

    Attributes
    ----------
    concentrations : tuple of float
        Concentration in each shape, relative to the phantom's largest; where shapes overlap, the largest counts.
    """

    concentrations: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse a number of concentrations that does not fit, or one that is not positive."""
        if len(self.concentrations) != len(self.shapes) or not all(0 < c < inf for c in self.concentrations):
            raise InputError(
                f"concentrations: found {list(self.concentrations)}, expected {len(self.shapes)} positive values, one a shape"
            )


@dataclass(frozen=True)
class Cone:
    """A cone with a flat tip, its axis along x; in 2-D the section through its axis.

    Attributes
    ----------
    tip : (x, y, z) float
        Centre of the tip, in mm; the cone widens towards larger x.
    tip_radius, height : float
        Radius of the tip and length along x, in mm.
    half_angle_deg : float
        Angle between axis and surface, in degrees.
    """

    tip: Point
    tip_radius: float
    height: float
    half_angle_deg: float

    def distance(self, points: Points) -> npt.NDArray[np.float64]:
        """Return the signed distance in mm inside, and a lower bound of it outside near the rims."""
        offset = points - np.array(self.tip[: points.shape[-1]])
        along, across = offset[..., 0], np.linalg.norm(offset[..., 1:], axis=-1)
        angle = radians(self.half_angle_deg)
        beside = (across - self.tip_radius - along * tan(angle)) * cos(angle)
        return np.asarray(np.maximum(beside, np.abs(along - self.height / 2) - self.height / 2))


def render_filled(
    phantom: FilledPhantom,
    shape: tuple[int, ...],
    field_of_view_mm: tuple[float, ...] | None = None,
    centre_mm: tuple[float, ...] | float = 0.0,
    *,
    depth: int = DEPTH,
) -> npt.NDArray[np.float64]:
    """Return the concentration map of a phantom with several concentrations, each voxel's mean.

        c = Σ_i (C_i − C_(i+1)) · share of the shapes that hold C_i or more,   C_1 > C_2 > … > C_(n+1) = 0

    The shapes of each sum are a union, so neither overlaps nor common surfaces count twice.

    Parameters
    ----------
    phantom : FilledPhantom
        Shapes in mm and their concentrations.
    shape, field_of_view_mm, centre_mm, depth
        As in :func:`mpipipe.scenes.render.render`.

    Returns
    -------
    (x, y[, z]) float64
        Concentration, between 0 and the phantom's largest.

    Raises
    ------
    InputError
        When the grid is not 2-D or 3-D, or a size is not positive.
    """
    levels = sorted(set(phantom.concentrations), reverse=True)
    total = np.zeros(shape)
    for level, lower in zip(levels, [*levels[1:], 0.0], strict=True):
        held = zip(phantom.shapes, phantom.concentrations, strict=True)
        union = Phantom(tuple(s for s, c in held if c >= level), phantom.field_of_view_mm)
        total += render(union, shape, field_of_view_mm, centre_mm, concentration=level - lower, depth=depth)
    return total


def find_filled_phantom(name: str) -> FilledPhantom:
    """Return a phantom by its name in `FILLED_PHANTOMS`; an unknown name is an `InputError`."""
    if name not in FILLED_PHANTOMS:
        raise InputError(f"phantom: found {name!r}, expected one of {', '.join(FILLED_PHANTOMS)}")
    return FILLED_PHANTOMS[name]


def cone() -> FilledPhantom:
    """Return the shape phantom (OpenMPI): a cone of 1 mm tip radius, 10 degrees and 22 mm.

    The stated volume of 683.9 mm³ makes the angle that between axis and surface. The axis lies along x, and the middle of
    the axis at the origin [assumption].
    """
    return FilledPhantom((Cone((-11.0, 0.0, 0.0), 1.0, 22.0, 10.0),), OPENMPI_FIELD, (1.0,))


def resolution() -> FilledPhantom:
    """Return the resolution phantom (OpenMPI): five tubes, as in `mpipipe.scenes.phantoms.resolution`.

    Seen along z, the three that lie in the yz-plane fall together.
    """
    tubes = five_tubes()
    return FilledPhantom(tubes.shapes, tubes.field_of_view_mm, (1.0,) * len(tubes.shapes))


def concentration() -> FilledPhantom:
    """Return the concentration phantom (OpenMPI): eight cubes of 2 mm, each diluted by 1.5 against the one before.

    The original has two layers of four, 12 mm apart in the layer, the layers 6 mm apart. Here the four of the second layer
    stand between those of the first, 6 mm from them [assumption], so that one image shows the eight concentrations. Each
    layer begins at positive x and goes clockwise, seen from above.
    """
    layers = ((6, 6), (6, -6), (-6, -6), (-6, 6)), ((6, 0), (0, -6), (-6, 0), (0, 6))
    centres = [(float(x), float(y), 0.0) for layer in layers for x, y in layer]
    cubes = tuple(Box(centre, (2.0, 2.0, 2.0)) for centre in centres)
    return FilledPhantom(cubes, OPENMPI_FIELD, tuple(DILUTION**-step for step in range(len(cubes))))


def parallel_cylinders() -> FilledPhantom:
    """Return two parallel cylinders (Peng 2024): 12 mm long, 2.5 mm wide, 7 mm apart, along y [assumption]."""
    tubes = tuple(Tube((x, -6.0, 0.0), (x, 6.0, 0.0), 2.5) for x in (-3.5, 3.5))
    return FilledPhantom(tubes, INHOUSE_FIELD, (1.0, 1.0))


def c_shape() -> FilledPhantom:
    """Return a letter C (Peng 2024): a tube of 2.5 mm along three quarters of a circle of 5 mm radius [assumption].

    The gap faces x.
    """
    angles = np.linspace(pi / 4, 7 * pi / 4, 73)
    points = tuple((5 * cos(angle), 5 * sin(angle), 0.0) for angle in angles)
    return FilledPhantom((Path(points, 2.5),), INHOUSE_FIELD, (1.0,))


FILLED_PHANTOMS: dict[str, FilledPhantom] = {
    "shape": cone(),
    "resolution": resolution(),
    "concentration": concentration(),
    "parallel_cylinders": parallel_cylinders(),
    "c_shape": c_shape(),
}
