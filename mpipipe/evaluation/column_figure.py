"""Columns of learned weights beside Chebyshev polynomials of the second kind, and how alike they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, add_footer, style
from mpipipe.evaluation.log_panels import Handle, finish_axes, right_legend

Array = npt.NDArray[np.floating[Any]]
POLYNOMIAL, POLYNOMIAL_GREY = "Chebyshev polynomial", "#c4c4c4"
LOOKS = ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (ORANGE, ":"), (PURPLE, "--"), (BLACK, ":"))
"""Colour and dash of weights in the order in which they are given."""
REACH, CENTRAL_REACH = 1.35, 5.0
"""End of a panel over the largest modulus of the polynomial, and at most over that inside the central field."""
PANEL_WIDTH, PANEL_HEIGHT, LEGEND = 2.0, 1.35, 1.9
"""In inches."""


@dataclass(frozen=True)
class Columns:
    """Columns of weights and the polynomials that they are compared with.

    Attributes
    ----------
    position_mm : (voxel,) ndarray of float
        Centres of the voxels.
    chebyshev : (column, voxel) ndarray of float
        U_{k−1}(x/A), k = 1 for the first column.
    columns : mapping of str to (column, voxel) ndarray of float
        Columns of the weights, transposed, by the name of the network.
    similarity : mapping of str to (column,) ndarray of float
        Modulus of the cosine similarity inside the central field, by name; names may be more than those of `columns`.
    """

    position_mm: Array
    chebyshev: Array
    columns: Mapping[str, Array]
    similarity: Mapping[str, Array]

    @property
    def names(self) -> list[str]:
        """Names of all weights."""
        return list(dict.fromkeys([*self.columns, *self.similarity]))


@dataclass(frozen=True)
class Central:
    """Part of the field that is compared.

    Attributes
    ----------
    half_mm : float
        Half its length.
    alike : float
        Similarity above which columns are called alike.
    """

    half_mm: float
    alike: float


def column_panels(columns: Columns, central: Central, provenance: Provenance, *, count: int = 6) -> Figure:
    """Draw the first columns, three panels a row.

    Columns have the sign and, inside the central field, the norm of their polynomial.

    Parameters
    ----------
    columns : Columns
        Weights.
    central : Central
        Part of the field that is compared, between grey lines.
    provenance : Provenance
        Run, for the footer.
    count : int
        Columns that are drawn, as far as there are any.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there are no weights, or shapes do not fit.
    """
    check_columns(columns)
    shown = range(min(count, len(columns.chebyshev)))
    across = min(3, len(shown))
    down = -(-len(shown) // across)
    with style():
        size = (PANEL_WIDTH * across + LEGEND, PANEL_HEIGHT * down + 0.5)
        figure = Figure(figsize=size, layout="constrained")
        grid = list(figure.subplots(down, across, squeeze=False, sharex=True).flat)
        for axes in grid[len(shown) :]:
            axes.remove()
        for number in shown:
            handles = _draw_column(grid[number], columns, number, central)
            if number % across == 0:
                grid[number].set_ylabel("scaled weight")
            if number + across >= len(shown):
                grid[number].set_xlabel("x / mm")
                grid[number].tick_params(labelbottom=True)
        right_legend(figure, handles)
        add_footer(figure, provenance)
    return figure


def column_similarity(
    columns: Columns, central: Central, shown: Sequence[int], provenance: Provenance
) -> Figure:
    """Draw some columns at the left, and the cosine similarity of all at the right.

    Parameters
    ----------
    columns : Columns
        Weights.
    central : Central
        Part of the field that is compared.
    shown : sequence of int
        Numbers of the columns that are drawn, 1 for the first, as far as there are such.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there are no weights, no such column, or shapes do not fit.
    """
    check_columns(columns)
    numbers = [number for number in shown if 1 <= number <= len(columns.chebyshev)]
    if not numbers or not columns.similarity:
        raise InputError("shown: found no column or no similarity to draw, expected at least one")
    with style():
        figure = Figure(
            figsize=(2.4 + 3.2 + LEGEND, max(PANEL_HEIGHT * len(numbers) + 0.5, 2.8)), layout="constrained"
        )
        grid = figure.add_gridspec(len(numbers), 2, width_ratios=(2.4, 3.2))
        handles: dict[str, Handle] = {}
        for place, number in enumerate(numbers):
            axes = figure.add_subplot(grid[place, 0])
            handles = _draw_column(axes, columns, number - 1, central)
            axes.set_ylabel("scaled weight")
            axes.tick_params(labelbottom=number == numbers[-1])
        axes.set_xlabel("x / mm")
        _draw_similarity(figure.add_subplot(grid[:, 1]), columns, central)
        right_legend(figure, handles)
        add_footer(figure, provenance)
    return figure


def check_columns(columns: Columns) -> None:
    """Raise `InputError` unless there are weights whose shapes fit the polynomials."""
    if not columns.columns:
        raise InputError("columns: found none, expected the weights of at least one network")
    if len(columns.names) > len(LOOKS):
        raise InputError(f"columns: found {len(columns.names)} names, expected at most {len(LOOKS)}")
    expected = columns.chebyshev.shape
    if len(expected) != 2 or expected[1:] != columns.position_mm.shape:
        raise InputError(f"chebyshev: found shape {expected}, expected (column, {columns.position_mm.size})")
    for name, weights in columns.columns.items():
        if weights.shape != expected:
            raise InputError(f"columns: {name}: found shape {weights.shape}, expected {expected}")


def scaled_to(weights: Array, polynomial: Array, central: npt.NDArray[np.bool_]) -> Array:
    """Return a column ``(voxel,)`` with the sign and the norm of its polynomial on some voxels; zeros stay zeros."""
    norm = float(np.linalg.norm(weights[central]))
    if norm == 0:
        return np.zeros_like(weights)
    sign = -1.0 if float(weights[central] @ polynomial[central]) < 0 else 1.0
    return np.asarray(sign * weights * np.linalg.norm(polynomial[central]) / norm)


def _draw_column(axes: Axes, columns: Columns, number: int, central: Central) -> dict[str, Handle]:
    x, polynomial = columns.position_mm, columns.chebyshev[number]
    inside = np.abs(x) <= central.half_mm
    handles: dict[str, Handle] = {}
    (line,) = axes.plot(x, polynomial, color=POLYNOMIAL_GREY, linewidth=3.0)
    handles[POLYNOMIAL] = line
    for name, (colour, dash) in zip(columns.names, LOOKS, strict=False):
        how: dict[str, Any] = {"color": colour, "linestyle": dash, "linewidth": 0.9}
        if name in columns.columns:
            (handles[name],) = axes.plot(
                x, scaled_to(columns.columns[name][number], polynomial, inside), **how
            )
        else:
            (handles[name],) = axes.plot([], [], **how)
    for edge in (-central.half_mm, central.half_mm):
        axes.axvline(edge, color="#bbbbbb", linewidth=0.6, zorder=0)
    limit = min(
        REACH * float(np.abs(polynomial).max()), CENTRAL_REACH * float(np.abs(polynomial[inside]).max())
    )
    axes.set(xlim=(float(x[0]), float(x[-1])), ylim=(-limit, limit))
    axes.set_title(f"column {number + 1}", loc="left", fontsize=7.5)
    axes.locator_params(axis="y", nbins=4)
    finish_axes(axes)
    return handles


def _draw_similarity(axes: Axes, columns: Columns, central: Central) -> None:
    for name, (colour, dash) in zip(columns.names, LOOKS, strict=False):
        if name in columns.similarity:
            similarity = columns.similarity[name]
            numbers = np.arange(1, len(similarity) + 1)
            axes.plot(numbers, similarity, color=colour, linestyle=dash, linewidth=1.0)
    axes.axhline(central.alike, color="#888888", linewidth=0.7, linestyle=":")
    axes.annotate(
        f"{central.alike:g}",
        (1.0, central.alike),
        (2, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        fontsize=6.5,
        va="center",
        annotation_clip=False,
    )
    lowest = min(float(similarity.min()) for similarity in columns.similarity.values())
    axes.set_ylim(min(0.8, np.floor(10 * lowest - 0.2) / 10), 1.03)
    axes.set_xlim(left=0)
    axes.set_xlabel("column k")
    axes.set_ylabel("cosine similarity to U$_{k-1}$")
    finish_axes(axes)
