"""What the figures of the inversion study show of the scanner: point spread, spectra, system functions."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from mpipipe.config.line_scanner import LineScanner
from mpipipe.evaluation.neighbour_figure import NeighbourSignals
from mpipipe.evaluation.system_function_figure import SystemFunctions
from mpipipe.physics.particle import Particle
from mpipipe.physics.point_spread import langevin_slope
from mpipipe.physics.resolution import fwhm_mm

Array = npt.NDArray[np.float64]

REACH_MM = 2.0
POINTS = 401
"""Positions of the field-free point around the two particles."""


def neighbour_signals(line: LineScanner, diameters_nm: tuple[float, float]) -> NeighbourSignals:
    """Return the signals of two particles in neighbouring voxels, and the width of the point spread (Chae 2017, figure 2).

    Parameters
    ----------
    line : LineScanner
        Scanner, particle and voxels.
    diameters_nm : (float, float)
        Core diameters whose signals are shown.
    """
    voxel_mm = line.grid.field_of_view_mm[0] / line.grid.shape[0]
    places = (-voxel_mm / 2, voxel_mm / 2)
    position = np.linspace(-REACH_MM, REACH_MM, POINTS)
    gradient = line.scanner.gradient_T_per_m[0]
    signals = {}
    for diameter in diameters_nm:
        scale = 1e-3 * _particle(line, diameter).beta_per_T * gradient
        signals[diameter] = sum(
            (langevin_slope(scale * (position - place)) for place in places), np.zeros(POINTS)
        )
    widths = np.linspace(min(line.diameters_nm), max(line.diameters_nm), 61)
    return NeighbourSignals(
        position,
        places,
        signals,
        widths,
        np.array([fwhm_mm(_particle(line, float(diameter)), gradient) for diameter in widths]),
    )


def system_functions(
    matrices: Mapping[float, Array],
    position_mm: Array,
    scene: npt.NDArray[np.floating],
    shown: tuple[int, ...] = (2, 10, 40),
) -> SystemFunctions:
    """Return the spectra of one scene, and a few system functions, by diameter (Chae 2017, figure 3).

    Parameters
    ----------
    matrices : mapping of float to (harmonic, voxel) ndarray of float64
        System matrices by core diameter in nm.
    position_mm : (voxel,) ndarray of float64
        Centres of the voxels.
    scene : (voxel,) ndarray of float
        Concentrations.
    shown : tuple of int
        Harmonics whose system functions are shown.
    """
    harmonics = len(next(iter(matrices.values())))
    few = tuple(number for number in shown if number <= harmonics)
    rows = np.array(few) - 1
    return SystemFunctions(
        np.arange(1, harmonics + 1),
        {diameter: matrix @ scene for diameter, matrix in matrices.items()},
        position_mm,
        few,
        {diameter: matrix[rows] for diameter, matrix in matrices.items()},
    )


def _particle(line: LineScanner, diameter_nm: float) -> Particle:
    return line.particle.model_copy(update={"core_diameter_nm": diameter_nm})
