"""What the inversion study's trainings came to: normalisations, learned weights and costs, pure functions of what was written."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.evaluation.vocabulary import METHODS, check_name
from mpipipe.studies.inversion_methods import (
    ERRORS,
    NORMALISATIONS,
    PRINTED_OPTIMISER,
    SGD_NOTE,
    Training,
    in_optimisers,
    inputs_sentence,
)
from mpipipe.studies.inversion_statistics import SPEC
from mpipipe.studies.inversion_tables import units_text
from mpipipe.studies.inversion_weights import ALIKE, CENTRAL_SHARE
from mpipipe.studies.names import slug
from mpipipe.studies.result import ResultTable

FIRST_COLUMNS = 50
"""Columns of the weights that are summarised."""
# Numbers of a training: name of the column, heading, format.
TRAINING_COLUMNS: dict[str, tuple[str, str]] = {
    "parameters": ("parameters", ",.0f"),
    "batch": ("batch", ".0f"),
    "learning_rate": ("learning rate", "g"),
    "epochs": ("epochs", ".0f"),
    "best_epoch": ("best epoch", ".0f"),
    "best_mse": ("validation MSE", SPEC),
    "seconds": ("time (s)", ".1f"),
}


def normalisation_table(tried: Sequence[Mapping[str, Any]], provenance: Provenance) -> ResultTable:
    """Return the table ``normalisation``: validation errors by normalisation of inputs, method and optimiser.

    Parameters
    ----------
    tried : sequence of mapping
        ``normalisation`` (a key of `NORMALISATIONS`), ``method``, ``optimiser``, ``mse`` (over validation scenes; None or NaN
        where training diverged), and perhaps ``hidden_units`` and ``epochs``.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When nothing was tried, a name is unknown, or a combination stands twice.
    """
    cells = _tried_cells(tried)
    rows = [name for name in NORMALISATIONS if any(name == one for one, _ in cells)]
    columns = sorted({column for _, column in cells}, key=lambda column: column.rank)
    titles = [_column_title(column) for column in columns]
    wide = pd.DataFrame(
        [
            {"normalisation": name}
            | {
                slug(title): cells.get((name, column), float("nan"))
                for column, title in zip(columns, titles, strict=True)
            }
            for name in rows
        ]
    )
    best = {column: _lowest(cells, column) for column in columns}
    formatted = FormattedTable(
        stub=("Normalisation", "Inputs are"),
        groups=("Validation MSE",),
        columns=tuple(titles),
        rows=tuple(
            (name, NORMALISATIONS[name],
             *(format_number(cells.get((name, one), float("nan")), SPEC) + " †" * (best[one] == name) for one in columns))
            for name in rows
        ),
        notes=("†: lowest of the column.", *_sgd_notes(column.optimiser for column in columns)),
    )  # fmt: skip
    text = (
        "How the normalisation of inputs decides training: MSE of validation scenes, which no other table is of. Statistics of "
        "normalisations are those of the training scenes; subtracting a mean brings back the bias that the paper excludes. "
        f"{_epochs_text(tried)}{ERRORS}"
    )
    title = "Errors by the normalisation of inputs"
    return ResultTable("normalisation", title, wide, formatted, figure_caption(text, provenance))


def chebyshev_table(
    similarity: Mapping[str, npt.NDArray[np.floating[Any]]], provenance: Provenance
) -> ResultTable:
    """Return the table ``chebyshev``: how much columns of learned weights are like Chebyshev polynomials.

    Parameters
    ----------
    similarity : mapping of str to (column,) ndarray of float
        Cosine similarity of each column and its polynomial by the name of the network, or of the exact inverse, see
        `mpipipe.studies.inversion_weights.similarity`.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When there are none, or one has no column.
    """
    if not similarity or not all(len(own) for own in similarity.values()):
        raise InputError(
            "similarity: found none or one without columns, expected at least one column of each"
        )
    wide = pd.DataFrame([_similarity_row(name, own) for name, own in similarity.items()])
    formatted = FormattedTable(
        stub=("Weights", "Columns"),
        groups=("Cosine similarity",),
        columns=(
            f"lowest of the first {FIRST_COLUMNS}",
            f"median of the first {FIRST_COLUMNS}",
            f"leading columns above {ALIKE:g}",
            f"columns above {ALIKE:g}",
        ),
        rows=tuple(_similarity_cells(row) for row in wide.to_dict("records")),
    )
    text = (
        "Columns of the weights and Chebyshev polynomials of the second kind, column k and U_{k−1}(x/A) with the largest "
        f"excursion A of the field-free point: modulus of the cosine similarity over the central {100 * CENTRAL_SHARE:g} % of "
        f"the field. Leading columns are those before the first that is not above {ALIKE:g}. No inverse of particles of finite "
        "size follows the polynomials to the end; the exact inverse shows what one without error reaches."
    )
    title = "Weights beside Chebyshev polynomials"
    return ResultTable("chebyshev", title, wide, formatted, figure_caption(text, provenance))


def training_table(
    trainings: Sequence[tuple[Training, Mapping[str, Any]]],
    normalisation: Mapping[str, str],
    provenance: Provenance,
) -> ResultTable:
    """Return the table ``training``: sizes, settings, costs and the best validation error of each training.

    Parameters
    ----------
    trainings : sequence of (Training, mapping)
        Which training, and its card: ``parameters``, ``config`` (``batch``, ``learning_rate``, ``epochs``), ``best``
        (``epoch``, ``validation_mse``) and perhaps ``seconds``; what is missing stays empty.
    normalisation : mapping of str to str
        By optimiser the normalisation of inputs.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When there is none.
    """
    if not trainings:
        raise InputError("trainings: found none, expected at least one")
    ordered = sorted(trainings, key=lambda one: one[0].rank)
    wide = pd.DataFrame([training._asdict() | _card_row(card) for training, card in ordered])
    formatted = FormattedTable(
        stub=("Method", "Optimiser", "Hidden units", "Diameter (nm)", "Training scenes"),
        groups=("Training",),
        columns=tuple(heading for heading, _ in TRAINING_COLUMNS.values()),
        rows=tuple(_training_cells(row) for row in wide.to_dict("records")),
        notes=_sgd_notes(training.optimiser for training, _ in ordered),
    )
    text = (
        "Networks as they were trained; best epoch: that with the lowest validation MSE. No layer has a bias. "
        f"{inputs_sentence(normalisation)} Times are those of one process and depend on the machine. {ERRORS}"
    )
    return ResultTable("training", "Trainings", wide, formatted, figure_caption(text, provenance))


def leading_columns(similarity: npt.NDArray[np.floating[Any]]) -> int:
    """Return the number of columns before the first one that is not above `ALIKE`."""
    return int(np.argmin(np.append(similarity > ALIKE, False)))


def _tried_cells(tried: Sequence[Mapping[str, Any]]) -> dict[tuple[str, Training], float]:
    if not tried:
        raise InputError("tried: found none, expected at least one training")
    cells: dict[tuple[str, Training], float] = {}
    for one in tried:
        check_name("tried: normalisation", one["normalisation"], tuple(NORMALISATIONS))
        check_name("tried: method", one["method"], METHODS)
        units = int(one.get("hidden_units") or 0)
        key = (one["normalisation"], Training(one["method"], one["optimiser"], 0.0, 0, units))
        if key in cells:
            raise InputError(f"tried: found {key[0]} with {_column_title(key[1])} twice, expected it once")
        cells[key] = float("nan") if one["mse"] is None else float(one["mse"])
    return cells


def _column_title(column: Training) -> str:
    return column.title("n_train")


def _lowest(cells: Mapping[tuple[str, Training], float], column: Training) -> str | None:
    own = {name: mse for (name, one), mse in cells.items() if one == column and np.isfinite(mse)}
    return min(own, key=lambda name: own[name], default=None)


def _epochs_text(tried: Sequence[Mapping[str, Any]]) -> str:
    """Return one sentence with the epochs of each optimiser, empty where they are not known."""
    found: dict[str, set[int]] = {}
    for one in tried:
        if one.get("epochs"):
            found.setdefault(one["optimiser"], set()).add(int(one["epochs"]))
    each = (f"{name} {' or '.join(str(n) for n in sorted(found[name]))}" for name in in_optimisers(found))
    return f"Epochs: {', '.join(each)}. " if found else ""


def _sgd_notes(optimisers: Any) -> tuple[str, ...]:  # noqa: ANN401 - any iterable of names
    return (SGD_NOTE,) if PRINTED_OPTIMISER in set(optimisers) else ()


def _similarity_row(name: str, similarity: npt.NDArray[np.floating[Any]]) -> dict[str, Any]:
    first = similarity[:FIRST_COLUMNS]
    return {
        "weights": name,
        "columns": len(similarity),
        "lowest_of_first": float(first.min()),
        "median_of_first": float(np.median(first)),
        "leading": leading_columns(similarity),
        "alike": int((similarity > ALIKE).sum()),
    }


def _similarity_cells(row: Mapping[Any, Any]) -> tuple[str, ...]:
    lowest, median = (format_number(row[f"{name}_of_first"], ".3f") for name in ("lowest", "median"))
    return (row["weights"], f"{row['columns']}", lowest, median, f"{row['leading']}", f"{row['alike']}")


def _card_row(card: Mapping[str, Any]) -> dict[str, Any]:
    config, best = card.get("config") or {}, card.get("best") or {}
    return {
        "parameters": card.get("parameters"),
        "batch": config.get("batch"),
        "learning_rate": config.get("learning_rate"),
        "epochs": config.get("epochs"),
        "best_epoch": best.get("epoch"),
        "best_mse": best.get("validation_mse"),
        "seconds": card.get("seconds"),
    }


def _training_cells(row: Mapping[Any, Any]) -> tuple[str, ...]:
    return (
        row["method"],
        row["optimiser"],
        units_text(row["hidden_units"]),
        f"{row['diameter_nm']:g}",
        f"{row['n_train']}",
        *(_number(row[name], spec) for name, (_, spec) in TRAINING_COLUMNS.items()),
    )


def _number(value: float | None, spec: str) -> str:
    return "–" if value is None or pd.isna(value) else format_number(value, spec).replace(",", " ")
