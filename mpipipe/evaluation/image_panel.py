"""Reconstructed images side by side on one scale (Tsanda 2025, figures 3 to 6; Peng 2024, figure 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import add_footer, style

CONCENTRATION_COLOURS = "inferno"
PANEL_INCH = 1.45


@dataclass(frozen=True)
class PanelImage:
    """One image of a panel.

    Attributes
    ----------
    title : str
        Name of the method, or of the truth.
    image : (x, y) ndarray of float
        Concentration.
    scores : mapping of str to str
        What stands below it, such as ``{"PSNR": "24.1 dB", "SSIM": "0.93"}``.
    """

    title: str
    image: npt.NDArray[np.floating[Any]]
    scores: Mapping[str, str]


def image_panel(
    images: Sequence[PanelImage],
    extent_mm: tuple[float, float, float, float],
    provenance: Provenance,
    *,
    unit: str = "relative to the calibration sample",
    peak: float | None = None,
    columns: int = 5,
    length_unit: str = "mm",
) -> Figure:
    """Draw images side by side with one colour bar.

    Parameters
    ----------
    images : sequence of PanelImage
        Images of one field of view; their grids may differ.
    extent_mm : tuple of float
        Edges of the field of view: left and right along x, lower and upper along y.
    provenance : Provenance
        Run, for the footer.
    unit : str
        Unit of the concentration, such as ``mmol/l``.
    peak : float, optional
        Upper end of the scale; none given means the first image's maximum, usually the truth's.
    columns : int
        Images in a row.
    length_unit : str
        Unit of the extent, where it is not mm.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no image, or one is not a plane.
    """
    for item in images:
        if item.image.ndim != 2:
            raise InputError(f"images: {item.title}: found shape {item.image.shape}, expected a plane (x, y)")
    if not images:
        raise InputError("images: found none, expected at least one")
    top = float(images[0].image.max()) if peak is None else peak
    wide = min(columns, len(images))
    rows = -(-len(images) // wide)
    aspect = (extent_mm[3] - extent_mm[2]) / (extent_mm[1] - extent_mm[0])
    with style():
        size = (PANEL_INCH * wide + 1.2, (PANEL_INCH * aspect + 0.72) * rows + 0.3)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(rows, wide, squeeze=False, sharex=True, sharey=True)
        for spare in axes.flat[len(images) :]:
            spare.axis("off")
        for number, (place, item) in enumerate(zip(axes.flat, images, strict=False)):
            drawn = place.imshow(
                item.image.T,
                extent=extent_mm,
                origin="lower",
                cmap=CONCENTRATION_COLOURS,
                vmin=0,
                vmax=top or 1,
            )
            place.set_title(item.title)
            place.tick_params(length=2, labelbottom=True)
            place.locator_params(nbins=3)
            place.set_xlabel(
                "\n".join([f"x / {length_unit}", *(f"{k} {v}" for k, v in item.scores.items())]), labelpad=1
            )
            if number % wide == 0:
                place.set_ylabel(f"y / {length_unit}", labelpad=1)
        bar = figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02, aspect=18, extend="both")
        bar.set_label(f"concentration\n{unit}")
        add_footer(figure, provenance)
    return figure
