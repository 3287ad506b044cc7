"""A point source through the gridding, beside its theoretical image: what the gridding itself costs."""

from dataclasses import dataclass

import numpy as np

from mpipipe.config.deblurring import Acquisition
from mpipipe.physics.point_spread import collinear_point_spread, point_spread_tensor
from mpipipe.physics.trajectory import (
    field_free_point_m,
    field_free_point_velocity_m_per_s,
    sample_times_s,
)
from mpipipe.reconstruction.gridding import Gridding
from mpipipe.studies.xspace_scan import Images

PLACE = (0.42, 0.56)
"""Place of the source in the field of view, from its lower corner: inside the central half, on no symmetry."""


@dataclass(frozen=True)
class ScannedPoint:
    """Collinear images of a point source at the centre of a pixel.

    Attributes
    ----------
    gridded, theory : (partition, x, y) ndarray of float32
        Images of a source of unit amount, in 1/m: gridded from its signal, and the point-spread function of the
        collinear signal in the local direction of motion.
    pixel : (int, int)
        Pixel of the source.
    """

    gridded: Images
    theory: Images
    pixel: tuple[int, int]


def scan_point(acquisition: Acquisition, gridding: Gridding) -> ScannedPoint:
    """Return the scan of a point source, its signal in closed form.

    Parameters
    ----------
    acquisition : Acquisition
        Scanner, particle and grid.
    gridding : Gridding
        Prepared for it.
    """
    scanner, particle = acquisition.scanner, acquisition.particle
    pixels = acquisition.grid.positions_m()[..., :2]
    pixel = (int(PLACE[0] * pixels.shape[0]), int(PLACE[1] * pixels.shape[1]))
    source = pixels[pixel]
    time = sample_times_s(scanner)
    offsets = source - field_free_point_m(scanner, time)[:, :2]
    tensor = point_spread_tensor(particle, scanner.gradient_T_per_m, offsets)
    velocity = field_free_point_velocity_m_per_s(scanner, time)[:, :2]
    signal = np.einsum("tij,tj->it", tensor, velocity).astype(np.float32)
    theory = collinear_point_spread(
        particle, scanner.gradient_T_per_m, (source - pixels)[None], gridding.direction
    )
    return ScannedPoint(gridding.apply(signal[None])[0], theory.astype(np.float32), pixel)
