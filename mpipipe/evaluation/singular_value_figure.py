"""How ill-posed system matrices are: their singular values over the largest."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import BLUE, GREEN, ORANGE, VERMILION, add_footer, style
from mpipipe.evaluation.tables import format_number

_LOOKS = ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (ORANGE, ":"))


def singular_value_figure(
    singular_values: Mapping[str, npt.NDArray[np.floating[Any]]], provenance: Provenance
) -> Figure:
    """Draw singular values over the largest, one line a matrix, with condition numbers in the legend.

    Parameters
    ----------
    singular_values : mapping of str to (value,) ndarray of float
        Singular values of each matrix, falling.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no matrix or more than four, or one has no singular value above 0, or they rise.
    """
    _check(singular_values)
    with style():
        figure = Figure(figsize=(4.6, 3.0), layout="constrained")
        axes = figure.subplots()
        for (name, values), (colour, dash) in zip(singular_values.items(), _LOOKS, strict=False):
            label = f"{name}, condition number {condition_text(values)}"
            places = np.arange(1, len(values) + 1)
            axes.plot(places, values / values[0], color=colour, linestyle=dash, linewidth=1.2, label=label)
        axes.set_yscale("log")
        axes.set_xlabel("number of the singular value")
        axes.set_ylabel("singular value over the largest")
        axes.grid(visible=True, color="#dddddd", linewidth=0.5)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside upper left", handlelength=2.6)
        add_footer(figure, provenance)
    return figure


def condition_text(values: npt.NDArray[np.floating[Any]]) -> str:
    """Return the condition number as text, whole between 10 and a million, else two digits; ``∞`` when the smallest is 0."""
    with np.errstate(divide="ignore"):
        number = float(np.float64(values[0]) / np.float64(values[-1]))
    return format_number(number, ".0f" if 10 <= number < 1e6 else ".2g")


def _check(singular_values: Mapping[str, npt.NDArray[np.floating[Any]]]) -> None:
    if not 1 <= len(singular_values) <= len(_LOOKS):
        raise InputError(
            f"singular_values: found {len(singular_values)} matrices, expected 1 to {len(_LOOKS)}"
        )
    for name, values in singular_values.items():
        if not (len(values) and values[0] > 0 and np.all(np.diff(values) <= 0)):
            raise InputError(
                f"singular_values: {name}: found {len(values)} values that do not fall from above 0, expected so"
            )
