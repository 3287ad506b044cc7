"""Example components of system matrices: truth, noisy, and restored by each method (Tsanda 2025)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.complex_colour import complex_colours
from mpipipe.evaluation.figures import FOOTER_GREY, style
from mpipipe.evaluation.metrics import psnr_db

Component = npt.NDArray[np.complexfloating[Any, Any]]
Extent = tuple[float, float, float, float]
# Layout in inches: grids differ in shape, so each example has the height that its own grid asks for.
PANEL, TALLEST, GAP = 1.25, 1.6, 0.14
LEFT, RIGHT, TOP, BOTTOM, TICKS = 0.95, 1.15, 0.32, 0.3, 0.42
ERROR_COLOURS = "inferno"


@dataclass(frozen=True)
class ComponentExample:
    """One component, or one slice of it.

    Attributes
    ----------
    truth : (x, y) ndarray of complex64
        True component with max|s| = 1.
    estimates : mapping of str to (x, y) ndarray of complex64
        Noisy and restored components by name, in the order of columns.
    extent_mm : tuple of float
        Edges of the grid: left and right along x, lower and upper along y.
    label : str
        What the component is, such as ``σ = 0.1, x channel, k = 123``.
    """

    truth: Component
    estimates: Mapping[str, Component]
    extent_mm: Extent
    label: str = ""


@dataclass(frozen=True)
class _Row:
    """Where one example stands: lower edges of components and errors, and the size of a panel, in inches."""

    example: ComponentExample
    component_y: float
    error_y: float | None
    width: float
    height: float

    def left(self, column: int) -> float:
        return LEFT + column * (PANEL + GAP) + (PANEL - self.width) / 2


def component_panel(
    examples: Sequence[ComponentExample], provenance: Provenance, *, error_maps: bool = True
) -> Figure:
    r"""Draw components in columns (truth, noisy, each method) and one row an example.

    Hue is the phase and brightness the modulus, with a colour key; the number on an estimate is its PSNR
    over the voxels that are shown. Error maps show \|estimate − truth\| on a scale that a row shares.

    Parameters
    ----------
    examples : sequence of ComponentExample
        Rows; all have the same estimates.
    provenance : Provenance
        Run, for the footer.
    error_maps : bool
        Draw the error below each estimate.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no example, names differ, or an image is not a plane of the truth's shape.
    """
    names = _names(examples)
    rows, height = _arrange(examples, error_maps=error_maps)
    with style():
        figure = Figure(figsize=(LEFT + (len(names) + 1) * (PANEL + GAP) + RIGHT, height))
        for row in rows:
            _draw_components(figure, row, titles=row is rows[0])
            if row.error_y is not None:
                _draw_errors(figure, row, row.error_y)
        _draw_key(_axes(figure, LEFT + (len(names) + 1) * (PANEL + GAP), height - TOP - 1.05, 1.05, 1.05))
        width = figure.get_figwidth()
        figure.text(
            1 - 0.05 / width, 0.05 / height, provenance.line, fontsize=6, color=FOOTER_GREY, ha="right"
        )
    return figure


def _names(examples: Sequence[ComponentExample]) -> list[str]:
    if not examples:
        raise InputError("examples: found none, expected at least one component")
    names = list(examples[0].estimates)
    for example in examples:
        if list(example.estimates) != names:
            raise InputError(f"examples: found estimates {list(example.estimates)}, expected {names} in each")
        for name, image in (("truth", example.truth), *example.estimates.items()):
            if image.ndim != 2 or image.shape != example.truth.shape:
                raise InputError(
                    f"examples: {name}: found shape {image.shape}, expected a plane like the truth"
                )
    return names


def _arrange(examples: Sequence[ComponentExample], *, error_maps: bool) -> tuple[list[_Row], float]:
    """Stack the examples from the top; returns rows and the height of the figure."""
    sizes = [_panel_size(example.extent_mm) for example in examples]
    heights = [size[1] * (2 if error_maps else 1) + GAP * error_maps + TICKS for size in sizes]
    edge = total = max(TOP + sum(heights) + BOTTOM, TOP + 1.4)
    edge -= TOP
    rows = []
    for example, (width, height), whole in zip(examples, sizes, heights, strict=True):
        component_y = edge - height
        error_y = component_y - GAP - height if error_maps else None
        rows.append(_Row(example, component_y, error_y, width, height))
        edge -= whole
    return rows, total


def _panel_size(extent_mm: Extent) -> tuple[float, float]:
    aspect = (extent_mm[3] - extent_mm[2]) / (extent_mm[1] - extent_mm[0])
    height = min(PANEL * aspect, TALLEST)
    return height / aspect, height


def _axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place in inches."""
    across, up = figure.get_figwidth(), figure.get_figheight()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def _draw_components(figure: Figure, row: _Row, *, titles: bool) -> None:
    example, up = row.example, row.component_y
    for column, (name, image) in enumerate([("Truth", example.truth), *example.estimates.items()]):
        axes = _axes(figure, row.left(column), up, row.width, row.height)
        axes.imshow(_as_picture(complex_colours(image)), extent=example.extent_mm, origin="lower")
        _label_axes(axes, left=column == 0, bottom=column == 0 or row.error_y is None)
        if titles:
            axes.set_title(name)
        if column:
            _write_score(axes, float(psnr_db(image[None], example.truth[None])[0]))
    place = (0.2 / figure.get_figwidth(), (up + row.height / 2) / figure.get_figheight())
    figure.text(*place, example.label, rotation=90, ha="center", va="center", multialignment="center")


def _draw_errors(figure: Figure, row: _Row, up: float) -> None:
    errors = [np.abs(image - row.example.truth) for image in row.example.estimates.values()]
    shared = Normalize(0, max(float(error.max()) for error in errors) or 1.0)
    for column, error in enumerate(errors, start=1):
        axes = _axes(figure, row.left(column), up, row.width, row.height)
        axes.imshow(error.T, extent=row.example.extent_mm, origin="lower", cmap=ERROR_COLOURS, norm=shared)
        _label_axes(axes, left=False, bottom=True)
    place = _axes(figure, LEFT, up, PANEL, 0.09)
    bar = figure.colorbar(ScalarMappable(shared, ERROR_COLOURS), cax=place, orientation="horizontal")
    bar.ax.set_title("|error|", fontsize=7, pad=3)
    bar.ax.tick_params(length=2)
    bar.ax.locator_params(nbins=4)


def _write_score(axes: Axes, score: float) -> None:
    backing = {"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "pad": 1.2}
    axes.text(
        *(0.97, 0.04),
        f"{score:.1f} dB",
        transform=axes.transAxes,
        color="white",
        fontsize=6.5,
        ha="right",
        bbox=backing,
    )


def _as_picture(colours: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Turn (x, y, colour) into the rows and columns that imshow takes."""
    return np.swapaxes(colours, 0, 1)


def _label_axes(axes: Axes, *, left: bool, bottom: bool) -> None:
    axes.tick_params(length=2, labelleft=left, labelbottom=bottom)
    axes.locator_params(axis="y", nbins=3)
    narrow = axes.get_window_extent().width / axes.figure.dpi < PANEL / 2
    axes.locator_params(axis="x", nbins=1 if narrow else 3)
    if left:
        axes.set_ylabel("y / mm", labelpad=1)
    if bottom:
        axes.set_xlabel("x / mm", labelpad=1)


def _draw_key(axes: Axes) -> None:
    """Draw the colour key: a disk whose angle is the phase and whose radius is the modulus."""
    line = np.linspace(-1, 1, 201)
    disk = line[:, None] + 1j * line[None, :]
    opaque = (np.abs(disk) <= 1).astype(float)[..., None]
    picture = _as_picture(np.concatenate([complex_colours(disk), opaque], axis=-1))
    axes.imshow(picture, extent=(-1, 1, -1, 1), origin="lower")
    axes.set_xlim(-1.9, 1.9)
    axes.set_ylim(-1.9, 1.9)
    axes.axis("off")
    for text, x, y in (("0", 1.35, 0), ("π/2", 0, 1.35), ("±π", -1.45, 0), ("−π/2", 0, -1.4)):
        axes.text(x, y, text, ha="center", va="center", fontsize=7)
    axes.text(0, -2.0, "angle: phase\nradius: |s|, 0 to 1", ha="center", va="top", fontsize=7)
