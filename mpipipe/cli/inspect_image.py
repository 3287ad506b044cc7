"""What ``inspect`` says of an image of tracer concentration, and its picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.storage.image_reading import read_image

if TYPE_CHECKING:
    import xarray as xr

MOST_FRAMES = 6


def describe_image(path: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Return rows of a table, and no problems: what is in the image, and how it was made where the file says that."""
    image = read_image(path)
    grid = _grid(image)
    edges = [length / size for length, size in zip(grid.field_of_view_mm, grid.shape, strict=True)]
    values = np.abs(image.values) if np.iscomplexobj(image.values) else image.values
    rows = [
        ("content", "image" + (f", {image.sizes['frame']} frames" if "frame" in image.dims else "")),
        ("voxels", " × ".join(map(str, grid.shape))),
        ("voxel", f"{' × '.join(f'{edge:.4g}' for edge in edges)} mm"),
        ("type", str(image.dtype)),
        ("values", f"{values.min():.4g} to {values.max():.4g}"),
    ]
    rows += [(name, str(image.attrs[name])) for name in ("units", "method") if name in image.attrs]
    return rows, []


def draw_image(path: Path, figure: Path) -> None:
    """Draw an image, or some of its frames side by side on one scale."""
    from mpipipe.config.recipe import digest
    from mpipipe.evaluation.captions import Provenance
    from mpipipe.evaluation.component_axes import extent_of
    from mpipipe.evaluation.figures import render
    from mpipipe.evaluation.image_panel import PanelImage, image_panel
    from mpipipe.storage.atomic import write_bytes

    image = read_image(path)
    grid = _grid(image)
    if len(grid.shape) < 2:
        raise InputError(f"{path}: found an image of {len(grid.shape)} axis, expected 2 or 3 to draw")
    frames = (
        np.moveaxis(image.values, image.dims.index("frame"), 0) if "frame" in image.dims else [image.values]
    )
    chosen = np.unique(np.linspace(0, len(frames) - 1, MOST_FRAMES).round().astype(int))
    panel = [
        PanelImage(
            f"{path.name}, frame {number}" if len(frames) > 1 else path.name, np.abs(frames[number]), {}
        )
        for number in chosen
    ]
    provenance = Provenance(scale="measured", digest=digest({"file": path.name}), seed=0)
    drawn = render(image_panel(panel, extent_of(grid.field_of_view_mm, grid.centre_mm), provenance), 150)
    write_bytes(figure, drawn.svg if figure.suffix == ".svg" else drawn.png)
    typer.echo(f"{figure}: {len(chosen)} of {len(frames)} images of {path.name}")


def _grid(image: "xr.DataArray") -> Grid:
    return Grid.model_validate(image.attrs["grid"])
