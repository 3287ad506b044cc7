"""The reconstruction study's figures, pure functions of records, arrays and trainings (Peng 2024, figures 3 to 6)."""

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.component_axes import extent_of
from mpipipe.evaluation.curve_figure import curve_figure
from mpipipe.evaluation.figures import in_order
from mpipipe.evaluation.image_grid import GridRow, image_grid
from mpipipe.evaluation.singular_value_figure import singular_value_figure
from mpipipe.evaluation.summary import summarise
from mpipipe.evaluation.training_grid import training_grid
from mpipipe.studies.reconstruction_tables import CALIBRATIONS, REPEATED
from mpipipe.studies.result import ResultFigure

Arrays = Mapping[str, npt.NDArray[Any]]
Described = Mapping[str, Any]

PAGE_COLUMNS, PAGE_ROWS = 9, 5
ERROR_PEAK = 0.5
"""Upper end of the error maps, of images with a maximum of 1: half of it, so that small errors are seen."""


def digits_figure(
    phantoms: npt.NDArray[np.floating[Any]], field_of_view_mm: Sequence[float], provenance: Provenance
) -> ResultFigure:
    """Return a page of training phantoms.

    Parameters
    ----------
    phantoms : (item, x, y) ndarray of float32
        Training split; the first ones are shown.
    field_of_view_mm : (2,) sequence of float
        Edge lengths of the grid.
    provenance : Provenance
        Run.
    """
    columns = min(PAGE_COLUMNS, len(phantoms))
    shown = phantoms[: min(PAGE_ROWS, len(phantoms) // columns) * columns]
    rows = [GridRow("", list(shown[start : start + columns])) for start in range(0, len(shown), columns)]
    figure = image_grid([""] * columns, rows, extent_of(field_of_view_mm), provenance)
    grid = " × ".join(map(str, phantoms.shape[1:]))
    text = (
        f"The first {len(shown)} of {len(phantoms)} training phantoms: handwritten digits, rotated and placed at random, on "
        f"{grid} voxels."
    )
    return ResultFigure("digits", "Training phantoms", figure, figure_caption(text, provenance))


def calibrations_figure(
    calibrations: Mapping[str, tuple[Arrays, Described]], provenance: Provenance
) -> ResultFigure:
    """Return how ill-posed the system matrices are: their singular values over the largest.

    Parameters
    ----------
    calibrations : mapping of str to arrays and attributes
        By name: ``matrix`` ``(component, x, y)``, and ``threshold``, the smallest signal-to-noise ratio of a row.
    provenance : Provenance
        Run.
    """
    matrices = {CALIBRATIONS[name]: arrays["matrix"] for name, (arrays, _) in calibrations.items()}
    values = {name: stacked_singular_values(matrix) for name, matrix in matrices.items()}
    sizes = "; ".join(
        f"{CALIBRATIONS[name]}: {len(arrays['matrix'])} rows with a signal-to-noise ratio of at least "
        f"{described['threshold']:.2f}, {' × '.join(map(str, arrays['matrix'].shape[1:]))} voxels"
        for name, (arrays, described) in calibrations.items()
    )
    text = f"Singular values of the system matrices, real and imaginary rows stacked, since images are real. {sizes}."
    figure = singular_value_figure(values, provenance)
    return ResultFigure("calibrations", "System matrices", figure, figure_caption(text, provenance))


def stacked_singular_values(
    matrix: npt.NDArray[np.complexfloating[Any, Any]],
) -> npt.NDArray[np.float64]:
    """Return the singular values ``(value,)`` of the real rows [Re A; Im A] of a matrix ``(component, x, y)``."""
    flat = matrix.reshape(len(matrix), -1)
    stacked = np.concatenate([flat.real, flat.imag]).astype(np.float64)
    return np.asarray(np.linalg.svd(stacked, compute_uv=False), np.float64)


def fixed_snr_figure(
    arrays: Arrays, described: Described, level_db: float, count: int, provenance: Provenance
) -> ResultFigure:
    """Return test phantoms at one noise level: truth, each method, and the errors below (Peng 2024, figure 3).

    Parameters
    ----------
    arrays : mapping of ndarray
        ``truth`` ``(example, x, y)`` and ``images`` ``(method, level, example, x, y)``.
    described : mapping
        ``methods``, ``levels_db``, ``psnr_db`` by method, level and example, and ``field_of_view_mm``.
    level_db : float
        Noise level that is shown.
    count : int
        Examples at most.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When the examples were not made at this level.
    """
    levels = list(described["levels_db"])
    if level_db not in levels:
        raise InputError(f"levels_db: found {levels}, expected {level_db:g} among them")
    level = levels.index(level_db)
    rows = [
        _example_row(arrays, described, level, number, f"phantom {number + 1}")
        for number in range(min(count, len(arrays["truth"])))
    ]
    extent = extent_of(described["field_of_view_mm"])
    figure = image_grid(_titles(described), rows, extent, provenance, error_peak=ERROR_PEAK)
    text = (
        f"The first phantoms of the test split at a signal SNR of {level_db:g} dB: truth, and the image and its error by each "
        "method. The numbers are PSNR. The scale of the errors ends at half of the truth's maximum."
    )
    return ResultFigure(
        "fixed_snr_images", "Examples at a fixed SNR", figure, figure_caption(text, provenance)
    )


def snr_sweep_figure(arrays: Arrays, described: Described, provenance: Provenance) -> ResultFigure:
    """Return one test phantom at each noise level (Peng 2024, figure 4); arguments as in `fixed_snr_figure`."""
    rows = [
        _example_row(arrays, described, place, 0, f"SNR {level:g} dB")
        for place, level in sorted(enumerate(described["levels_db"]), key=lambda item: item[1])
    ]
    figure = image_grid(_titles(described), rows, extent_of(described["field_of_view_mm"]), provenance)
    text = "The first phantom of the test split, one row a signal SNR: truth, and the image by each method. The numbers are PSNR."
    return ResultFigure(
        "snr_sweep_images", "An example at several SNRs", figure, figure_caption(text, provenance)
    )


def snr_sweep_curves(records: pd.DataFrame, provenance: Provenance) -> ResultFigure:
    """Return PSNR and SSIM of the table ``snr_sweep`` against the noise level."""
    summary = summarise(records[records["table"] == "snr_sweep"])
    figure = curve_figure(summary, "snr_db", ("psnr_db", "ssim"), provenance)
    text = f"Test split: mean over digit phantoms with 95 % intervals. {REPEATED}."
    return ResultFigure(
        "snr_sweep_curves",
        "Quality against the noise of the signal",
        figure,
        figure_caption(text, provenance),
    )


def training_figure(trainings: Sequence[Described], provenance: Provenance) -> ResultFigure:
    """Return loss and validation PSNR of each network; trainings as in `reconstruction_costs.training_table`."""
    histories: dict[str, dict[str, Any]] = {}
    for one in trainings:
        name = CALIBRATIONS[one["calibration"]]
        histories.setdefault(name, {})[one["method"]] = _errors(one["card"])
    text = (
        "Training loss, and PSNR on the validation split: the mean over the noise levels, and a band from the lowest to the "
        "highest. Of PP-MPI its image denoiser, whose loss is the mean absolute error and whose PSNR is that of denoised "
        "images; the other losses are mean square errors, or their logarithms, of which the exponential is drawn: the "
        "geometric mean of the images' errors, each over the squared maximum of its phantom."
    )
    figure = training_grid(histories, provenance, labels={"PP-MPI": "PP-MPI's denoiser"})
    return ResultFigure(
        "training", "Trainings: loss and validation", figure, figure_caption(text, provenance)
    )


def _errors(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the history of a training with an error for its loss, where that is a logarithm."""
    if card["config"]["loss"] == "mse":
        return list(card["history"])
    return [entry | {"loss": exp(entry["loss"])} if "loss" in entry else entry for entry in card["history"]]


def phantoms_figure(
    calibration: str, arrays: Arrays, described: Described, provenance: Provenance
) -> ResultFigure:
    """Return the measured phantoms of a calibration, each image over its own maximum (Peng 2024, figures 5 and 6).

    Parameters
    ----------
    calibration : str
        Name of the calibration.
    arrays : mapping of ndarray
        ``concentration`` ``(phantom, x, y)`` and ``images`` ``(method, phantom, x, y)``.
    described : mapping
        ``phantoms``, ``methods``, ``psnr_db`` and ``ssim`` by method and phantom, ``snr_db`` and ``field_of_view_mm``.
    provenance : Provenance
        Run.
    """
    methods = in_order(set(described["methods"]))
    rows = []
    for number, name in enumerate(described["phantoms"]):
        places = [described["methods"].index(method) for method in methods]
        images = [arrays["concentration"][number], *(arrays["images"][place, number] for place in places)]
        scores = [
            f"{described['psnr_db'][place][number]:.1f} dB\nSSIM {described['ssim'][place][number]:.2f}"
            for place in places
        ]
        rows.append(
            GridRow(
                _spoken(name).replace(" ", "\n"), [_over_maximum(image) for image in images], ["", *scores]
            )
        )
    extent = extent_of(described["field_of_view_mm"])
    figure = image_grid(_titles(described), rows, extent, provenance, unit="over the image's maximum")
    named = zip(described["phantoms"], described["snr_db"], strict=True)
    levels = ", ".join(f"{_spoken(name)} {level:g} dB" for name, level in named)
    text = (
        "Phantoms that were simulated on a finer grid with scanner background and reconstructed with the "
        f"{CALIBRATIONS[calibration]} calibration; signal SNR: {levels}. Each image is shown over its own maximum, as in the "
        "paper; PSNR and SSIM are those of the image as it came out. Methods with settings have those that were tuned on "
        "digits at the nearest SNR, networks are those trained on digits."
    )
    title = f"Phantoms, {CALIBRATIONS[calibration]} calibration"
    return ResultFigure(f"phantoms_{calibration}", title, figure, figure_caption(text, provenance))


def _example_row(arrays: Arrays, described: Described, level: int, example: int, label: str) -> GridRow:
    places = [described["methods"].index(method) for method in in_order(set(described["methods"]))]
    images = [arrays["truth"][example], *(arrays["images"][place, level, example] for place in places)]
    scores = [f"{described['psnr_db'][place][level][example]:.1f} dB" for place in places]
    return GridRow(label, images, ["", *scores])


def _titles(described: Described) -> list[str]:
    return ["Truth", *in_order(set(described["methods"]))]


def _over_maximum(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    peak = float(image.max())
    return image / peak if peak > 0 else image


def _spoken(name: str) -> str:
    return name.replace("c_shape", "C-shape").replace("_", " ")
