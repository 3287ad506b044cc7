"""Verb ``measured``: the measured phantoms by every solver of the reconstruction study."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.reconstructors import open_denoiser
from mpipipe.cli.measured_methods import all_there, write_figure
from mpipipe.config.params import Params
from mpipipe.config.recipe import digest
from mpipipe.config.reconstruction import ReconstructionMethod
from mpipipe.config.seeds import derive_seed
from mpipipe.config.sources import code_digest
from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.component_axes import Extent
from mpipipe.evaluation.image_panel import PanelImage, image_panel
from mpipipe.reconstruction.encoding_array import IMAGE_SHAPE, refine_bilinear
from mpipipe.scenes.digits import draw_digits
from mpipipe.storage.digits import read_digit_sources
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.storage.matlab import EncodingArray
from mpipipe.storage.tables import read_json
from mpipipe.studies.measured_solvers import CLASSICAL, MeasuredImages, reconstruct_measured
from mpipipe.studies.plan import Plan
from mpipipe.studies.reconstruction_plan import SCORED
from mpipipe.studies.result import ResultFigure

IMAGE: Extent = (0.75, 8.25, 0.75, 8.25)  # pixels of half a step, centred on the outermost positions
LEVEL_DB = 30.0  # settings are those that were tuned at this level
TRAINED: ReconstructionMethod = "DERnet (Tikhonov start)"
PHANTOMS = 4000


def compare_solvers(data: EncodingArray, files: dict[str, str], out: Path, params: Params) -> list[str]:
    """Write ``solvers.png`` and ``.svg``: both measured phantoms by each method; returns the lines of the page.

    Settings are those that the run tuned on digit phantoms; a DERnet is trained for the measured matrix here. Without the
    run a line says what is left out.
    """
    plan, config = Plan(params).reconstruction, params.reconstruction
    tuned = {str(name): Path(plan.tuned(SCORED, name)) for name in config.methods if name in CLASSICAL}
    weights = [Path(plan.weights(SCORED, "PP-MPI"))] if "PP-MPI" in config.methods else []
    if not all_there([*tuned.values(), *weights], "solvers on the measured phantoms"):
        return []
    matrix = refine_bilinear(data.system_matrix, IMAGE_SHAPE).astype(np.complex64)
    signals = np.stack(list(data.signals.values())).astype(np.complex64)
    settings = {name: _settings(path) for name, path in tuned.items()}
    seed = derive_seed(params.seed, "measured", "solvers") % 2**31
    sources = read_digit_sources(config.digits)
    phantoms = draw_digits(sources, PHANTOMS, IMAGE_SHAPE, config.digits, np.random.default_rng(seed))
    found = reconstruct_measured(
        matrix,
        signals,
        settings,
        config.solvers,
        open_denoiser(weights[0]) if weights else None,
        config.training.get(TRAINED),
        phantoms,
        seed,
    )
    prepared = {
        str(path): read_manifest(manifest_path(path)).provenance for path in [*tuned.values(), *weights]
    }
    recipe = {"files": files, "prepared": prepared, "code": code_digest(__name__)}
    provenance = Provenance(scale="measured", digest=digest(recipe), seed=params.seed)
    result = _figure(found, list(data.signals), provenance)
    return ["## The measured phantoms by each method", "", *write_figure(out, result, params.figures.dpi)]


def _settings(path: Path) -> dict[str, float]:
    levels = {level["snr_db"]: level["best"] for level in read_json(path)["levels"]}
    best: dict[str, float] = levels[min(levels, key=lambda level: abs(level - LEVEL_DB))]
    return best


def _figure(found: dict[str, MeasuredImages], names: list[str], provenance: Provenance) -> ResultFigure:
    panels = [
        PanelImage(
            f"{method}, {name}",
            made.images[number] / (made.images[number].max() or 1),
            {"residual": f"{made.relative_residual[number]:.3f}"},
        )
        for number, name in enumerate(names)
        for method, made in found.items()
    ]
    figure = image_panel(
        panels,
        IMAGE,
        provenance,
        unit="relative to its maximum",
        peak=1.0,
        columns=len(found),
        length_unit="calibration position",
    )
    text = (
        "Measured phantoms of a coil-encoding scanner by the methods of the reconstruction study, with the settings that were "
        f"tuned on digit phantoms at {LEVEL_DB:g} dB and the noise estimated from what no image explains. The DERnet was trained "
        "for this matrix, on digit phantoms. There is no ground truth, and a small residual is no merit."
    )
    return ResultFigure(
        "solvers", "Measured phantoms by each method", figure, figure_caption(text, provenance)
    )
