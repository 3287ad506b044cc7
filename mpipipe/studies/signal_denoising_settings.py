"""What tuning and training of the signal denoising study came to, pure functions of what they wrote."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.studies.result import ResultTable
from mpipipe.studies.signal_denoising_methods import BLIND, PROBLEMS, ROWS

Tuned = Mapping[str, Any]
Trained = Mapping[str, Any]

EDGE_NOTE = "*: smallest or largest of the values that were tried; a wider search may find better."
LOSS_NOTE = (
    "Held-out loss: mean of ‖f(u₁) − u₂‖²/‖u₁‖² over pairs of noisy periods of the validation scenes. The noise of u₂ is "
    "independent of f(u₁), so differences are those of the error against the noise-free signal, and a part of the number is "
    "the noise of u₂, which no method can remove."
)
# Numbers of a training: name of the column, heading, format.
TRAINING_COLUMNS: dict[str, tuple[str, str]] = {
    "parameters": ("parameters", ",.0f"),
    "steps": ("steps", ".0f"),
    "batch": ("batch", ".0f"),
    "learning_rate": ("learning rate", "g"),
    "samples_per_s": ("signals/s", ",.1f"),
    "best_step": ("best step", ".0f"),
    "best_loss": ("held-out loss", ".5f"),
}


def filters_table(tuned: Sequence[Tuned], provenance: Provenance) -> ResultTable:
    """Return the table ``filters``: the settings of classical filters that tuning chose for each problem.

    Parameters
    ----------
    tuned : sequence of mapping
        ``problem``, ``method``, ``settings`` (values by name, empty for a method without), ``loss`` (held out) and
        ``edge`` (names of settings whose value is the smallest or largest that was tried) of each method.
    provenance : Provenance
        Run.
    """
    ordered = _ordered(tuned)
    frame = pd.DataFrame([_tuned_row(one) for one in ordered])
    formatted = FormattedTable(
        stub=("Problem", "Method"),
        groups=("Tuned",),
        columns=("settings", "held-out loss"),
        rows=tuple(
            (PROBLEMS[one["problem"]], one["method"], settings_text(one["settings"], one["edge"]),
             format_number(one["loss"], ".5f"))
            for one in ordered
        ),
        notes=(LOSS_NOTE, EDGE_NOTE),
    )  # fmt: skip
    text = (
        "Settings of the classical filters of one period: those with the lowest held-out loss. Spectra and covariances "
        f"come from cross products of the two noisy periods of the training scenes. {BLIND} The paper "
        "compares with no classical filter."
    )
    return ResultTable("filters", "Tuned filters", frame, formatted, figure_caption(text, provenance))


def settings_text(settings: Mapping[str, Any], at_edge: Sequence[str] = ()) -> str:
    """Return settings as text such as ``rank 100*, fold yes``; those `at_edge` have an asterisk; ``none`` without any."""
    each = (
        f"{name.replace('_', ' ')} {_value(value)}" + "*" * (name in at_edge)
        for name, value in settings.items()
    )
    return ", ".join(each) or "none"


def training_table(trainings: Sequence[Trained], provenance: Provenance) -> ResultTable:
    """Return the table ``training``: sizes, rates and the best held-out loss of each network.

    Parameters
    ----------
    trainings : sequence of mapping
        ``problem``, ``method`` and ``card`` of each training; a card has ``parameters``, ``steps``, ``config``
        (``batch``, ``learning_rate``), ``best`` (``step``, ``held_out_loss``) and perhaps ``samples_per_s``.
    provenance : Provenance
        Run.
    """
    frame = pd.DataFrame([_training_row(one) for one in _ordered(trainings)])
    formatted = FormattedTable(
        stub=("Problem", "Method"),
        groups=("Training",),
        columns=tuple(heading for heading, _ in TRAINING_COLUMNS.values()),
        rows=tuple(
            (PROBLEMS[row["problem"]], row["method"],
             *(_number(row[name], spec) for name, (_, spec) in TRAINING_COLUMNS.items()))
            for row in frame.to_dict("records")
        ),
        notes=(LOSS_NOTE,),
    )  # fmt: skip
    text = (
        "Networks as they were trained; the weights that are kept are those of the step with the lowest held-out loss. "
        f"{BLIND} Losses of one problem can be compared with one another and with those of the filters, losses of two problems "
        "cannot."
    )
    return ResultTable("training", "Trainings", frame, formatted, figure_caption(text, provenance))


def _ordered(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    problems = list(PROBLEMS)
    return sorted(entries, key=lambda one: (problems.index(one["problem"]), ROWS.index(one["method"])))


def _tuned_row(one: Tuned) -> dict[str, Any]:
    return {
        "problem": one["problem"],
        "method": one["method"],
        "settings": settings_text(one["settings"]),
        "held_out_loss": one["loss"],
        "at_edge": " ".join(one["edge"]),
    }


def _training_row(one: Trained) -> dict[str, Any]:
    card = one["card"]
    config, best = card["config"], card.get("best") or {}
    return {
        "problem": one["problem"],
        "method": one["method"],
        "parameters": card["parameters"],
        "steps": card["steps"],
        "batch": config["batch"],
        "learning_rate": config["learning_rate"],
        "samples_per_s": card.get("samples_per_s"),
        "best_step": best.get("step"),
        "best_loss": best.get("held_out_loss"),
    }


def _value(value: Any) -> str:  # noqa: ANN401 - whatever a setting is
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(value: float | None, spec: str) -> str:
    return "–" if value is None or pd.isna(value) else format_number(value, spec).replace(",", " ")
