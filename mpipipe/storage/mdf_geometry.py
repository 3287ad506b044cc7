"""Where the delta sample of an MDF calibration stood: grid and storage order."""

import numpy as np

from mpipipe.physics.grid import Grid
from mpipipe.storage.mdf_file import MdfFile

AXES = "xyz"


def read_grid(file: MdfFile) -> Grid:
    """Return the 3-D grid of a calibration; axes of one position are kept."""
    size = file.integers("/calibration/size", 1, 2**31, 3)
    foreground = file.foreground_frames
    if size.prod() != foreground:
        raise file.error(
            "/calibration/size", f"{size.tolist()}", f"a product of {foreground} foreground frames"
        )
    field_of_view = file.numbers("/calibration/fieldOfView", 3)
    if (field_of_view <= 0).any():
        raise file.error("/calibration/fieldOfView", f"{field_of_view.tolist()}", "positive lengths in m")
    centre = np.zeros(3)
    if file.has("/calibration/fieldOfViewCenter"):
        centre = file.numbers("/calibration/fieldOfViewCenter", 3)
    return Grid(
        shape=tuple(size.tolist()),
        field_of_view_mm=tuple(map(to_thousandths, field_of_view)),
        centre_mm=tuple(map(to_thousandths, centre)),
    )


def storage_axes(file: MdfFile) -> tuple[int, ...]:
    """Return the axes of the foreground frames from the slowest to the fastest."""
    order = file.text("/calibration/order", AXES)
    if sorted(order) != sorted(AXES):
        raise file.error("/calibration/order", repr(order), "the letters x, y and z, the fastest first")
    return tuple(AXES.index(name) for name in reversed(order))


def to_thousandths(value: float) -> float:
    """Return m in mm, or T in mT: the number of at most 15 digits that :func:`from_thousandths` takes to it, where there is."""
    short = float(f"{1e3 * value:.15g}")
    return short if from_thousandths(short) == value else float(1e3 * value)


def from_thousandths(value: float) -> float:
    """Return mm in m, or mT in T."""
    return float(value / 1000)


def trim(grid: Grid) -> Grid:
    """Return a 3-D grid without its last axes of one position; one axis stays."""
    dimensions = len(grid.shape)
    while dimensions > 1 and grid.shape[dimensions - 1] == 1:
        dimensions -= 1
    kept = {name: getattr(grid, name)[:dimensions] for name in ("shape", "field_of_view_mm", "centre_mm")}
    return Grid(**kept)
