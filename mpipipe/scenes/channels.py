"""The drawn coded calibration scene: meandering channels that neither end nor fork (Ergun 2022, figure 1a)."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree

from mpipipe.config.coded_scene import CodedSceneConfig
from mpipipe.scenes.discs import Discs, render_discs

Floats = npt.NDArray[np.float64]

STEP_MM = 0.025
"""Distance of the discs along a channel before it is bent."""
UNEVENNESS = 0.35
"""Largest shift of a channel from an even spacing, over the spacing."""


def draw_channels(config: CodedSceneConfig, pixels: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw a scene of continuous channels with varying concentration and width, as the mean in each pixel.

    Parameters
    ----------
    config : CodedSceneConfig
        Size, number of channels, their width, concentration and bends.
    pixels : int
        Pixels along x and along y. They do not change what is drawn.
    rng : numpy.random.Generator
        Draws the scene.

    Returns
    -------
    (x, y) ndarray of float32
        Concentration, 0 between the channels.

    Raises
    ------
    InputError
        When the grid has no pixel.
    """
    channels = draw_channel_lines(config, rng)
    together = Discs(
        np.concatenate([channel.centres_mm for channel in channels]),
        np.concatenate([channel.radius_mm for channel in channels]),
        np.concatenate([channel.concentration for channel in channels]),
    )
    return render_discs(together, pixels, config.size_mm)


def draw_channel_lines(config: CodedSceneConfig, rng: np.random.Generator) -> list[Discs]:
    """Draw the channels of a scene, each as a row of discs that reaches beyond the scene at both ends.

    Parallel lines are bent by sine waves, one after another, each a shear of its own direction n, wavelength and phase:

        r ← r + A sin(2π n·r / wavelength + phase) t,   t ⊥ n,   A = bend_slope · wavelength / 2π.

    A shear keeps areas and is one to one, so that bent lines never meet, fork or end, and keep their mean distance.

    Parameters
    ----------
    config : CodedSceneConfig
        Size, number of channels, their width, concentration and bends.
    rng : numpy.random.Generator
        Draws bends, places, widths and concentrations.

    Returns
    -------
    list of Discs
        Channels in order across the scene.
    """
    wavelength = rng.uniform(*config.bend_wavelength_mm, config.bends)
    amplitude = config.bend_slope * wavelength / (2 * np.pi)
    reach = config.size_mm / 2 + amplitude.sum() + config.width_mm[1]
    spacing = config.size_mm / config.channels
    count = int(np.ceil(reach / spacing))
    along = np.arange(-reach, reach, STEP_MM)
    shift = _wander(along, (-UNEVENNESS, UNEVENNESS), 2 * count + 1, config.variation_mm, rng)
    across = (np.arange(-count, count + 1)[:, None] + shift) * spacing
    lines = np.stack(np.broadcast_arrays(across, along), axis=-1)
    angle, phase = rng.uniform(0, 2 * np.pi, (2, config.bends))
    for bend in zip(angle, phase, wavelength, amplitude, strict=True):
        lines = _bend(lines, *bend)
    half_width = _wander(along, config.width_mm, len(lines), config.variation_mm, rng) / 2
    concentration = _wander(along, config.concentration, len(lines), config.variation_mm, rng)
    room = _room(lines)
    # Where channels are pressed closer than the gap allows, half of the room stays empty: none ends, none touch.
    radius = np.minimum(half_width, np.maximum((room - config.gap_mm) / 2, room / 4))
    return [Discs(*row) for row in zip(lines, radius, concentration, strict=True)]


def _bend(points: Floats, angle: float, phase: float, wavelength: float, amplitude: float) -> Floats:
    """Return points ``(..., axis)`` after a sine shear across the direction of ``angle``."""
    n, t = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    wave = amplitude * np.sin(2 * np.pi * (points @ n) / wavelength + phase)
    return np.asarray(points + wave[..., None] * t)


def _wander(
    along: Floats, bounds: tuple[float, float], count: int, length: float, rng: np.random.Generator
) -> Floats:
    """Return smooth random courses ``(count, along)``: knots a ``length`` apart, uniform and joined within bounds."""
    knots = np.arange(along[0] - length, along[-1] + 2 * length, length)
    course = PchipInterpolator(knots, rng.uniform(*bounds, (len(knots), count)))
    return np.asarray(course(along).T)


def _room(lines: Floats) -> Floats:
    """Return the distance of each point ``(line, point)`` from the nearest point of the neighbouring lines."""
    room = np.full(lines.shape[:2], np.inf)
    for (i, one), (j, other) in pairwise(enumerate(lines)):
        room[i] = np.minimum(room[i], cKDTree(other).query(one)[0])
        room[j] = np.minimum(room[j], cKDTree(one).query(other)[0])
    return room
