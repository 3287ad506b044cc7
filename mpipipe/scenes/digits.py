"""Phantoms from handwritten digits: cropped, turned and placed at random, brought to a grid (Peng 2024, section 3.1)."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform, zoom

from mpipipe.config.digits import DigitsConfig
from mpipipe.errors import InputError

Image = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]

FRAME, BOX = 28, 20
"""Edge of an MNIST image and of the box in its middle that holds the digit, in pixels."""
SAMPLES_PER_PIXEL = 2
"""Samples along a canvas pixel that are averaged at least: linear interpolation is smooth at this step."""


def draw_digits(
    sources: npt.NDArray[Any],
    count: int,
    grid: tuple[int, int],
    config: DigitsConfig,
    rng: np.random.Generator,
) -> Image:
    """Draw phantoms from digits: the middle part, at a random angle and place, as the mean in each voxel, of maximum 1.

    Each source is used once before one is used again. Angle and place are uniform; the whole part lies on the grid. A
    digit at angle 0 stands upright with x to the right and y up.

    Parameters
    ----------
    sources : (digit, row, column) ndarray
        Digits, ink large and paper 0.
    count : int
        Number of phantoms.
    grid : (x, y) int
        Voxels along x and y.
    config : DigitsConfig
        Edge of the part and of the canvas, rotation.
    rng : numpy.random.Generator
        Draws sources, angles and places.

    Returns
    -------
    (count, x, y) ndarray of float32
        Concentration between 0 and 1.

    Raises
    ------
    InputError
        When sources are smaller than the part, blank there, negative or not finite, or a size is not positive.
    """
    if count < 1 or len(grid) != 2 or min(grid) < 1:
        raise InputError(f"digits: found {count} phantoms on grid {grid}, expected positive sizes (x, y)")
    parts = _middle(sources, config.crop)
    chosen = _evenly(len(parts), count, rng)
    angle = np.deg2rad(rng.uniform(*config.rotation_deg, count))
    half_width = (config.crop + 1) / 2 * (np.abs(np.cos(angle)) + np.abs(np.sin(angle)))
    centre = rng.uniform(-1, 1, (count, 2)) * (config.canvas / 2 - half_width)[:, None]
    phantoms = np.empty((count, *grid), np.float32)
    for phantom, digit, turn, place in zip(phantoms, chosen, angle, centre, strict=True):
        phantom[...] = place_part(parts[digit], grid, config.canvas, float(turn), place)
    phantoms /= phantoms.max(axis=(1, 2), keepdims=True)
    return phantoms


def place_part(
    part: npt.NDArray[Any],
    grid: tuple[int, int],
    canvas: int,
    angle_rad: float,
    centre: npt.NDArray[np.float64] | tuple[float, float],
) -> npt.NDArray[np.float64]:
    """Return an image, turned and placed on an empty canvas, as its mean in each voxel of a grid over that canvas.

    The image is interpolated linearly, with zeros around it, and sampled at least twice a pixel; the mean over a voxel
    keeps fine strokes from aliasing on a coarse grid.

    Parameters
    ----------
    part : (x, y) ndarray of float
        Image.
    grid : (x, y) int
        Voxels along x and y.
    canvas : int
        Edge of the canvas, in pixels of the image.
    angle_rad : float
        Rotation from x towards y.
    centre : (2,) float
        Where the middle of the image lies, from the middle of the canvas, in pixels.

    Returns
    -------
    (x, y) ndarray of float64
        Mean of the image in each voxel, in its unit.
    """
    refinement = [-(-SAMPLES_PER_PIXEL * canvas // size) for size in grid]
    fine = [size * factor for size, factor in zip(grid, refinement, strict=True)]
    step = canvas / np.array(fine)
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    turned_back = np.array([[cos, sin], [-sin, cos]])
    first = (step - canvas) / 2 - np.asarray(centre)
    sampled = affine_transform(
        part,
        turned_back * step,
        turned_back @ first + (np.array(part.shape) - 1) / 2,
        output_shape=tuple(fine),
        output=np.float64,
        order=1,
        mode="grid-constant",
    )
    voxels = sampled.reshape(grid[0], refinement[0], grid[1], refinement[1])
    return np.asarray(voxels.mean(axis=(1, 3)))


def split_sources(
    count: int, rng: np.random.Generator, fractions: tuple[float, float, float]
) -> tuple[Index, Index, Index]:
    """Return the source digits of the training, validation and test phantoms: no digit is in two of them.

    Parameters
    ----------
    count : int
        Number of source digits.
    rng : numpy.random.Generator
        Draws the split.
    fractions : (train, validation, test) float
        Shares, of sum 1.

    Returns
    -------
    tuple of three (digit,) ndarray of int64
        Sorted indices, each of 0 to count − 1 in one of them.

    Raises
    ------
    InputError
        When a part would be empty.
    """
    bounds = np.round(np.cumsum(fractions)[:2] * count).astype(np.int64)
    parts = [np.sort(part) for part in np.split(rng.permutation(count), bounds)]
    sizes = [len(part) for part in parts]
    if min(sizes) == 0:
        raise InputError(
            f"fractions: found {list(fractions)} of {count} digits, which is {sizes}, expected one at least in each part"
        )
    train, validation, test = parts
    return train, validation, test


def frame_digits(images: npt.NDArray[Any], peak: float) -> Image:
    """Return small digits in the frame of MNIST: enlarged to the 20 x 20 box in the middle of 28 x 28.

    Interpolation is linear: cubic splines overshoot, which would leave ripples of ink where the paper is empty.

    Parameters
    ----------
    images : (digit, row, column) ndarray
        Square digits that fill their image.
    peak : float
        Value of full ink.

    Returns
    -------
    (digit, 28, 28) ndarray of float32
        Ink between 0 and 1.
    """
    framed = np.zeros((len(images), FRAME, FRAME), np.float32)
    edge = (FRAME - BOX) // 2
    for target, image in zip(framed, images, strict=True):
        scale = [BOX / size for size in image.shape]
        large = zoom(image / peak, scale, order=1, mode="grid-constant", grid_mode=True)
        target[edge : edge + BOX, edge : edge + BOX] = large
    return framed


def _middle(sources: npt.NDArray[Any], crop: int) -> npt.NDArray[np.float32]:
    """Return the middle parts ``(digit, x, y)``, rows from the top becoming y from below."""
    images = np.asarray(sources, np.float32)
    if images.ndim != 3 or len(images) == 0 or min(images.shape[1:]) < crop:
        raise InputError(
            f"sources: found shape {images.shape}, expected (digit, row, column) of at least {crop} x {crop}"
        )
    top, left = ((size - crop) // 2 for size in images.shape[1:])
    middle = images[:, top : top + crop, left : left + crop]
    if not np.isfinite(middle).all() or middle.min() < 0:
        raise InputError("sources: found negative values, NaN or infinity, expected ink of at least 0")
    blank = np.flatnonzero(middle.max(axis=(1, 2)) == 0)
    if len(blank):
        raise InputError(
            f"sources: found digit {blank[0]} blank in its middle {crop} x {crop}, expected ink there"
        )
    return np.ascontiguousarray(middle[:, ::-1].transpose(0, 2, 1))


def _evenly(sources: int, count: int, rng: np.random.Generator) -> Index:
    """Return random sources ``(count,)``, none once more often than another plus one."""
    rounds = [rng.permutation(sources) for _ in range(-(-count // sources))]
    return np.concatenate(rounds)[:count].astype(np.int64)
