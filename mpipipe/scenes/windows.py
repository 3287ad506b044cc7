"""Windows on a scene: cut out after it was rotated and slid, as fields of view (Ergun 2022, section II.I)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.compiled.loops import loop
from mpipipe.errors import InputError

Floats = npt.NDArray[np.float64]
Images = npt.NDArray[np.float32]

LEAST_FILLED = 0.01
"""Mean of a window, over the scene's largest concentration, below which it is drawn again."""
PROBES = 64
"""Points along a window's edge that its mean is taken from when it is drawn."""
ROUNDS = 200
"""Times that empty windows are drawn again before the scene is called empty."""
SAME_PIXEL = 1.01
"""Distance of samples over the scene's pixel up to which it counts as the same."""


def draw_windows(
    scene: npt.NDArray[Any],
    scene_size_mm: float,
    window_mm: float,
    pixels: int,
    count: int,
    rng: np.random.Generator,
) -> Images:
    """Draw windows on a scene at random rotations and places, wholly inside it.

    Parameters
    ----------
    scene : (x, y) ndarray of float
        Concentration, square and not negative.
    scene_size_mm, window_mm : float
        Edge of the scene and of a window, in mm.
    pixels : int
        Pixels of a window along x and along y.
    count : int
        Number of windows.
    rng : numpy.random.Generator
        Draws rotations and places.

    Returns
    -------
    (item, x, y) ndarray of float32
        Concentration in the windows.

    Raises
    ------
    InputError
        As :func:`place_windows` and :func:`cut_windows`.
    """
    placements = place_windows(scene, scene_size_mm, window_mm, count, rng)
    return cut_windows(scene, scene_size_mm, window_mm, pixels, placements)


def place_windows(
    scene: npt.NDArray[Any], scene_size_mm: float, window_mm: float, count: int, rng: np.random.Generator
) -> Floats:
    """Draw rotations and places of windows that lie wholly in a scene and hold tracer.

    The angle is uniform in [0, 2π); the centre is uniform where the rotated window fits, |x|, |y| ≤
    (scene − window (|cos| + |sin|)) / 2. A window whose mean, from a lattice of points, is below 1 % of the scene's
    largest concentration is drawn again.

    Parameters
    ----------
    scene, scene_size_mm, window_mm, count, rng
        As in :func:`draw_windows`.

    Returns
    -------
    (item, 3) ndarray of float64
        Centre (x, y) from the middle of the scene, in mm, and angle from x towards y, in radians.

    Raises
    ------
    InputError
        When the scene is no square map of finite concentrations that are not negative, holds nothing, or is smaller
        than the diagonal of a window, or the count is not positive.
    """
    scene = _checked(scene)
    if not 0 < window_mm * np.sqrt(2) <= scene_size_mm < np.inf:
        raise InputError(
            f"scene_size_mm: found {scene_size_mm:g}, expected at least {window_mm * np.sqrt(2):.4g}, "
            f"the diagonal of a window of {window_mm:g} mm"
        )
    if count < 1:
        raise InputError(f"count: found {count} windows, expected at least 1")
    least = LEAST_FILLED * float(scene.max())
    placements = _place(count, scene_size_mm, window_mm, rng)
    empty = np.arange(count)
    for _ in range(ROUNDS):
        probes = _cut(scene, scene_size_mm, window_mm, PROBES, 1, placements[empty])
        means = probes.mean(axis=(1, 2), dtype=np.float64)
        empty = empty[(means < least) | (means == 0)]
        if not len(empty):
            return placements
        placements[empty] = _place(len(empty), scene_size_mm, window_mm, rng)
    raise InputError(
        f"scene: found less than {LEAST_FILLED:.0%} of its largest concentration in almost every window, "
        f"expected a scene that holds tracer all over"
    )


def cut_windows(
    scene: npt.NDArray[Any], scene_size_mm: float, window_mm: float, pixels: int, placements: npt.NDArray[Any]
) -> Images:
    """Return windows on a scene at given rotations and places.

    The scene is interpolated linearly. Where a window's pixel is larger than the scene's, it is the mean of as many
    samples as make their distance a pixel of the scene or less, so that fine channels do not alias.

    Parameters
    ----------
    scene, scene_size_mm, window_mm, pixels
        As in :func:`draw_windows`.
    placements : (item, 3) ndarray of float64
        Centre (x, y) from the middle of the scene, in mm, and angle from x towards y, in radians: the window's point
        (a, b) shows the scene at centre + (a cos − b sin, a sin + b cos).

    Returns
    -------
    (item, x, y) ndarray of float32
        Concentration in the windows.

    Raises
    ------
    InputError
        When the scene is no square map of finite concentrations that are not negative, a window has no pixel or a
        corner outside the scene.
    """
    scene = _checked(scene)
    if pixels < 1:
        raise InputError(f"pixels: found {pixels}, expected at least 1")
    corners = window_corners(placements, window_mm)
    outside = ~(np.abs(corners) <= scene_size_mm / 2 * (1 + 1e-9)).all(axis=(1, 2))
    if outside.any():
        raise InputError(
            f"placements: found window {int(outside.argmax())} with a corner outside, expected windows inside "
            f"the scene of {scene_size_mm:g} mm"
        )
    ratio = (window_mm / pixels) / (scene_size_mm / len(scene))
    samples = max(1, int(np.ceil(ratio / SAME_PIXEL)))
    return _cut(scene, scene_size_mm, window_mm, pixels, samples, placements)


def window_corners(placements: npt.NDArray[Any], window_mm: float) -> Floats:
    """Return the corners of windows on their scene, anticlockwise from the window's lower left.

    Parameters
    ----------
    placements : (item, 3) ndarray of float64
        Centre (x, y) in mm and angle in radians.
    window_mm : float
        Edge of a window, in mm.

    Returns
    -------
    (item, corner, axis) ndarray of float64
        Corners (x, y) from the middle of the scene, in mm.

    Raises
    ------
    InputError
        When the placements are not three values each, or a window has no size.
    """
    placed = np.asarray(placements, dtype=np.float64)
    if placed.ndim != 2 or placed.shape[1] != 3 or not 0 < window_mm < np.inf:
        raise InputError(
            f"placements: found shape {placed.shape} and windows of {window_mm:g} mm, expected (item, 3) and a positive edge"
        )
    unit = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * window_mm / 2
    cos, sin = np.cos(placed[:, 2]), np.sin(placed[:, 2])
    turn = np.stack([cos, -sin, sin, cos], axis=-1).reshape(-1, 2, 2)
    return np.asarray(placed[:, None, :2] + np.einsum("nab,cb->nca", turn, unit))


def _place(count: int, scene_size_mm: float, window_mm: float, rng: np.random.Generator) -> Floats:
    angle = rng.uniform(0, 2 * np.pi, count)
    room = (scene_size_mm - window_mm * (np.abs(np.cos(angle)) + np.abs(np.sin(angle)))) / 2
    return np.column_stack([rng.uniform(-1, 1, (count, 2)) * np.maximum(room, 0)[:, None], angle])


def _checked(scene: npt.NDArray[Any]) -> Images:
    if scene.ndim != 2 or scene.shape[0] != scene.shape[1] or not scene.size:
        raise InputError(f"scene: found shape {scene.shape}, expected a square (x, y)")
    if not np.isfinite(scene).all() or scene.min() < 0:
        raise InputError(
            "scene: found NaN, infinity or a negative concentration, expected values of at least 0"
        )
    return np.ascontiguousarray(scene, dtype=np.float32)


def _cut(
    scene: Images,
    scene_size_mm: float,
    window_mm: float,
    pixels: int,
    samples: int,
    placements: npt.NDArray[Any],
) -> Images:
    """Return windows, each pixel the mean of ``samples`` x ``samples`` interpolated values."""
    scale = len(scene) / scene_size_mm
    step = window_mm * scale / (pixels * samples)
    windows = np.empty((len(placements), pixels, pixels), np.float32)
    for window, (x, y, angle) in zip(windows, placements, strict=True):
        _sample(scene, window, samples, x * scale, y * scale, step * np.cos(angle), step * np.sin(angle))
    return windows


@loop()
def _sample(
    scene: Images, window: Images, samples: int, x: float, y: float, cos: float, sin: float
) -> None:  # pragma: no cover - compiled
    """Fill a window; centre in scene pixels from the middle, cos and sin times the distance of samples."""
    last = len(scene) - 1
    middle = (len(window) * samples - 1) / 2
    for i in range(len(window)):
        for j in range(len(window)):
            total = 0.0
            for a in range(i * samples, (i + 1) * samples):
                for b in range(j * samples, (j + 1) * samples):
                    u = x + (a - middle) * cos - (b - middle) * sin + last / 2
                    v = y + (a - middle) * sin + (b - middle) * cos + last / 2
                    # Within half a pixel of the edge the outermost pixel is continued.
                    u, v = min(max(u, 0.0), float(last)), min(max(v, 0.0), float(last))
                    p, q = min(int(u), max(last - 1, 0)), min(int(v), max(last - 1, 0))
                    r, s = min(p + 1, last), min(q + 1, last)
                    f, g = u - p, v - q
                    low = scene[p, q] + g * (scene[p, s] - scene[p, q])
                    high = scene[r, q] + g * (scene[r, s] - scene[r, q])
                    total += low + f * (high - low)
            window[i, j] = total / samples**2
