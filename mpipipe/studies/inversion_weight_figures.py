"""The inversion study's figures of reconstructions and learned weights, pure functions of arrays (Chae 2017)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.column_figure import Central, Columns, column_panels, column_similarity
from mpipipe.evaluation.line_images import Pattern, line_images
from mpipipe.studies.inversion_methods import ERRORS
from mpipipe.studies.inversion_weights import ALIKE, CENTRAL_SHARE
from mpipipe.studies.result import ResultFigure

AMPLITUDE_MM = 16.0
"""Largest excursion of the field-free point: 32 mT over 2 T/m."""
SHOWN_COLUMNS = (2, 6, 20)
MATCHED = (
    "Columns have the sign and, between the grey lines, the norm of their polynomial: scaling alone is taken out. What is beyond "
    "the axes is cut."
)


def reconstructions_figure(
    patterns: Sequence[Pattern], position_mm: npt.NDArray[np.floating[Any]], provenance: Provenance
) -> ResultFigure:
    """Return the figure ``reconstructions``: patterns of scenes reconstructed by each network (figures 4b, 6 and 8).

    Parameters
    ----------
    patterns : sequence of Pattern
        Patterns with the images of networks by label, such as ``Single-layer, 30 nm``; a line break in it is kept.
    position_mm : (voxel,) ndarray of float
        Centres of the voxels.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When there is no pattern or estimate, or a shape does not fit.
    """
    figure = line_images(patterns, position_mm, provenance)
    text = (
        "Patterns of scenes, one a row, and their reconstructions from spectra by trained networks; none was trained on such "
        "patterns but on voxels that are independently 0 or 1. Values beyond 0 and 1 are cut; the number is the MSE of the whole "
        f"image. {ERRORS}"
    )
    return ResultFigure("reconstructions", "Reconstructed patterns", figure, figure_caption(text, provenance))


def weights_figure(
    columns: Columns,
    provenance: Provenance,
    *,
    count: int = 6,
    amplitude_mm: float = AMPLITUDE_MM,
) -> ResultFigure:
    """Return the figure ``weights``: the first columns of learned weights beside Chebyshev polynomials (figure 10).

    Parameters
    ----------
    columns : Columns
        Weights of networks by label, such as ``"40 nm"``.
    provenance : Provenance
        Run.
    count : int
        Columns that are drawn.
    amplitude_mm : float
        Largest excursion A of the field-free point.

    Raises
    ------
    InputError
        When there are no weights, or shapes do not fit.
    """
    figure = column_panels(columns, _central(amplitude_mm), provenance, count=count)
    text = (
        f"The first columns of learned weights beside the Chebyshev polynomials of the second kind U_{{k−1}}(x/A), A = "
        f"{amplitude_mm:g} mm, which are the columns of the inverse for ideal particles. {MATCHED}"
    )
    return ResultFigure("weights", "Columns of learned weights", figure, figure_caption(text, provenance))


def sigmoid_and_linear_figure(
    columns: Columns,
    provenance: Provenance,
    *,
    shown: Sequence[int] = SHOWN_COLUMNS,
    amplitude_mm: float = AMPLITUDE_MM,
) -> ResultFigure:
    """Return the figure ``sigmoid_and_linear``: weights behind a sigmoid and without, and the exact inverse (figure 11).

    Parameters
    ----------
    columns : Columns
        Weights by label: the network with a sigmoid, the linear one, and the exact inverse.
    provenance : Provenance
        Run.
    shown : sequence of int
        Numbers of the columns that are drawn.
    amplitude_mm : float
        Largest excursion A of the field-free point.

    Raises
    ------
    InputError
        When there are no weights, no such column, or shapes do not fit.
    """
    figure = column_similarity(columns, _central(amplitude_mm), shown, provenance)
    text = (
        f"Left: columns of the weights beside the Chebyshev polynomials U_{{k−1}}(x/A), A = {amplitude_mm:g} mm. {MATCHED} "
        "Right: modulus of the cosine similarity of each column and its polynomial over the central "
        f"{100 * CENTRAL_SHARE:g} % of the field. No inverse of particles of finite size follows the "
        "polynomials to the end: the exact inverse shows what one without error reaches."
    )
    title = "Weights behind a sigmoid and without"
    return ResultFigure("sigmoid_and_linear", title, figure, figure_caption(text, provenance))


def _central(amplitude_mm: float) -> Central:
    return Central(CENTRAL_SHARE * amplitude_mm, ALIKE)
