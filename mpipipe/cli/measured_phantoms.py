"""Verb ``measured``: the measured phantoms of the coil-encoding scanner, as images and numbers."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mpipipe.config.params import Params
from mpipipe.config.recipe import digest
from mpipipe.config.sources import code_digest
from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.figures import render
from mpipipe.evaluation.image_panel import PanelImage, image_panel
from mpipipe.evaluation.tables import csv_text
from mpipipe.reconstruction.encoding_array import SETTINGS
from mpipipe.reconstruction.result import Reconstruction
from mpipipe.storage.atomic import write_bytes, write_text
from mpipipe.storage.matlab import EncodingArray
from mpipipe.studies.measured import MeasuredCheck, reconstruct_and_check

POSITIONS = (0.75, 8.25, 0.75, 8.25)  # pixels of half a step, centred on the outermost positions
SOURCE = "BUAALGH/ISBI-2026-MPI-Encoding-Array, commit ae72e8c (MIT licence)"
INDEPENDENT = {"frobenius_norm": 37256.74, "condition_number": 1.06e4, "b1": 0.0232, "b2": 0.0250}


def reconstruct_encoding_array(
    data: EncodingArray, files: dict[str, str], out: Path, params: Params
) -> list[str]:
    """Write ``encoding_array.csv``, ``.png`` and ``.svg`` below `out`; returns the lines of the page."""
    images, checks = reconstruct_and_check(data.system_matrix, data.signals)
    recipe = {"files": files, "settings": SETTINGS.model_dump(mode="json"), "code": code_digest(__name__)}
    provenance = Provenance(scale="measured", digest=digest(recipe), seed=params.seed)
    caption = figure_caption(
        "Measured phantoms of a coil-encoding scanner, reconstructed on 15 × 15 points between its 8 × 8 calibration positions: "
        f"regularised Kaczmarz, relative λ = {SETTINGS.regularization:g}, {SETTINGS.iterations} sweeps, real and non-negative. "
        f"Data: {SOURCE}.",
        provenance,
    )
    rendered = render(_figure(images, provenance), params.figures.dpi)
    write_bytes(out / "encoding_array.png", rendered.png)
    write_bytes(out / "encoding_array.svg", rendered.svg)
    numbers = _numbers(data, checks)
    write_text(out / "encoding_array.csv", csv_text(numbers))
    return _page(numbers, caption, files)


def _figure(images: dict[str, Reconstruction], provenance: Provenance) -> Figure:
    panels = [
        PanelImage(
            f"Phantom {name}", image.image / image.image.max(), {"residual": f"{image.relative_residual:.4f}"}
        )
        for name, image in images.items()
    ]
    return image_panel(
        panels,
        POSITIONS,
        provenance,
        unit="relative to its maximum",
        peak=1.0,
        length_unit="calibration position",
    )


def _numbers(data: EncodingArray, checks: dict[str, MeasuredCheck]) -> pd.DataFrame:
    flat = data.system_matrix.reshape(len(data.system_matrix), -1)
    rows: list[tuple[str, float, float]] = [
        ("Frobenius norm of S", float(np.linalg.norm(flat)), INDEPENDENT["frobenius_norm"]),
        ("condition number of S", float(np.linalg.cond(flat)), INDEPENDENT["condition_number"]),
    ]
    for name, check in checks.items():
        rows.append((f"relative residual of {name}", check.relative_residual, INDEPENDENT[name]))
        rows.append((f"relative difference to Tikhonov, {name}", check.tikhonov_difference, np.nan))
    return pd.DataFrame(rows, columns=["quantity", "ours", "independent"])


def _page(numbers: pd.DataFrame, caption: str, files: dict[str, str]) -> list[str]:
    lines = ["| quantity | ours | independent value |", "| --- | ---: | ---: |"]
    for quantity, ours, known in zip(*(numbers[name] for name in numbers.columns), strict=True):
        independent = "–" if np.isnan(known) else f"{known:.7g}"
        lines.append(f"| {quantity} | {ours:.6g} | {independent} |")
    digests = [f"- `{name}` sha256 `{content}`" for name, content in files.items()]
    return [
        "# Measured phantoms", "", "![Measured phantoms](encoding_array.png)", "", caption, "", *lines, "",
        "Files:", "", *digests, "",
    ]  # fmt: skip
