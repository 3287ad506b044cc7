"""Example components of system matrices: truth, what was measured of it, and restored by each method (Tsanda 2025)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import (
    Component,
    as_picture,
    draw_component,
    draw_key,
    hatch_background,
    label_axes,
    panel_size,
)
from mpipipe.evaluation.component_example import ComponentExample, ComponentImage, check_examples, images_of
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.inch_layout import inch_figure, place_axes, place_colour_bar, place_text

__all__ = ["ComponentExample", "component_panel"]

# Layout in inches: grids differ in shape, so each example has the height that its own grid asks for.
PANEL, TALLEST, GAP = 1.12, 1.5, 0.12
LEFT, RIGHT, TOP, BOTTOM, TICKS = 0.98, 1.15, 0.45, 0.25, 0.42
ERROR_COLOURS = "inferno"


@dataclass(frozen=True)
class _Row:
    """Panels of one example and where they stand: lower edges and the size of a panel, in inches."""

    panels: Sequence[ComponentImage]
    label: str
    component_y: float
    error_y: float | None
    width: float
    height: float

    def left(self, column: int) -> float:
        return LEFT + column * (PANEL + GAP) + (PANEL - self.width) / 2


def component_panel(
    examples: Sequence[ComponentExample], provenance: Provenance, *, error_maps: bool = True
) -> Figure:
    r"""Draw components in columns (truth, measured, each method) and one row an example.

    Hue is the phase and brightness the modulus, with a colour key; what was not measured is hatched grey. Voxels of
    a coarser grid lie around the positions that were measured. Error maps show \|estimate − truth\| on a scale that a
    row shares. The position of a slice is part of its row's label.

    Parameters
    ----------
    examples : sequence of ComponentExample
        Rows; all have the same estimates and were measured in the same way.
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
        When there is no example, names or kinds of measurement differ, or a shape does not fit the truth's.
    """
    check_examples(examples)
    rows, height = _arrange(examples, error_maps=error_maps)
    right = LEFT + len(rows[0].panels) * (PANEL + GAP)
    with style():
        figure = inch_figure(right + RIGHT, height, provenance)
        for row in rows:
            _draw_components(figure, row, titles=row is rows[0])
            if row.error_y is not None:
                _draw_errors(figure, row, row.error_y)
        draw_key(place_axes(figure, right, height - TOP - 1.05, 1.05, 1.05))
    return figure


def _arrange(examples: Sequence[ComponentExample], *, error_maps: bool) -> tuple[list[_Row], float]:
    """Stack the examples from the top; returns rows and the height of the figure."""
    sizes = [panel_size(example.extent_mm, PANEL, TALLEST) for example in examples]
    heights = [size[1] * (2 if error_maps else 1) + GAP * error_maps + TICKS for size in sizes]
    edge = total = max(TOP + sum(heights) + BOTTOM, TOP + 1.55)
    edge -= TOP
    rows = []
    for example, (width, height), whole in zip(examples, sizes, heights, strict=True):
        component_y = edge - height
        error_y = component_y - GAP - height if error_maps else None
        rows.append(_Row(*images_of(example), component_y, error_y, width, height))
        edge -= whole
    return rows, total


def _draw_components(figure: Figure, row: _Row, *, titles: bool) -> None:
    whole = row.panels[0].extent_mm
    for column, panel in enumerate(row.panels):
        axes = place_axes(figure, row.left(column), row.component_y, row.width, row.height)
        hatch_background(axes)
        draw_component(axes, panel.image, panel.extent_mm, panel.known)
        axes.set(xlim=whole[0:2], ylim=whole[2:4])
        # Where no error map follows, the panel itself carries the axis.
        alone = row.error_y is None or not panel.comparable
        label_axes(axes, left=column == 0, bottom=alone, width=row.width)
        if titles:
            axes.set_title(panel.title, pad=4)
        if panel.score_db is not None:
            _write(axes, 0.97, 0.04, f"{panel.score_db:.1f} dB", ha="right", va="bottom")
        if panel.note:
            _write(axes, 0.04, 0.94, panel.note, ha="left", va="top")
    lower = row.component_y if row.error_y is None else row.error_y
    middle = (row.component_y + row.height + lower) / 2
    place_text(
        figure,
        *(0.32, middle),
        row.label,
        rotation=90,
        ha="center",
        va="center",
        multialignment="center",
    )


def _draw_errors(figure: Figure, row: _Row, up: float) -> None:
    truth = row.panels[0].image
    errors = dict(_errors(row.panels, truth))
    shared = Normalize(0, max(float(error.filled(0).max()) for error in errors.values()) or 1.0)
    for column, error in errors.items():
        axes = place_axes(figure, row.left(column), up, row.width, row.height)
        hatch_background(axes)
        edges = row.panels[0].extent_mm
        axes.imshow(
            as_picture(error),
            extent=(edges[0], edges[1], edges[2], edges[3]),
            origin="lower",
            cmap=ERROR_COLOURS,
            norm=shared,
            aspect="auto",
            interpolation="nearest",
        )
        label_axes(axes, left=False, bottom=True, width=row.width)
    place = (LEFT, up, PANEL, 0.09)
    bar = place_colour_bar(figure, place, shared, ERROR_COLOURS, orientation="horizontal")
    bar.ax.set_title("|error|", fontsize=7, pad=3)
    bar.ax.tick_params(length=2)
    bar.ax.locator_params(nbins=4)


def _errors(
    panels: Sequence[ComponentImage], truth: Component
) -> Iterator[tuple[int, "np.ma.MaskedArray[tuple[int, ...], np.dtype[np.float64]]"]]:
    for column, panel in enumerate(panels):
        if panel.comparable:
            missing = False if panel.known is None else ~panel.known
            yield column, np.ma.masked_array(np.abs(panel.image - truth), missing)


def _write(axes: Axes, x: float, y: float, text: str, **how: str) -> None:
    backing = {"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "pad": 1.2}
    axes.text(x, y, text, transform=axes.transAxes, color="white", fontsize=6.5, bbox=backing, **how)  # type: ignore[arg-type]
