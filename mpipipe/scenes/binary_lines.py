"""Scenes of a line of voxels that are filled or empty: random ones, stripes and letters (Chae 2017, section III)."""

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

Scenes = npt.NDArray[np.float32]

WIDEST = 16
"""Voxels of the widest stripe."""
LETTERS = {
    "M": ("#...#", "##.##", "#.#.#", "#.#.#", "#...#", "#...#", "#...#"),
    "P": ("####.", "#...#", "#...#", "####.", "#....", "#....", "#...."),
    "I": ("#####", "..#..", "..#..", "..#..", "..#..", "..#..", "#####"),
}
WORD = "MPI"
SHARE = 0.75
"""Largest part of the rows, and of the voxels, that the word takes."""


def random_lines(count: int, voxels: int, rng: np.random.Generator) -> Scenes:
    """Draw scenes whose voxels are 0 or 1 with probability 1/2 each, independently.

    Parameters
    ----------
    count, voxels : int
        Number of scenes, and voxels of each.
    rng : numpy.random.Generator
        Draws the voxels.

    Returns
    -------
    (scene, voxel) ndarray of float32

    Raises
    ------
    InputError
        When a size is below 1.
    """
    _check_sizes(count, voxels)
    return rng.integers(0, 2, (count, voxels), np.int8).astype(np.float32)


def stripes(voxels: int, rows: int = 40) -> Scenes:
    """Return a picture of stripes that are one voxel wide in the first row and get wider downwards.

    The widths are spread geometrically over the rows, up to 16 voxels; a row starts with a filled stripe.

    Parameters
    ----------
    voxels, rows : int
        Voxels of a row, and rows of the picture; each row is a scene.

    Returns
    -------
    (row, voxel) ndarray of float32
        Zeros and ones.

    Raises
    ------
    InputError
        When a size is below 1.
    """
    _check_sizes(rows, voxels)
    width = np.round(np.geomspace(1, min(WIDEST, voxels), rows)).astype(np.int64)
    filled = np.arange(voxels) // width[:, None] % 2 == 0
    return np.asarray(filled, np.float32)


def letters(voxels: int, rows: int = 20) -> Scenes:
    """Return a picture of the letters M P I, upright with the first row on top, in the middle of the line.

    Parameters
    ----------
    voxels, rows : int
        Voxels of a row, and rows of the picture; each row is a scene.

    Returns
    -------
    (row, voxel) ndarray of float32
        Zeros and ones.

    Raises
    ------
    InputError
        When the picture is too small for the letters.
    """
    joined = [".".join(parts) for parts in zip(*(LETTERS[letter] for letter in WORD), strict=True)]
    bitmap = np.array([[mark == "#" for mark in line] for line in joined], np.float32)
    enlarged = [int(SHARE * size) // marks for size, marks in zip((rows, voxels), bitmap.shape, strict=True)]
    if min(enlarged) < 1:
        raise InputError(
            f"letters: found {rows} rows of {voxels} voxels, expected at least "
            f"{' and '.join(str(int(np.ceil(marks / SHARE))) for marks in bitmap.shape)}"
        )
    word = np.kron(bitmap, np.ones(enlarged, np.float32))
    picture = np.zeros((rows, voxels), np.float32)
    top, left = (rows - word.shape[0]) // 2, (voxels - word.shape[1]) // 2
    picture[top : top + word.shape[0], left : left + word.shape[1]] = word
    return picture


def _check_sizes(rows: int, voxels: int) -> None:
    if rows < 1 or voxels < 1:
        raise InputError(f"scenes: found {rows} rows of {voxels} voxels, expected at least 1 of each")
