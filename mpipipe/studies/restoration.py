"""The restoration study's tables and figures, pure functions of records, examples and images (Tsanda 2025)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from mpipipe.config.figures import FiguresConfig
from mpipipe.evaluation.captions import Provenance, figure_caption, table_caption
from mpipipe.evaluation.component_panel import ComponentExample, component_panel
from mpipipe.evaluation.curve_figure import curve_figure
from mpipipe.evaluation.image_panel import PanelImage, image_panel
from mpipipe.evaluation.summary import compare, summarise
from mpipipe.evaluation.tables import FormattedTable, comparison_table, format_comparison, format_paired
from mpipipe.evaluation.training_curve import training_curve

STUDY = "restoration"
METRICS = ("psnr_db", "ssim")
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class ResultTable:
    """A table in its three forms."""

    name: str
    title: str
    wide: pd.DataFrame
    formatted: FormattedTable
    caption: str


@dataclass(frozen=True)
class ResultFigure:
    """A figure and what is to be said about it."""

    name: str
    title: str
    figure: Figure
    caption: str


def denoising_table(records: pd.DataFrame, provenance: Provenance) -> ResultTable:
    """Return the table ``denoising`` (Tsanda 2025, Table 2) beside what the paper prints."""
    summary = summarise(records)
    wide = comparison_table(summary, STUDY, "denoising")
    title = "Denoising of 2-D system-matrix components with empty-frame background of standard deviation σ"
    caption = table_caption(title, STUDY, METRICS, sorted(set(wide["n"])), provenance)
    return ResultTable("denoising", "Denoising", wide, format_comparison(wide, STUDY, "denoising"), caption)


def paired_table(
    records: pd.DataFrame, pairs: Sequence[tuple[str, str]], provenance: Provenance
) -> ResultTable:
    """Return the paired differences of methods, item by item: what orderings are claimed from."""
    paired = pd.concat([compare(records, method, baseline) for method, baseline in pairs], ignore_index=True)
    text = (
        "Paired differences in the denoising table: mean over the test matrices ± half width of the 95 % interval of the "
        "difference, taken matrix by matrix. An interval without 0 supports an ordering."
    )
    caption = figure_caption(text, provenance)
    return ResultTable(
        "denoising_paired", "Denoising: paired differences", paired, format_paired(paired), caption
    )


def pairs_of(methods: Sequence[str], learned: Sequence[str]) -> list[tuple[str, str]]:
    """Return each learned method against each classical one, and the classical ones against the first."""
    classical = [method for method in methods if method not in learned]
    return [(a, b) for a in learned for b in classical] + [(a, classical[0]) for a in classical[1:]]


def components_figure(
    arrays: Arrays, described: Mapping[str, Any], config: FiguresConfig, provenance: Provenance
) -> ResultFigure:
    """Return test components before and after each method."""
    examples = [
        _example(arrays, described, number)
        for number in range(min(config.example_components, len(described["examples"])))
    ]
    text = (
        f"Test components with noise of σ = {described['sigma']:g} (complex, at max|s| = 1) and after each method. "
        "Hue is the phase, brightness the modulus; the numbers are PSNR in dB."
    )
    figure = component_panel(examples, provenance, error_maps=config.error_maps)
    return ResultFigure(
        "denoising_components", "Components before and after", figure, figure_caption(text, provenance)
    )


def _example(arrays: Arrays, described: Mapping[str, Any], number: int) -> ComponentExample:
    example = described["examples"][number]
    estimates = {"Noisy": arrays[f"noisy_{number}"]}
    for position, method in enumerate(described["methods"]):
        estimates[method] = arrays[f"method_{position}_{number}"]
    label = f"{'xyz'[example['channel']]} coil, {example['frequency_Hz'] / 1e3:.1f} kHz, {example['kind']}"
    return ComponentExample(arrays[f"truth_{number}"], estimates, _extent(example["field_of_view_mm"]), label)


def curves_figure(records: pd.DataFrame, provenance: Provenance) -> ResultFigure:
    """Return PSNR and SSIM against σ, one line a method."""
    text = "Test split: mean over system matrices with 95 % intervals clustered by system matrix."
    figure = curve_figure(summarise(records), "sigma", METRICS, provenance)
    return ResultFigure("denoising_curves", "Quality against noise", figure, figure_caption(text, provenance))


def training_figure(
    histories: Mapping[str, Sequence[Mapping[str, Any]]], provenance: Provenance
) -> ResultFigure:
    """Return loss and validation PSNR over the optimiser's steps."""
    text = "Training loss (of each batch) and PSNR of the averaged weights on the validation split."
    figure = training_curve(histories, provenance)
    return ResultFigure("denoising_training", "Training", figure, figure_caption(text, provenance))


def phantom_figure(
    name: str, arrays: Arrays, described: Mapping[str, Any], config: FiguresConfig, provenance: Provenance
) -> ResultFigure:
    """Return the images of one phantom, from the true, the noisy and each restored matrix."""
    concentration = arrays["concentration"]
    images = [PanelImage("Phantom", concentration, {})]
    for number, (method, psnr, weight) in enumerate(
        zip(described["names"], described["psnr_db"], described["regularization"], strict=True)
    ):
        scores = {"PSNR": f"{psnr:.1f} dB", "λ": f"{weight:g}"}
        images.append(PanelImage(method, arrays[f"image_{number}"], scores))
    text = (
        f"The {name} phantom, measured on a finer grid with noise and reconstructed by regularised Kaczmarz "
        f"from {described['rows']} rows with each system matrix; relative λ is the best of a list for each matrix."
    )
    figure = image_panel(
        images,
        _extent(described["field_of_view_mm"]),
        provenance,
        peak=float(np.max(concentration)),
        columns=config.image_columns,
    )
    return ResultFigure(
        name, f"Reconstruction of the {name} phantom", figure, figure_caption(text, provenance)
    )


def _extent(field_of_view_mm: Sequence[float]) -> tuple[float, float, float, float]:
    x, y = field_of_view_mm[:2]
    return (-x / 2, x / 2, -y / 2, y / 2)
