"""The inversion study's figures of signals and system functions, pure functions of arrays (Chae 2017, figures 2 and 3)."""

import numpy as np

from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.neighbour_figure import NeighbourSignals, neighbour_figure
from mpipipe.evaluation.system_function_figure import SystemFunctions, system_function_figure
from mpipipe.studies.result import ResultFigure

STATED_FWHM_MM = {30.0: 1.0, 50.0: 0.25}
"""Full widths at half maximum that the paper states, by diameter in nm (section III, figure 2b)."""
VOXEL_MM = 0.25


def point_spread_figure(
    neighbours: NeighbourSignals, provenance: Provenance, *, voxel_mm: float = VOXEL_MM
) -> ResultFigure:
    """Return the figure ``point_spread``: signals of two neighbours, and the width of the point spread (figure 2).

    Parameters
    ----------
    neighbours : NeighbourSignals
        Signals by diameter, and widths.
    provenance : Provenance
        Run.
    voxel_mm : float
        Length of a voxel.
    """
    figure = neighbour_figure(neighbours, STATED_FWHM_MM, provenance, voxel_mm=voxel_mm)
    apart = max(neighbours.particles_mm) - min(neighbours.particles_mm)
    text = (
        f"Left: signals of two particles {apart:g} mm apart, by diameter of the core, each over its maximum. Right: full width "
        f"at half maximum of the derivative of the Langevin function.{_stated(neighbours)} The paper calls the width "
        "proportional to 1/(G d); the moment of a sphere makes it proportional to 1/(G d³)."
    )
    title = "Signals of neighbours and width of the point spread"
    return ResultFigure("point_spread", title, figure, figure_caption(text, provenance))


def spectra_figure(system: SystemFunctions, provenance: Provenance) -> ResultFigure:
    """Return the figure ``spectra``: spectra of one scene, and system functions of a few harmonics (figure 3).

    Parameters
    ----------
    system : SystemFunctions
        By diameter.
    provenance : Provenance
        Run.
    """
    figure = system_function_figure(system, provenance)
    text = (
        "Left: amplitudes of the harmonics of one scene, whose voxels are 0 or 1, over the largest of each diameter; those below "
        "the axis are cut. Right: system functions of a few harmonics over their largest modulus. Smaller particles blur them "
        "more, so that they lose the oscillations of high harmonics and fade at the ends of the field."
    )
    return ResultFigure("spectra", "Spectra and system functions", figure, figure_caption(text, provenance))


def _stated(neighbours: NeighbourSignals) -> str:
    """Return one sentence with the widths that the paper states, beside those between ours."""
    low, high = neighbours.diameter_nm[[0, -1]]
    each = [
        f"{stated:g} mm at {diameter:g} nm (formula {_width(neighbours, diameter):.2f} mm)"
        for diameter, stated in STATED_FWHM_MM.items()
        if low <= diameter <= high
    ]
    return f" The paper states {' and '.join(each)}." if each else ""


def _width(neighbours: NeighbourSignals, diameter_nm: float) -> float:
    """Return the width at a diameter, interpolated as a power of it."""
    logarithms = np.log(neighbours.diameter_nm), np.log(neighbours.fwhm_mm)
    return float(np.exp(np.interp(np.log(diameter_nm), *logarithms)))
