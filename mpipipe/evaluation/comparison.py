"""Pictures of one thing that are laid over each other: what was measured, what each method made of it, and the truth."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.image import imsave

from mpipipe.config.base import Section
from mpipipe.evaluation.complex_colour import complex_colours
from mpipipe.evaluation.component_axes import as_picture
from mpipipe.evaluation.gallery import RelativePath
from mpipipe.evaluation.orthogonal_views import CONCENTRATION_COLOURS

Colours = npt.NDArray[np.uint8]
MISSING = (176, 176, 176)
"""Grey of voxels that were not measured."""


@dataclass(frozen=True)
class ComparedImage:
    """One picture of a comparison.

    Attributes
    ----------
    label : str
        Name of the method, of the measurement or of the truth.
    colours : (x, y, 3) ndarray of uint8
        sRGB, one value a voxel of the grid that all pictures share.
    quality : float or None
        The higher the better, to tell which method comes closest; None for what is no estimate.
    score : str
        Quality as text, such as ``24.1 dB``.
    """

    label: str
    colours: Colours
    quality: float | None = None
    score: str = ""


@dataclass(frozen=True)
class ComparedImages:
    """Pictures of one thing on one grid.

    Attributes
    ----------
    name, title, caption : str
        Name of the files, heading, and what is shown.
    size_mm : tuple of float
        Edge lengths of the field of view along x and y.
    images : tuple of ComparedImage
        The truth, then what was measured and the estimates.
    before : str
        Label of the picture that lies on the left at first; the best estimate lies on the right.
    """

    name: str
    title: str
    caption: str
    size_mm: tuple[float, float]
    images: tuple[ComparedImage, ...]
    before: str


class ComparedPicture(Section):
    """A picture as a file.

    Attributes
    ----------
    label, score, path : str
        Name, quality as text, and file.
    """

    label: str
    score: str
    path: RelativePath


class Comparison(Section):
    """Pictures on one grid with a line between two of them that a reader moves.

    Attributes
    ----------
    name, title, caption : str
        Identifier, heading, and what is shown.
    width, height : float
        Size of the field of view; their ratio is that of the pictures.
    pictures : tuple of ComparedPicture
        The truth first.
    before, after : int
        Which pictures lie on the left and on the right at first.
    source, digest : str
        Artifact that the pictures were drawn from, and its provenance.
    """

    name: str
    title: str
    caption: str
    width: float
    height: float
    pictures: tuple[ComparedPicture, ...]
    before: int
    after: int
    source: str
    digest: str


def component_picture(
    plane: npt.NDArray[np.complexfloating[Any, Any]],
    known: npt.NDArray[np.bool_] | None = None,
    peak: float = 1.0,
) -> Colours:
    """Return the colours of a component: hue is the phase, brightness the modulus, and missing voxels are grey.

    Parameters
    ----------
    plane : (x, y) ndarray of complex
        Values; a modulus of `peak` has full brightness.
    known : (x, y) ndarray of bool, optional
        Voxels that were measured; none given means all.
    peak : float
        Modulus of full brightness.

    Returns
    -------
    (x, y, 3) ndarray of uint8
        sRGB.
    """
    colours = (255 * complex_colours(plane, peak)).round().astype(np.uint8)
    if known is not None:
        colours[~known] = MISSING
    return colours


def concentration_picture(plane: npt.NDArray[np.floating[Any]], peak: float) -> Colours:
    """Return the colours ``(x, y, 3)`` (sRGB, uint8) of a concentration ``(x, y)``, dark at 0 and bright at `peak`."""
    shown = np.clip(plane / (peak or 1.0), 0.0, 1.0)
    return np.asarray(colormaps[CONCENTRATION_COLOURS](shown, bytes=True)[..., :3], np.uint8)


def on_full_grid(image: npt.NDArray[Any], shape: tuple[int, ...], factor: int) -> npt.NDArray[Any]:
    """Return an image of every k-th voxel on the whole grid, each voxel with the value that was measured nearest to it.

    Parameters
    ----------
    image : (x', y'[, z']) ndarray
        Measured voxels; measured were those at 0, k, 2k, …
    shape : tuple of int
        Whole grid.
    factor : int
        k.
    """
    for axis, size in enumerate(shape):
        nearest = (np.arange(size) + (factor - 1) // 2) // factor
        image = np.take(image, np.minimum(nearest, image.shape[axis] - 1), axis=axis)
    return image


def png_of(colours: Colours) -> bytes:
    """Return a picture ``(x, y, 3)`` as PNG, x to the right and y upwards; the same bytes for the same picture."""
    target = io.BytesIO()
    picture = np.ascontiguousarray(as_picture(colours))
    without_version: Any = {"Software": None}
    imsave(target, picture, format="png", origin="lower", metadata=without_version)
    return target.getvalue()


def shown_at_first(compared: ComparedImages) -> tuple[int, int]:
    """Return the places of the two pictures that are shown at first: what was measured, and the best estimate."""
    labels = [image.label for image in compared.images]
    before = labels.index(compared.before)
    rated = [
        (image.quality, place)
        for place, image in enumerate(compared.images)
        if image.quality is not None and place != before
    ]
    best = max(rated, key=lambda pair: (pair[0], -pair[1]), default=(0.0, 0))
    return before, best[1]
