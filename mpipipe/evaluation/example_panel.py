"""Example system matrices: components from low to high mixing order (Tsanda 2025, figure 1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import (
    Component,
    Extent,
    check_extent,
    draw_component,
    draw_key,
    label_axes,
    mm_text,
    panel_size,
    slice_position_mm,
)
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_axes, place_text
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner

# In inches.
PANEL, TALLEST, GAP, HEAD, TICKS = 1.2, 1.4, 0.14, 0.3, 0.42
TEXT, AXIS, KEY = 1.75, 0.45, 1.15


@dataclass(frozen=True)
class ExampleMatrix:
    """Components of one system matrix.

    Attributes
    ----------
    components : (component, x, y[, z]) ndarray of complex64
        Components with max|s| = 1, from low to high mixing order; of a volume one slice is shown.
    extent_mm : tuple of float
        Edges of the grid: lower and upper along x, y and, of a volume, z.
    text : str
        What the matrix is, see `matrix_text`.
    titles : sequence of str
        What each component is, see `component_text`.
    """

    components: Component
    extent_mm: Extent
    text: str
    titles: Sequence[str]

    @property
    def planes(self) -> Component:
        """Planes that are shown, ``(component, x, y)``."""
        if self.components.ndim == 3:
            return self.components
        return self.components[..., self.slice]

    @property
    def slice(self) -> int:
        """Slice of a volume with the largest sum over components of their largest modulus in it."""
        return int(np.argmax(np.abs(self.components).max(axis=(1, 2)).sum(axis=0)))

    @property
    def label(self) -> str:
        """Text, and the position of the slice."""
        if self.components.ndim == 3:
            return self.text
        slices = self.components.shape[-1]
        position = slice_position_mm(self.extent_mm, slices, self.slice)
        return f"{self.text}\nslice z = {mm_text(position)}"


def example_panel(examples: Sequence[ExampleMatrix], provenance: Provenance) -> Figure:
    """Draw components of system matrices, one row a matrix.

    Hue is the phase and brightness the modulus, with a colour key. Fields that are more than twice as long as wide
    are compressed.

    Parameters
    ----------
    examples : sequence of ExampleMatrix
        Rows.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no example, a shape does not fit its extent, or a component has no title.
    """
    _check(examples)
    sizes = [panel_size(example.extent_mm, PANEL, TALLEST) for example in examples]
    count = max(len(example.components) for example in examples)
    total = max(sum(HEAD + height + TICKS for _, height in sizes) + FOOTER, HEAD + 1.6)
    right = TEXT + AXIS + count * (PANEL + GAP)
    with style():
        figure = inch_figure(right + KEY, total, provenance)
        top = total
        for example, (width, height) in zip(examples, sizes, strict=True):
            _draw_row(figure, example, top - HEAD - height, width, height)
            top -= HEAD + height + TICKS
        draw_key(place_axes(figure, right, total - HEAD - 1.05, 1.05, 1.05))
    return figure


def matrix_text(particle: Particle, scanner: Scanner, grid: Grid) -> str:
    """Return kind, core diameter and anisotropy of the particle, gradient, drive amplitude and grid, a line each."""
    axes = len(grid.shape)
    gradient = ", ".join(f"{value:.2f}" for value in scanner.gradient_T_per_m[:axes]).replace("-", "−")
    amplitude = ", ".join(f"{value:.1f}" for value in scanner.drive_amplitude_mT[:axes])
    size = " × ".join(str(n) for n in grid.shape)
    return "\n".join(
        (
            f"{particle.kind}, D = {particle.core_diameter_nm:.1f} nm",
            f"K = {particle.anisotropy_J_per_m3:.0f} J/m³",
            f"G = {gradient} T/m",
            f"A = {amplitude} mT",
            f"grid {size}",
        )
    )


def component_text(channel: int, frequency_Hz: float, mixing_order: int) -> str:
    """Return receive coil, frequency in kHz and total mixing order of a component."""
    return f"{'xyz'[channel]} coil, {frequency_Hz / 1e3:.1f} kHz\nmixing order {mixing_order}"


def _check(examples: Sequence[ExampleMatrix]) -> None:
    if not examples:
        raise InputError("examples: found none, expected at least one system matrix")
    for number, example in enumerate(examples):
        check_extent(f"examples: {number}", example.extent_mm, example.components.ndim - 1)
        if len(example.titles) != len(example.components):
            raise InputError(
                f"examples: {number}: found {len(example.titles)} titles for {len(example.components)} components, "
                "expected one each"
            )


def _draw_row(figure: Figure, example: ExampleMatrix, up: float, width: float, height: float) -> None:
    for number, (plane, title) in enumerate(zip(example.planes, example.titles, strict=True)):
        left = TEXT + AXIS + number * (PANEL + GAP) + (PANEL - width) / 2
        axes = place_axes(figure, left, up, width, height)
        draw_component(axes, plane, example.extent_mm)
        label_axes(axes, left=number == 0, bottom=True, width=width)
        axes.set_title(title, fontsize=6.5, pad=3)
    place_text(figure, 0.08, up + height / 2, example.label, fontsize=7, va="center", linespacing=1.35)
