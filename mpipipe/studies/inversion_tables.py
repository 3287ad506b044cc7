"""The inversion study's tables of errors, pure functions of records (Chae 2017, figures 4, 5, 7 and 9)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.reference import ReferenceTable, reference_table
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.evaluation.vocabulary import METHODS, check_name
from mpipipe.studies.inversion_methods import (
    ERRORS,
    MAIN_DIAMETER_NM,
    MSE,
    PRINTED_OPTIMISER,
    SGD_NOTE,
    SPLITS,
    STUDY,
    VARIED,
    Training,
    Varied,
    in_optimisers,
    inputs_sentence,
    sweep,
)
from mpipipe.studies.inversion_statistics import (
    SPEC,
    Errors,
    Statistics,
    counts_text,
    error_text,
    training_errors,
    trainings_of,
    wide_error,
)
from mpipipe.studies.names import slug
from mpipipe.studies.result import ResultTable

RATIO_SPEC = ".2g"
SWEEPS: dict[str, tuple[Varied, str]] = {
    "sizes": ("n_train", "Errors by the number of training scenes"),
    "diameters": ("diameter_nm", "Errors by particle diameter"),
    "hidden_units": ("hidden_units", "Errors by the number of hidden units"),
}
"""Tables of sweeps: what is varied, and title."""


class Setup(NamedTuple):
    """A row of the table ``mse``: what is trained, whatever the optimiser."""

    method: str
    hidden_units: int
    diameter_nm: float
    n_train: int

    def training(self, optimiser: str) -> Training:
        """Return its training with an optimiser."""
        return Training(self.method, optimiser, self.diameter_nm, self.n_train, self.hidden_units)


def mse_table(records: pd.DataFrame, normalisation: Mapping[str, str], provenance: Provenance) -> ResultTable:
    """Return the table ``mse``: every printed error beside ours, and ours of all further trainings below.

    Parameters
    ----------
    records : DataFrame
        The study's records.
    normalisation : mapping of str to str
        By optimiser the normalisation of inputs, see `mpipipe.studies.inversion_methods.NORMALISATIONS`.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When there is no record of the table, or a normalisation is unknown.
    """
    errors, paper = training_errors(records), reference_table(STUDY, MSE)
    optimisers = in_optimisers(training.optimiser for training, _ in errors)
    wide = pd.DataFrame([_setup_row(setup, errors, paper, optimisers) for setup in _setups(errors, paper)])
    formatted = FormattedTable(
        stub=("Method", "Hidden units", "Diameter (nm)", "Training scenes"),
        groups=tuple(f"{name.capitalize()} MSE" for name in SPLITS.values()),
        columns=("paper", *(heading for name in optimisers for heading in (name, f"{name} ÷ paper"))),
        rows=tuple(_setup_cells(row, optimisers) for row in wide.to_dict("records")),
        notes=(
            *([SGD_NOTE] if PRINTED_OPTIMISER in optimisers else []),
            f"Paper: {paper.paper}; {paper.source}.",
            *(note for note in paper.notes if not note.startswith("The input normalisation")),
        ),
    )
    tests = [cell for (_, split), cell in errors.items() if split == "test"]
    text = (
        "Mean squared error of reconstructed scenes: what the paper prints first, further trainings below. Ours: mean ± half "
        f"width of the 95 % interval over test scenes (n = {counts_text(tests)}), mean over training scenes; a ratio "
        "ours ÷ paper stands in place of a difference, because errors differ by orders of magnitude: below 1 ours is lower. "
        f"Intervals say nothing of another training. {inputs_sentence(normalisation)} {ERRORS}"
    )
    return ResultTable(
        MSE, "Mean squared errors beside the paper's", wide, formatted, figure_caption(text, provenance)
    )


def sweep_table(
    records: pd.DataFrame,
    name: str,
    normalisation: Mapping[str, str],
    provenance: Provenance,
    *,
    diameter_nm: float = MAIN_DIAMETER_NM,
) -> ResultTable:
    """Return the table ``sizes``, ``diameters`` or ``hidden_units``: errors where one condition is varied.

    Parameters
    ----------
    records : DataFrame
        The study's records.
    name : str
        One of `SWEEPS`.
    normalisation : mapping of str to str
        As in `mse_table`.
    provenance : Provenance
        Run.
    diameter_nm : float
        Diameter, where it is not varied.

    Raises
    ------
    InputError
        When the name is unknown, or there is no record of such a training.
    """
    check_name("sweep", name, tuple(SWEEPS))
    varied, title = SWEEPS[name]
    errors = training_errors(records)
    groups = sweep(trainings_of(errors), varied, diameter_nm=diameter_nm)
    values = sorted({getattr(one, varied) for own in groups.values() for one in own})
    placed = {(key, getattr(one, varied)): one for key, own in groups.items() for one in own}
    wide = pd.DataFrame([_sweep_row(varied, value, list(groups), placed, errors) for value in values])
    formatted = FormattedTable(
        stub=(VARIED[varied].replace(" / nm", " (nm)").capitalize(),),
        groups=tuple(groups),
        columns=tuple(SPLITS.values()),
        rows=tuple(
            (f"{value:g}", *(
                error_text(_cell(errors, placed.get((key, value)), split)) for key in groups for split in SPLITS
            ))
            for value in values
        ),
    )  # fmt: skip
    text = (
        f"{title}: MSE {_fixed(groups, varied)}; mean over training scenes, and mean ± half width of the 95 % interval over "
        f"test scenes. Networks that were trained for one value only are left out. {inputs_sentence(normalisation)} {ERRORS}"
    )
    return ResultTable(name, title, wide, formatted, figure_caption(text, provenance))


def _setups(errors: Errors, paper: ReferenceTable) -> list[Setup]:
    """Return what the paper prints, in its order, and then all other trainings."""
    printed = [_printed_setup(method, cell) for cell in paper.cells for method in cell["values"]]
    ours = [Setup(one.method, one.hidden_units, one.diameter_nm, one.n_train) for one in trainings_of(errors)]
    further = sorted(ours, key=lambda one: (METHODS.index(one.method), *one[1:]))
    return list(dict.fromkeys([*printed, *further]))


def _printed_setup(method: str, cell: Mapping[str, Any]) -> Setup:
    conditions = cell["conditions"]
    return Setup(
        method, conditions.get("hidden_units", 0), float(conditions["diameter_nm"]), conditions["n_train"]
    )


def _setup_row(
    setup: Setup, errors: Errors, paper: ReferenceTable, optimisers: Sequence[str]
) -> dict[str, Any]:
    row: dict[str, Any] = dict(setup._asdict())
    for split in SPLITS:
        printed = paper.lookup(setup.method, MSE, {**setup._asdict(), "split": split})
        row[f"{split}_paper"] = float("nan") if printed.value is None else printed.value
        row[f"{split}_status"] = printed.status
        for optimiser in optimisers:
            name = _column(split, optimiser)
            row |= wide_error(name, _cell(errors, setup.training(optimiser), split))
            row[f"{name}_ratio"] = row[name] / row[f"{split}_paper"]
    return row


def _setup_cells(row: Mapping[Any, Any], optimisers: Sequence[str]) -> tuple[str, ...]:
    cells = [row["method"], units_text(row["hidden_units"]), f"{row['diameter_nm']:g}", f"{row['n_train']}"]
    for split in SPLITS:
        cells.append(format_number(row[f"{split}_paper"], SPEC))
        for optimiser in optimisers:
            name = _column(split, optimiser)
            cells.append(error_text({"mean": row[name], "ci95": row[f"{name}_ci95"]}))
            cells.append(format_number(row[f"{name}_ratio"], RATIO_SPEC))
    return tuple(cells)


def units_text(units: int) -> str:
    """Return a number of hidden units as text; ``–`` for a single layer."""
    return f"{units}" if units else "–"


def _column(split: str, optimiser: str) -> str:
    return f"{split}_{slug(optimiser)}"


def _sweep_row(
    varied: Varied,
    value: float,
    groups: Sequence[str],
    placed: Mapping[tuple[str, float], Training],
    errors: Errors,
) -> dict[str, Any]:
    row: dict[str, Any] = {varied: value}
    for group in groups:
        for split in SPLITS:
            row |= wide_error(f"{slug(group)}_{split}", _cell(errors, placed.get((group, value)), split))
    return row


def _cell(errors: Errors, training: Training | None, split: str) -> Statistics | None:
    return None if training is None else errors.get((training, split))


def _fixed(groups: Mapping[str, Sequence[Training]], varied: Varied) -> str:
    """Return what a sweep does not vary, such as ``at 40 nm with 30 000 training scenes``."""
    one = next(iter(groups.values()))[0]
    diameter = "" if varied == "diameter_nm" else f"at {one.diameter_nm:g} nm"
    scenes = "" if varied == "n_train" else f"with {one.n_train} training scenes"
    return " ".join(part for part in (diameter, scenes) if part)
