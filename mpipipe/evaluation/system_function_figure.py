"""Spectra of one scene, and system functions of a few harmonics, for particles of several diameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import BLUE, GREEN, ORANGE, VERMILION, add_footer, style
from mpipipe.evaluation.log_panels import Handle, finish_axes, right_legend

Array = npt.NDArray[np.floating[Any]]
LOOKS = ((VERMILION, "-"), (BLUE, "-"), (GREEN, "--"), (ORANGE, "-."))
"""Colour and dash of diameters, from the smallest."""
DECADES = 6.0
"""Shown below the largest amplitude."""


@dataclass(frozen=True)
class SystemFunctions:
    """Spectra and system functions by diameter.

    Attributes
    ----------
    harmonic : (harmonic,) ndarray of int
        Numbers of the harmonics of the spectra.
    spectra : mapping of float to (harmonic,) ndarray of float
        Amplitudes of one scene by diameter in nm, signed.
    position_mm : (voxel,) ndarray of float
        Centres of the voxels.
    shown : tuple of int
        Numbers of the harmonics of the system functions.
    functions : mapping of float to (shown, voxel) ndarray of float
        System functions by diameter in nm.
    """

    harmonic: npt.NDArray[np.integer[Any]]
    spectra: Mapping[float, Array]
    position_mm: Array
    shown: tuple[int, ...]
    functions: Mapping[float, Array]


def system_function_figure(system: SystemFunctions, provenance: Provenance) -> Figure:
    """Draw the moduli of the spectra at the left on a logarithmic axis, and the system functions at the right.

    Every spectrum and every function is drawn over its largest modulus.

    Parameters
    ----------
    system : SystemFunctions
        Spectra and system functions of one to four diameters.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no diameter or more than four, no function, or shapes do not fit.
    """
    _check(system)
    looks = dict(zip(sorted(system.spectra), LOOKS, strict=False))
    rows = len(system.shown)
    handles: dict[str, Handle] = {}
    with style():
        figure = Figure(figsize=(7.8, max(0.85 * rows + 0.6, 2.7)), layout="constrained")
        grid = figure.add_gridspec(rows, 2)
        left = figure.add_subplot(grid[:, 0])
        for diameter, (colour, _) in looks.items():
            (line,) = left.plot(
                system.harmonic, _relative(np.abs(system.spectra[diameter])), color=colour, linewidth=0.8
            )
            handles[f"{diameter:g} nm"] = line
        left.set_yscale("log")
        left.set_ylim(10.0**-DECADES, 2)
        left.set_xlabel("harmonic k")
        left.set_ylabel("|u$_k$| over the largest")
        left.set_title("Spectra of one scene", loc="left")
        finish_axes(left)
        for place, number in enumerate(system.shown):
            axes = figure.add_subplot(grid[place, 1])
            for diameter, (colour, dash) in looks.items():
                function = _relative(system.functions[diameter][place])
                axes.plot(system.position_mm, function, color=colour, linestyle=dash, linewidth=0.9)
            axes.set(xlim=(float(system.position_mm[0]), float(system.position_mm[-1])), ylim=(-1.15, 1.15))
            axes.set_yticks([-1, 0, 1])
            axes.tick_params(labelbottom=place == rows - 1)
            axes.set_ylabel(f"k = {number}")
            finish_axes(axes)
            if not place:
                axes.set_title("System functions over their maxima", loc="left")
        axes.set_xlabel("x / mm")
        right_legend(figure, handles)
        add_footer(figure, provenance)
    return figure


def _check(system: SystemFunctions) -> None:
    if not 1 <= len(system.spectra) <= len(LOOKS) or set(system.functions) != set(system.spectra):
        raise InputError(
            f"spectra: found {len(system.spectra)} diameters and functions of {len(system.functions)}, expected 1 to "
            f"{len(LOOKS)} of both"
        )
    if not system.shown:
        raise InputError("shown: found no harmonic, expected at least one")
    expected = (len(system.shown), len(system.position_mm))
    for diameter, spectrum in system.spectra.items():
        found = system.functions[diameter].shape
        if spectrum.shape != system.harmonic.shape or found != expected:
            raise InputError(
                f"spectra: {diameter:g} nm: found shapes {spectrum.shape} and {found}, expected {system.harmonic.shape} and "
                f"{expected}"
            )


def _relative(values: Array) -> Array:
    return np.asarray(values / (float(np.abs(values).max()) or 1.0))
