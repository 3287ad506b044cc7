"""Figures and tables of measured matrices before and after restoration, and of the measured receive chain."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.component_axes import Extent
from mpipipe.evaluation.image_panel import PanelImage, image_panel
from mpipipe.evaluation.restored_panel import RestoredComponent, restored_panel
from mpipipe.evaluation.robustness_figure import robustness_figure
from mpipipe.studies.measured_restoration import MEASURED, RestoredMatrix
from mpipipe.studies.result import ResultFigure

Restored = Mapping[str, RestoredMatrix]
NO_TRUTH = (
    "There is no ground truth: nothing is claimed from how smooth a component is or how well an image fits the signal, since "
    "noise in a matrix helps to fit."
)

TABLE_TEXT = (
    "Removed energy ‖y − ŝ‖²/‖y‖² beside the noise's share Σ N σ²/‖y‖² at the level above; phase spread 1 − |Σ s²|/Σ |s|² and "
    "change of the best single phase, medians over components; residual ‖Ax − b‖/‖b‖ of each image over all rows."
)


def shown_components(
    matrix: npt.NDArray[Any], sigma: npt.NDArray[np.float64], count: int
) -> tuple[list[int], npt.NDArray[np.float64]]:
    """Return which components are shown, from least to most noise, and every component's σ over its largest modulus."""
    peak = np.abs(matrix).reshape(len(matrix), -1).max(axis=1)
    relative = np.divide(sigma, peak, out=np.full(len(matrix), np.inf), where=peak > 0)
    places = np.linspace(0, len(matrix) - 1, min(count, len(matrix))).round().astype(int)
    order = np.argsort(relative, kind="stable")
    return [int(order[place]) for place in places], relative


def components_result(
    restored: Restored,
    labels: Sequence[str],
    extent: Extent,
    text: str,
    provenance: Provenance,
    *,
    length_unit: str = "mm",
) -> ResultFigure:
    """Return components before and after each method.

    Parameters
    ----------
    restored : mapping of RestoredMatrix
        The measured matrix, under ``Measured``, and each restored one.
    labels : sequence of str
        What the shown components are.
    extent : tuple of float
        Edges of the grid.
    text : str
        What was measured, and how its noise level was found; sentences.
    provenance : Provenance
        Run that prepared the methods.
    length_unit : str
        Unit of the extent.
    """
    rows = [
        RestoredComponent(
            restored[MEASURED].components[number],
            {name: one.components[number] for name, one in restored.items() if name != MEASURED},
            label,
        )
        for number, label in enumerate(labels)
    ]
    figure = restored_panel(rows, extent, provenance, length_unit=length_unit)
    caption = (
        f"{text} From the component with least noise (top) to the one with most; hue is the phase, brightness the modulus over "
        f"the measured one's maximum. {NO_TRUTH}"
    )
    title = "Measured components before and after restoration"
    return ResultFigure("restoration", title, figure, figure_caption(caption, provenance))


def images_result(
    restored: Restored,
    extent: Extent,
    text: str,
    provenance: Provenance,
    *,
    columns: int,
    length_unit: str = "mm",
) -> ResultFigure:
    """Return the images of each phantom from the measured and from each restored matrix, in pairs of phantoms."""
    first = restored[MEASURED].images
    peak = {name: float(np.abs(image.image).max()) or 1.0 for name, image in first.items()}
    panels = [
        PanelImage(
            f"{method}, {name}" if len(first) > 1 else method,
            np.abs(image.image) / peak[name],
            {"residual": f"{float(image.relative_residual):.4f}"},
        )
        for method, one in restored.items()
        for name, image in one.images.items()
    ]
    figure = image_panel(
        panels,
        extent,
        provenance,
        unit="relative to the maximum with the measured matrix",
        peak=1.0,
        columns=columns,
        length_unit=length_unit,
        projection="maximum",
    )
    title = "Images from the measured and the restored matrices"
    return ResultFigure("restoration_images", title, figure, figure_caption(f"{text} {NO_TRUTH}", provenance))


def restoration_table(restored: Restored) -> pd.DataFrame:
    """Return what each method did to a measured matrix, one row a method.

    Columns ``method``, ``removed_energy`` and ``noise_energy`` (shares of the matrix's energy), ``phase_spread_before``,
    ``phase_spread_after`` and ``phase_change_deg`` (medians over components), and ``residual_<phantom>``.
    """
    rows = []
    for method, one in restored.items():
        summary = one.summary
        rows.append(
            {
                "method": method,
                "removed_energy": summary.removed_energy,
                "noise_energy": summary.noise_energy,
                "phase_spread_before": float(np.median(summary.spread_before)),
                "phase_spread_after": float(np.median(summary.spread_after)),
                "phase_change_deg": float(np.degrees(np.median(np.abs(summary.phase_change_rad)))),
            }
            | {f"residual_{name}": float(image.relative_residual) for name, image in one.images.items()}
        )
    return pd.DataFrame(rows)


def chain_result(
    summary: pd.DataFrame, spread: Mapping[str, float], text: str, provenance: Provenance
) -> ResultFigure:
    """Return each method's PSNR over DCT-F on physics that training never saw, a measured receive chain among them."""
    label, order = "PSNR over tuned DCT-F (dB)", list(spread)
    figure = robustness_figure(summary, provenance, label=label, conditions=order)
    spreads = ", ".join(f"{name} {round(value, 6):.2g}" for name, value in spread.items())
    caption = f"{text} Mean phase spread 1 − |Σ s²| / Σ |s|² of the true components: {spreads}."
    title = "Physics that training never saw, with a measured receive chain"
    return ResultFigure("robustness", title, figure, figure_caption(caption, provenance))
