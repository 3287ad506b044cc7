"""Components of a system matrix before and after a restoration, and the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.restored_panel import RestoredComponent, restored_panel

CHARACTERS_PER_INCH = 17
"""Of the caption's font at its size."""
GAIN = 5
"""By which the difference is brightened."""


@dataclass(frozen=True)
class BeforeAfter:
    """One component.

    Attributes
    ----------
    measured : (x, y[, z]) ndarray of complex64
        Measured voxels, every k-th of the restored grid; 0 where one is missing.
    restored : (x, y[, z]) ndarray of complex64
        Restored component.
    difference : (x, y[, z]) ndarray of complex64
        Restored less measured, where it was measured.
    label : str
        What the component is.
    """

    measured: npt.NDArray[Any]
    restored: npt.NDArray[Any]
    difference: npt.NDArray[Any]
    label: str


def before_after(
    components: Sequence[BeforeAfter],
    method: str,
    factor: int,
    extent: Extent,
    caption: str,
    provenance: Provenance,
    *,
    length_unit: str = "mm",
) -> Figure:
    """Draw components as measured, restored, and the difference, one row each, with the caption below.

    Parameters
    ----------
    components : sequence of BeforeAfter
        Rows.
    method : str
        What restored them.
    factor : int
        k: a measured voxel of a coarser grid is drawn over k voxels along each axis, itself the first.
    extent : tuple of float
        Edges of the restored grid.
    caption : str
        Sentences.
    provenance : Provenance
        Run that prepared the method, for the footer.
    length_unit : str
        Unit of the extent.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = [
        RestoredComponent(
            _spread(one.measured, factor, one.restored.shape),
            {
                method: one.restored,
                f"Difference × {GAIN}": GAIN * _spread(one.difference, factor, one.restored.shape),
            },
            one.label,
        )
        for one in components
    ]
    figure = restored_panel(rows, extent, provenance, length_unit=length_unit)
    width = round(CHARACTERS_PER_INCH * figure.get_figwidth())
    with style():
        figure.text(0.02, 0, fill(caption, width), va="top", fontsize=7)
    return figure


def _spread(image: npt.NDArray[Any], factor: int, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return a coarse image with each voxel over the block of fine ones that begins at it."""
    for axis in range(image.ndim):
        image = np.repeat(image, factor if shape[axis] > 1 else 1, axis=axis)
    return image[tuple(slice(size) for size in shape)]
