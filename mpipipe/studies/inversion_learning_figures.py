"""The inversion study's figures of training, pure functions of learning curves and records (Chae 2017, figures 4, 5, 7, 9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.error_curves import ErrorLine, ErrorPanel
from mpipipe.evaluation.figures import BLACK, BLUE, GREEN, GREY, PURPLE, VERMILION, MethodStyle
from mpipipe.evaluation.learning_curves import FinalPanel, Learning, LearningPanel, learning_curves
from mpipipe.evaluation.reference import reference_table
from mpipipe.studies.inversion_methods import (
    ERRORS,
    MAIN_DIAMETER_NM,
    MSE,
    MULTI,
    SPLITS,
    STUDY,
    VARIED,
    Training,
    Varied,
    sweep,
)
from mpipipe.studies.inversion_statistics import Errors, training_errors
from mpipipe.studies.result import ResultFigure

PRINTED_JUMP, VOXELS = 121, 129
"""Hidden units where the paper's training changes drastically, and voxels of a scene."""
CURVES = (
    "Errors by epoch on logarithmic axes: on training scenes (solid) and on validation scenes (dashed); the dotted line is the "
    "training error at the end that the paper prints, at 40 nm with 30000 scenes, and of hidden layers with 200 units."
)
_OPTIMISER_COLOURS = (GREY, VERMILION, BLUE, GREEN, PURPLE)


@dataclass(frozen=True)
class LearningCurve:
    """How the errors of a training fell.

    Attributes
    ----------
    training : Training
        Method, optimiser, diameter, training scenes and hidden units.
    epoch : (point,) ndarray of int
        Epochs that errors are known after, rising from 1.
    train_mse, validation_mse : (point,) ndarray of float
        Mean squared errors over scenes and voxels; NaN where there is none.
    """

    training: Training
    epoch: npt.NDArray[np.integer[Any]]
    train_mse: npt.NDArray[np.floating[Any]]
    validation_mse: npt.NDArray[np.floating[Any]]


def learning_by_size_figure(
    curves: Sequence[LearningCurve], provenance: Provenance, *, diameter_nm: float = MAIN_DIAMETER_NM
) -> ResultFigure:
    """Return the figure ``learning_by_size``: errors by epoch for each number of training scenes (figure 4a).

    Parameters
    ----------
    curves : sequence of LearningCurve
        All trainings; those that differ in the number of scenes only are drawn.
    provenance : Provenance
        Run.
    diameter_nm : float
        Diameter.

    Raises
    ------
    InputError
        When there is no such training.
    """
    panels = _panels(curves, "n_train", diameter_nm)
    figure = learning_curves(panels, VARIED["n_train"], provenance)
    text = (
        f"Training with different numbers of training scenes, particles of {diameter_nm:g} nm. {CURVES} An epoch of few scenes "
        f"has few steps. {ERRORS}"
    )
    title = "Learning by the number of training scenes"
    return ResultFigure("learning_by_size", title, figure, figure_caption(text, provenance))


def learning_by_diameter_figure(curves: Sequence[LearningCurve], provenance: Provenance) -> ResultFigure:
    """Return the figure ``learning_by_diameter``: errors by epoch for each particle diameter (figures 5 and 9).

    Parameters
    ----------
    curves : sequence of LearningCurve
        All trainings; those that differ in the diameter only are drawn.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When there is no such training.
    """
    panels = _panels(curves, "diameter_nm", MAIN_DIAMETER_NM)
    figure = learning_curves(panels, VARIED["diameter_nm"], provenance)
    scenes = max(curve.training.n_train for curve in curves)
    text = (
        f"Training for particles of different diameters, {scenes} training scenes. {CURVES} The paper finds poor training below "
        f"30 nm, and a clear gain from a hidden layer at 35 nm. {ERRORS}"
    )
    title = "Learning by particle diameter"
    return ResultFigure("learning_by_diameter", title, figure, figure_caption(text, provenance))


def learning_by_units_figure(
    curves: Sequence[LearningCurve],
    records: pd.DataFrame,
    provenance: Provenance,
    *,
    diameter_nm: float = MAIN_DIAMETER_NM,
) -> ResultFigure:
    """Return the figure ``learning_by_units``: errors by epoch and at the end by the number of hidden units (figure 7).

    Parameters
    ----------
    curves : sequence of LearningCurve
        All trainings; those that differ in the number of hidden units only are drawn.
    records : DataFrame
        The study's records, for the errors at the end.
    provenance : Provenance
        Run.
    diameter_nm : float
        Diameter.

    Raises
    ------
    InputError
        When there is no such training, or no record of one.
    """
    panels = _panels(curves, "hidden_units", diameter_nm)
    errors = training_errors(records)
    groups = sweep({training for training, _ in errors}, "hidden_units", diameter_nm=diameter_nm)
    scenes = next(iter(groups.values()))[0].n_train
    final = FinalPanel(
        ErrorPanel("At the end", [*_final_lines(errors, groups), *_printed_lines(diameter_nm, scenes)]),
        VARIED["hidden_units"],
        {f"{PRINTED_JUMP}: jump in the paper": PRINTED_JUMP, f"{VOXELS} voxels": VOXELS},
    )
    figure = learning_curves(panels, VARIED["hidden_units"], provenance, final=final)
    text = (
        f"Training with different numbers of hidden units, particles of {diameter_nm:g} nm. {CURVES} Right: errors of the "
        "trained networks on training and test scenes against the number of hidden units, bars the 95 % interval over test "
        f"scenes; open marks are what the paper prints. {ERRORS}"
    )
    title = "Learning by the number of hidden units"
    return ResultFigure("learning_by_units", title, figure, figure_caption(text, provenance))


def _panels(curves: Sequence[LearningCurve], varied: Varied, diameter_nm: float) -> list[LearningPanel]:
    by_training = {curve.training: curve for curve in curves}
    groups = sweep(by_training, varied, diameter_nm=diameter_nm)
    return [
        LearningPanel(
            title.replace(" units, ", " units,\n"),
            [_learning(by_training[one], getattr(one, varied)) for one in own],
            _printed_training(own),
        )
        for title, own in groups.items()
    ]


def _learning(curve: LearningCurve, value: float) -> Learning:
    return Learning(value, curve.epoch, curve.train_mse, curve.validation_mse)


def _printed_training(trainings: Sequence[Training]) -> float | None:
    """Return the training error that the paper prints for one of the trainings; of several that with most hidden units."""
    found = [
        _printed(one.method, one.diameter_nm, one.n_train, one.hidden_units, "train") for one in trainings
    ]
    return next((value for value in reversed(found) if value is not None), None)


def _printed(method: str, diameter_nm: float, n_train: int, hidden_units: int, split: str) -> float | None:
    conditions = {
        "diameter_nm": diameter_nm,
        "n_train": n_train,
        "hidden_units": hidden_units,
        "split": split,
    }
    return reference_table(STUDY, MSE).lookup(method, MSE, conditions).value


def _final_lines(errors: Errors, groups: dict[str, list[Training]]) -> list[ErrorLine]:
    lines = []
    for own, colour in zip(groups.values(), _OPTIMISER_COLOURS, strict=False):
        for split, (marker, dash) in zip(SPLITS, (("o", "--"), ("s", "-")), strict=True):
            known = [one for one in own if (one, split) in errors]
            cells = [errors[one, split] for one in known]
            lines.append(
                ErrorLine(
                    f"{own[0].optimiser}, {SPLITS[split]}",
                    [one.hidden_units for one in known],
                    [float(cell["mean"]) for cell in cells],
                    [float(cell["ci95"]) for cell in cells],
                    MethodStyle(colour, marker, dash),
                )
            )
    return [line for line in lines if len(line.places)]


def _printed_lines(diameter_nm: float, n_train: int) -> list[ErrorLine]:
    """Return what the paper prints for these trainings; nothing for other numbers of scenes than its own."""
    paper = reference_table(STUDY, MSE)
    units = sorted({u for cell in paper.cells if (u := cell["conditions"].get("hidden_units")) is not None})
    lines = []
    for split, marker in zip(SPLITS, ("o", "s"), strict=True):
        known = {u: _printed(MULTI, diameter_nm, n_train, u, split) for u in units}
        found = {u: value for u, value in known.items() if value is not None}
        if found:
            none = [float("nan")] * len(found)
            look = MethodStyle(BLACK, marker, "")
            lines.append(ErrorLine(f"paper, {SPLITS[split]}", list(found), list(found.values()), none, look))
    return lines
