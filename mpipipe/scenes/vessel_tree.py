"""A scene with forks: the vessels of a retinal photograph, each at its place, with its width and contrast."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold, sato
from skimage.morphology import remove_small_objects, skeletonize

from mpipipe.config.coded_scene import CodedSceneConfig
from mpipipe.errors import InputError
from mpipipe.scenes.discs import Discs, render_discs

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

EYE_RED = 0.2
"""Red above which a pixel lies in the eye, between 0 and 1; the frame around it is black."""
BACKGROUND_PX = 25.0
"""Standard deviation of the blur that shows the retina without its vessels, in pixels."""
VESSEL_PX = (1.5, 2.0, 3.0, 4.0, 6.0)
"""Standard deviations of the ridge filter, about half of a vessel's width, in pixels."""
RIM_PX = 16
"""Width of the eye's rim that is left out: the ridge filter sees the rim itself."""
THRESHOLDS = (0.03, 0.06)
"""Ridge strength that continues a vessel, and that begins one, in units of the local brightness."""
DEEPEST_PX = 9
"""Edge of the square in which a vessel's full contrast is looked for, in pixels."""
SMALLEST_PX = 600
"""Area below which a piece is no vessel, in pixels."""
SPUR_PX = 14
"""Length below which a branch is a spur of the thinning, in pixels."""
SMOOTHING_PX = 12.0
"""Standard deviation of the average of width and contrast along a vessel, in pixels."""
PLACE_SMOOTHING_PX = 3.0
"""Standard deviation of the average of places along a vessel, which takes away the steps between pixels."""
EXTREMES = (1, 99)
"""Percentiles of the vessels' contrast that get the smallest and the largest concentration."""

_ROUND = np.ones((3, 3), dtype=np.int64)


def scene_from_retina(
    image: npt.NDArray[Any], config: CodedSceneConfig, pixels: int
) -> npt.NDArray[np.float32]:
    """Return a scene of the vessels of a retinal photograph, which fills it, as the mean in each pixel.

    Width is that in the photograph times ``config.widening``, within ``config.width_mm``: the vessels of a retina that
    is enlarged to 7 cm are 0.1 to 0.6 mm wide. Concentration follows the vessel's contrast and fills
    ``config.concentration``.

    Parameters
    ----------
    image : (row, column, colour) ndarray of uint8
        Square photograph, red, green and blue; row 0 is the upper edge, of largest y.
    config : CodedSceneConfig
        Size, widening, widths and concentrations.
    pixels : int
        Pixels along x and along y. They do not change what is shown.

    Returns
    -------
    (x, y) ndarray of float32
        Concentration, 0 between the vessels.

    Raises
    ------
    InputError
        When the photograph is not of that form or shows no vessel, or the grid has no pixel.
    """
    return render_discs(trace_vessels(image, config), pixels, config.size_mm)


def trace_vessels(image: npt.NDArray[Any], config: CodedSceneConfig) -> Discs:
    """Return the vessels of a retinal photograph as discs along their centre lines.

    Green, in which blood is darkest, is divided by its blurred self. A ridge filter of several widths (Sato 1998) and
    a threshold with hysteresis give the vessels, and thinning their centre lines. The edges are where half of the local
    contrast is left. Width and contrast are averaged along the vessel.

    Parameters
    ----------
    image, config
        As in :func:`scene_from_retina`.

    Returns
    -------
    Discs
        One a pixel of the centre lines.

    Raises
    ------
    InputError
        When the photograph is not of that form or shows no vessel.
    """
    _check(image)
    eye = _eye(image)
    relative = _flatten(image[..., 1] / 255, eye)
    vessels = _find_vessels(relative, eye)
    lines = _centre_lines(vessels)
    if not lines.any():
        raise InputError("image: found no vessel, expected the photograph of a retina")
    pixel_mm = config.size_mm / len(image)
    radius_px = _average_along(_edge_distance(relative, vessels), lines, SMOOTHING_PX)
    half_width = np.asarray(config.width_mm) / 2
    radius = np.clip(config.widening * radius_px * pixel_mm, *half_width)
    row, column = np.indices(lines.shape) - (len(image) - 1) / 2
    places = [_average_along(axis, lines, PLACE_SMOOTHING_PX) for axis in (column, -row)]
    contrast = _average_along(-relative, lines, SMOOTHING_PX)
    return Discs(np.column_stack(places) * pixel_mm, radius, _spread(contrast, config.concentration))


def _eye(image: npt.NDArray[Any]) -> Mask:
    """Return the pixels inside the eye."""
    bright = ndimage.binary_opening(image[..., 0] / 255 > EYE_RED, iterations=5)
    return np.asarray(ndimage.binary_fill_holes(bright))


def _flatten(green: Floats, eye: Mask) -> Floats:
    """Return brightness over that of the surroundings, minus 1: negative in vessels, 0 outside the eye."""
    inside = ndimage.gaussian_filter(eye.astype(np.float64), BACKGROUND_PX)
    around = ndimage.gaussian_filter(green * eye, BACKGROUND_PX) / np.maximum(inside, 1e-6)
    return np.asarray(np.where(eye, green / np.maximum(around, 1e-3) - 1, 0.0))


def _find_vessels(relative: Floats, eye: Mask) -> Mask:
    """Return the pixels of vessels, without the eye's rim and without small pieces."""
    ridge = sato(relative, sigmas=VESSEL_PX, black_ridges=True)
    ridge[ndimage.distance_transform_edt(np.pad(eye, 1))[1:-1, 1:-1] <= RIM_PX] = 0
    found = apply_hysteresis_threshold(ridge, *THRESHOLDS)
    return np.asarray(remove_small_objects(found, max_size=SMALLEST_PX))


def _centre_lines(vessels: Mask) -> Mask:
    """Return the thinned vessels without spurs; where a spur is cut, others become whole and are looked at again."""
    lines = skeletonize(vessels)
    for _ in range(2):
        lines = _cut_spurs(lines)
    return np.asarray(lines)


def _cut_spurs(lines: Mask) -> Mask:
    """Return centre lines without their short branches that end freely."""
    neighbours = ndimage.convolve(lines.astype(np.int64), _ROUND, mode="constant") - 1
    forks = ndimage.binary_dilation(lines & (neighbours > 2), _ROUND)
    branches, count = ndimage.label(lines & ~forks, _ROUND)
    short = np.bincount(branches.ravel(), minlength=count + 1) < SPUR_PX
    free = np.isin(np.arange(count + 1), branches[lines & (neighbours < 2)])
    short[0] = False
    return np.asarray(skeletonize(lines & ~(short & free)[branches]))


def _edge_distance(relative: Floats, vessels: Mask) -> Floats:
    """Return the distance from a vessel's edge, where half of its contrast is left, in pixels; 0 outside."""
    depth = ndimage.gaussian_filter(relative, 1.0)
    deepest = ndimage.minimum_filter(np.where(vessels, depth, 0), DEEPEST_PX)
    # Closing fills the bright reflex in the middle of wide vessels.
    dark = ndimage.binary_closing(vessels & (depth < deepest / 2), _ROUND, iterations=2)
    # The transform counts from the centre of the first pixel outside, half a pixel beyond the edge.
    return np.asarray(np.maximum(ndimage.distance_transform_edt(dark) - 0.5, 0))


def _average_along(values: Floats, lines: Mask, width_px: float) -> Floats:
    """Return the mean of values over the neighbouring centre-line pixels, at each of them: ``(pixel,)``."""
    weight = ndimage.gaussian_filter(lines.astype(np.float64), width_px)
    total = ndimage.gaussian_filter(values * lines, width_px)
    return np.asarray(total[lines] / weight[lines])


def _spread(values: Floats, bounds: tuple[float, float]) -> Floats:
    """Return values brought to an interval by a straight line, cut at their extremes."""
    low, high = np.percentile(values, EXTREMES)
    return np.asarray(np.interp(values, [low, max(high, low + 1e-9)], bounds))


def _check(image: npt.NDArray[Any]) -> None:
    if image.ndim != 3 or image.shape[0] != image.shape[1] or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(
            f"image: found shape {image.shape} of {image.dtype}, expected (row, column, 3) of uint8, square"
        )
