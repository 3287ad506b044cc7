"""The restoration study's figures, pure functions of records, examples and images (Tsanda 2025, figures 1 to 6)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.config.figures import FiguresConfig
from mpipipe.config.restoration import Problem, RobustnessConfig
from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.component_axes import extent_of, measured_extent
from mpipipe.evaluation.component_panel import ComponentExample, component_panel
from mpipipe.evaluation.curve_figure import curve_figure
from mpipipe.evaluation.example_panel import ExampleMatrix, component_text, example_panel, matrix_text
from mpipipe.evaluation.figures import in_order
from mpipipe.evaluation.image_panel import PanelImage, image_panel
from mpipipe.evaluation.phantom_panel import RenderedPhantom, phantom_panel
from mpipipe.evaluation.robustness_figure import robustness_figure
from mpipipe.evaluation.size_figure import size_figure
from mpipipe.evaluation.summary import summarise
from mpipipe.evaluation.training_curve import training_curve
from mpipipe.evaluation.vocabulary import METHODS
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.scenes.phantoms import PHANTOMS
from mpipipe.studies.restoration_tables import METRICS, TITLES
from mpipipe.studies.result import ResultFigure
from mpipipe.studies.robustness import gain_summary, relaxations

Arrays = Mapping[str, npt.NDArray[Any]]
Described = Mapping[str, Any]
BY_SIGMA, BY_SIZE = ("denoising",), ("accelerated_calibration", "inpainting")
_ORDINALS = {2: "2nd", 3: "3rd", 4: "4th"}


def examples_figure(arrays: Arrays, described: Described, provenance: Provenance) -> ResultFigure:
    """Return components of a few training matrices of each ensemble (figure 1)."""
    examples = [
        _example_matrix(arrays[f"components_{number}"], one)
        for number, one in enumerate(described["examples"])
    ]
    text = (
        "Simulated system matrices, two of each ensemble: components from low to high mixing order, each with max|s| = 1. "
        "Hue is the phase, brightness the modulus; of a volume the slice that shows most of its components."
    )
    figure = example_panel(examples, provenance)
    return ResultFigure("examples", "Examples of system matrices", figure, figure_caption(text, provenance))


def _example_matrix(components: npt.NDArray[Any], described: Described) -> ExampleMatrix:
    scanner, grid = (
        Scanner.model_validate(described["scanner"]),
        Grid.model_validate(described["grid"]),
    )
    particle = Particle.model_validate(described["particle"])
    titles = [
        component_text(channel, frequency, order)
        for channel, frequency, order in zip(
            described["channel"], described["frequency_Hz"], described["mixing_order"], strict=True
        )
    ]
    extent = extent_of(grid.field_of_view_mm, grid.centre_mm)
    return ExampleMatrix(components, extent, matrix_text(particle, scanner, grid), titles)


def phantoms_figure(scenes: Mapping[str, tuple[Arrays, Described]], provenance: Provenance) -> ResultFigure:
    """Return the phantoms as they are rendered on the measured grid (figure 2)."""
    shown = sorted(scenes.values(), key=lambda scene: list(PHANTOMS).index(scene[1]["phantom"]))
    rendered = [
        RenderedPhantom(
            _spoken(described["phantom"]),
            arrays["concentration_fine"],
            tuple(described["field_of_view_mm"]),
        )
        for arrays, described in shown
    ]
    text = (
        "The phantoms on the fine grids that their signals are simulated on; volumes as maximum-intensity projections. "
        "Where the paper gives no dimensions they are assumptions, see docs/restoration.md."
    )
    return ResultFigure(
        "phantoms", "Phantoms", phantom_panel(rendered, provenance), figure_caption(text, provenance)
    )


def components_figure(
    problem: str, arrays: Arrays, described: Described, config: FiguresConfig, provenance: Provenance
) -> ResultFigure:
    """Return test components of a problem: truth, what was measured, and what each method makes of it."""
    count = min(config.example_components, len(described["examples"]))
    examples = [_example(arrays, described, number) for number in range(count)]
    text = (
        f"Problem {problem}: test components, one random one of each of the first matrices whose field of view is not too "
        f"oblong, measured with noise of σ = {described['sigma']:g} (complex, at max|s| = 1), and after each method. Hue is "
        "the phase, brightness the modulus; the numbers are PSNR in dB of the whole component."
    )
    figure = component_panel(examples, provenance, error_maps=config.error_maps)
    title = f"{_heading(problem)}: components before and after"
    return ResultFigure(f"{problem}_components", title, figure, figure_caption(text, provenance))


def _example(arrays: Arrays, described: Described, number: int) -> ComponentExample:
    example, methods = described["examples"][number], described["methods"]
    measured = example["noisy_psnr_db"]
    noisy = {} if measured is None else {"Noisy": measured}
    return ComponentExample(
        truth=arrays[f"truth_{number}"],
        estimates={name: arrays[f"method_{methods.index(name)}_{number}"] for name in in_order(set(methods))},
        extent_mm=extent_of(example["field_of_view_mm"]),
        label=f"{'xyz'[example['channel']]} coil, {example['frequency_Hz'] / 1e3:.1f} kHz\n{example['kind']}",
        observed=arrays[f"observed_{number}"],
        known=arrays.get(f"known_{number}"),
        factor=example["factor"],
        psnr_db=dict(zip(methods, example["psnr_db"], strict=True)) | noisy,
    )


def score_figures(
    name: str, problem: Problem, records: pd.DataFrame, dimension: int, provenance: Provenance
) -> Iterator[ResultFigure]:
    """Yield PSNR and SSIM of a problem against σ, or by bins of the grid size, as its table has it."""
    own = records[(records["table"] == problem.table) & (records["dimension"] == f"{dimension}D")]
    if problem.observation.factor > 1:
        own = own[own["factor"] == problem.observation.factor]
    text = "Test split: mean over system matrices with 95 % intervals clustered by system matrix."
    title = TITLES[problem.table][0]
    if problem.table in BY_SIGMA:
        figure = curve_figure(summarise(own), "sigma", METRICS, provenance)
        yield ResultFigure(
            f"{name}_curves",
            f"{title}, {dimension}-D: quality against noise",
            figure,
            figure_caption(text, provenance),
        )
    if problem.table in BY_SIZE:
        figure = size_figure(summarise(own), provenance)
        yield ResultFigure(
            f"{name}_sizes",
            f"{title}: quality by grid size",
            figure,
            figure_caption(text, provenance),
        )


def training_figure(
    problem: str, histories: Mapping[str, Sequence[Mapping[str, Any]]], provenance: Provenance
) -> ResultFigure:
    """Return loss and validation PSNR over the optimiser's steps."""
    text = f"Problem {problem}: training loss, and PSNR of the averaged weights on the validation split."
    title = f"{_heading(problem)}: training"
    return ResultFigure(
        f"{problem}_training", title, training_curve(histories, provenance), figure_caption(text, provenance)
    )


def phantom_figure(
    name: str, arrays: Arrays, described: Described, config: FiguresConfig, provenance: Provenance
) -> ResultFigure:
    """Return the images of one phantom, from the true, the measured and each restored matrix (figures 3 to 6)."""
    concentration, factor = arrays["concentration"], described["observation"]["factor"]
    extent = extent_of(described["field_of_view_mm"])
    images = [PanelImage("Phantom", concentration, {})]
    columns = ("names", "psnr_db", "ssim", "regularization")
    for number in _order(described["names"]):
        method, psnr, similarity, weight = (described[column][number] for column in columns)
        image = arrays[f"image_{number}"]
        scores = {"PSNR": f"{psnr:.1f} dB", "SSIM": f"{similarity:.2f}", "λ": f"{weight:g}"}
        scores = {key: value for key, value in scores.items() if value != "nan"}
        coarse = image.shape != concentration.shape
        own = measured_extent(extent, concentration.shape, factor) if coarse else None
        images.append(PanelImage(method, image, scores, own))
    figure = image_panel(
        images, extent, provenance, peak=float(np.max(concentration)), columns=config.image_columns
    )
    title = f"Reconstruction of the {_spoken(name)} phantom"
    return ResultFigure(name, title, figure, figure_caption(_phantom_text(name, described), provenance))


def _order(names: Sequence[str]) -> list[int]:
    """Return the places of images: the matrices as they were, then the methods in the order of the tables."""
    return sorted(
        range(len(names)),
        key=lambda place: METHODS.index(names[place]) + len(names) if names[place] in METHODS else place,
    )


def _phantom_text(name: str, described: Described) -> str:
    observation = described["observation"]
    measured = "every voxel was measured, with noise"
    if observation["factor"] > 1:
        ordinal = _ORDINALS[observation["factor"]]
        measured = f"every {ordinal} voxel along each axis was measured, with noise"
    if observation["missing_ratio"]:
        measured = f"{observation['missing_ratio']:.0%} of the voxels, one stretch of the scan, are missing"
    first = f"; it was denoised with {described['denoiser'][0]} first" if described["denoiser"] else ""
    columns = ("names", "psnr_db", "ssim")
    listed = [[described[column][place] for column in columns] for place in _order(described["names"])]
    scores = ", ".join(f"{method} {psnr:.1f} dB / {similarity:.2f}" for method, psnr, similarity in listed)
    return (
        f"The {_spoken(name)} phantom, measured on a finer grid with noise and reconstructed by regularised Kaczmarz from "
        f"{described['rows']} rows with each system matrix. Of the calibration {measured}{first}. Relative λ is the best of a "
        f"list for each matrix, against the phantom. PSNR / SSIM: {scores}."
    )


def robustness_result(
    records: pd.DataFrame, spread: Mapping[str, float], config: RobustnessConfig, provenance: Provenance
) -> ResultFigure:
    """Return what physics that training never saw does to each method."""
    summary = gain_summary(records, "DCT-F")
    order = [name for name in relaxations(config) if name in spread]
    figure = robustness_figure(summary, provenance, label="PSNR over tuned DCT-F (dB)", conditions=order)
    spreads = ", ".join(f"{name} {spread[name]:.2g}" for name in order)
    text = (
        f"Methods trained or tuned on particles in equilibrium, on {config.matrices} test matrices with other physics, "
        f"σ = {config.sigma:g}; paired differences to tuned DCT-F with 95 % intervals. Mean phase spread "
        f"1 − |Σ s²| / Σ |s|² of the components, 0 where each has one phase: {spreads}."
    )
    return ResultFigure(
        "robustness", "Physics that training never saw", figure, figure_caption(text, provenance)
    )


def _spoken(name: str) -> str:
    return name.replace("_", " ").replace(" 2d", " in 2-D").replace(" 3d", " in 3-D").replace(" x", " ×")


def _heading(problem: str) -> str:
    spoken = _spoken(problem)
    return spoken[:1].upper() + spoken[1:]
