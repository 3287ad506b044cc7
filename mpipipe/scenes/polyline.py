"""The compiled distance from a bent line."""

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.loops import loop


@loop()
def distance_to_polyline(
    points: npt.NDArray[np.float64], corners: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:  # pragma: no cover - compiled
    """Return the distance of points from the straight pieces between corners.

    Parameters
    ----------
    points : (point, axis) float64
        Points, in mm.
    corners : (corner, axis) float64
        Corners of the line, in mm.

    Returns
    -------
    (point,) float64
        Distances, in mm.
    """
    axes = corners.shape[1]
    nearest = np.full(len(points), np.inf)
    for s in range(len(corners) - 1):
        length2 = 0.0
        for a in range(axes):
            length2 += (corners[s + 1, a] - corners[s, a]) ** 2
        for p in range(len(points)):
            share = 0.0
            for a in range(axes):
                share += (points[p, a] - corners[s, a]) * (corners[s + 1, a] - corners[s, a])
            share = min(max(share / length2, 0.0), 1.0) if length2 > 0 else 0.0
            squared = 0.0
            for a in range(axes):
                squared += (points[p, a] - corners[s, a] - share * (corners[s + 1, a] - corners[s, a])) ** 2
            nearest[p] = min(nearest[p], squared)
    root: npt.NDArray[np.float64] = np.sqrt(nearest)
    return root
