"""Signals of two neighbouring particles by diameter, and the width of the point spread against the diameter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import BLACK, VERMILION, add_footer, style
from mpipipe.evaluation.log_panels import Handle, finish_axes, right_legend
from mpipipe.evaluation.snr_looks import snr_colours as rising_colours

Array = npt.NDArray[np.floating[Any]]

WIDTH_TICKS_MM = (0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8)


@dataclass(frozen=True)
class NeighbourSignals:
    """Signals of point-like particles on a line, and widths of the derivative of the Langevin function.

    Attributes
    ----------
    position_mm : (position,) ndarray of float
        Positions of the field-free point, rising.
    particles_mm : tuple of float
        Positions of the particles.
    signals : mapping of float to (position,) ndarray of float
        Signal at each position by diameter in nm; each is drawn over its maximum.
    diameter_nm : (diameter,) ndarray of float
        Diameters of the second panel, rising.
    fwhm_mm : (diameter,) ndarray of float
        Full width at half maximum at each of them.
    """

    position_mm: Array
    particles_mm: tuple[float, ...]
    signals: Mapping[float, Array]
    diameter_nm: Array
    fwhm_mm: Array


def neighbour_figure(
    neighbours: NeighbourSignals,
    stated_mm: Mapping[float, float],
    provenance: Provenance,
    *,
    voxel_mm: float | None = None,
) -> Figure:
    """Draw the signals over their maxima, and the widths on a logarithmic axis.

    Parameters
    ----------
    neighbours : NeighbourSignals
        Signals and widths.
    stated_mm : mapping of float to float
        Widths that the paper states, by diameter in nm.
    provenance : Provenance
        Run, for the footer.
    voxel_mm : float, optional
        Length of a voxel, drawn across the widths.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no signal, lengths differ, or a signal has no positive value.
    """
    _check(neighbours)
    with style():
        figure = Figure(figsize=(7.6, 2.8), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
        handles = _draw_signals(left, neighbours) | _draw_widths(right, neighbours, stated_mm, voxel_mm)
        right_legend(figure, handles)
        add_footer(figure, provenance)
    return figure


def _check(neighbours: NeighbourSignals) -> None:
    if not neighbours.signals:
        raise InputError("signals: found none, expected at least one diameter")
    for diameter, signal in neighbours.signals.items():
        if signal.shape != neighbours.position_mm.shape or not signal.max() > 0:
            raise InputError(
                f"signals: {diameter:g} nm: found shape {signal.shape}, expected {neighbours.position_mm.shape} with a positive "
                "maximum"
            )
    if neighbours.diameter_nm.shape != neighbours.fwhm_mm.shape:
        raise InputError(
            f"fwhm_mm: found shape {neighbours.fwhm_mm.shape}, expected {neighbours.diameter_nm.shape} as of the diameters"
        )


def _draw_signals(axes: Axes, neighbours: NeighbourSignals) -> dict[str, Handle]:
    handles: dict[str, Handle] = {}
    colours = rising_colours(list(neighbours.signals))
    for diameter in sorted(neighbours.signals):
        signal = neighbours.signals[diameter]
        (line,) = axes.plot(
            neighbours.position_mm, signal / signal.max(), color=colours[diameter], linewidth=1.2
        )
        handles[f"signal, {diameter:g} nm"] = line
    for place in neighbours.particles_mm:
        handles["particles"] = axes.axvline(place, color="#999999", linewidth=0.8, linestyle="--", zorder=0)
    axes.set(xlim=(float(neighbours.position_mm[0]), float(neighbours.position_mm[-1])), ylim=(0, 1.08))
    axes.set_xlabel("field-free point, x / mm")
    axes.set_ylabel("signal over its maximum")
    axes.set_title("Two neighbouring particles", loc="left")
    finish_axes(axes)
    return handles


def _draw_widths(
    axes: Axes, neighbours: NeighbourSignals, stated_mm: Mapping[float, float], voxel_mm: float | None
) -> dict[str, Handle]:
    handles: dict[str, Handle] = {}
    (line,) = axes.plot(neighbours.diameter_nm, neighbours.fwhm_mm, color=BLACK, linewidth=1.2)
    handles["width by the formula"] = line
    if stated_mm:
        (marks,) = axes.plot(
            list(stated_mm),
            list(stated_mm.values()),
            color=VERMILION,
            marker="s",
            markerfacecolor="none",
            linestyle="none",
        )
        handles["stated by the paper"] = marks
    if voxel_mm is not None:
        handles["length of a voxel"] = axes.axhline(voxel_mm, color="#999999", linewidth=0.8, linestyle=":")
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    ticks = [tick for tick in WIDTH_TICKS_MM if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("core diameter / nm")
    axes.set_ylabel("full width at half maximum / mm")
    axes.set_title("Width of the point spread", loc="left")
    finish_axes(axes)
    return handles
