"""What tuning and training of the deblurring study came to, pure functions of what they wrote."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mpipipe.evaluation.captions import Provenance, figure_caption
from mpipipe.evaluation.snr_looks import snr_text, snr_value
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.evaluation.vocabulary import METHODS
from mpipipe.studies.result import ResultTable

Tuned = Mapping[str, Any]
Trained = Mapping[str, Any]

# How settings are written; others have their own names.
SETTINGS: dict[str, str] = {
    "regularization": "λ {}",
    "prior_exponent": "q {}",
    "weight": "w {}",
    "iterations": "{} iterations",
}
NOTES = (
    "λ: noise over signal at one cycle per mm, relative to the largest eigenvalue of HᵀH; q: exponent of the prior spectrum "
    "1/|k|^q; w: weight of the total variation, relative to the maximum of the back projection Hᵀy.",
    "*: smallest or largest of at least three values that were tried; a wider search may find better.",
)


def deconvolution_table(tuned: Sequence[Tuned], provenance: Provenance) -> ResultTable:
    """Return the table ``deconvolution``: the settings of classical methods that tuning chose at each test SNR.

    Parameters
    ----------
    tuned : sequence of mapping
        What tuning wrote of each method: ``method`` and ``levels``, each with ``test_snr`` (null or ``inf`` without
        noise), ``best`` (values by setting, empty for a method without settings), ``best_psnr_db`` and ``candidates``
        (each ``settings`` and ``psnr_db``).
    provenance : Provenance
        Run.
    """
    ordered = sorted(tuned, key=lambda one: METHODS.index(one["method"]))
    frame = pd.DataFrame([_tuned_row(one["method"], level) for one in ordered for level in _by_snr(one)])
    rows = [
        (one["method"], snr_text(snr_value(level["test_snr"])), str(len(level["candidates"])),
         settings_text(level["best"], _at_edge(level)) or "none", format_number(level["best_psnr_db"], ".2f"))
        for one in ordered
        for level in _by_snr(one)
    ]  # fmt: skip
    formatted = FormattedTable(
        stub=("Method", "Test SNR", "Tried"),
        groups=("Tuned",),
        columns=("settings", "validation PSNR (dB)"),
        rows=tuple(rows),
        notes=NOTES,
    )
    text = (
        "Settings of the classical methods: the best by mean PSNR over windows of the validation scene, at each test SNR. The "
        "paper compares with no classical method."
    )
    return ResultTable("deconvolution", "Tuned settings", frame, formatted, figure_caption(text, provenance))


def settings_text(settings: Mapping[str, float], at_edge: Sequence[str] = ()) -> str:
    """Return settings as text such as ``λ 0.01*, q 2``; those `at_edge` have an asterisk."""
    names = [
        *(name for name in SETTINGS if name in settings),
        *(name for name in settings if name not in SETTINGS),
    ]
    return ", ".join(
        SETTINGS.get(name, name.replace("_", " ") + " {}").format(f"{settings[name]:g}")
        + "*" * (name in at_edge)
        for name in names
    )


def _by_snr(one: Tuned) -> list[Mapping[str, Any]]:
    return sorted(one["levels"], key=lambda level: snr_value(level["test_snr"]))


def _tuned_row(method: str, level: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": method,
        "test_snr": snr_value(level["test_snr"]),
        "tried": len(level["candidates"]),
        "psnr_db": level["best_psnr_db"],
        "at_edge": " ".join(_at_edge(level)),
        **level["best"],
    }


def _at_edge(level: Mapping[str, Any]) -> list[str]:
    """Return the settings whose best value is the smallest or largest of at least three that were tried."""
    found = []
    for name, value in level["best"].items():
        values = {one["settings"][name] for one in level["candidates"] if name in one["settings"]}
        if len(values) > 2 and value in (min(values), max(values)):
            found.append(name)
    return found


# Numbers of a training: name of the column, heading, format.
TRAINING_COLUMNS: dict[str, tuple[str, str]] = {
    "parameters": ("parameters", ",.0f"),
    "steps": ("steps", ".0f"),
    "batch": ("batch", ".0f"),
    "minutes": ("minutes", ".1f"),
    "samples_per_s": ("samples/s", ",.1f"),
    "step_samples_per_s": ("step alone", ",.1f"),
    "loader_samples_per_s": ("loader alone", ",.0f"),
    "best_step": ("best step", ".0f"),
    "best_psnr_db": ("validation PSNR (dB)", ".2f"),
}


def training_table(trainings: Sequence[Trained], provenance: Provenance) -> ResultTable:
    """Return the table ``training``: sizes, rates and the best validation of each network.

    Parameters
    ----------
    trainings : sequence of mapping
        ``method``, ``train_snr``, ``scene`` (what it learned from, in words), ``perceptual`` (features of the loss) and
        ``card`` of each training.
    provenance : Provenance
        Run.
    """
    ordered = sorted(trainings, key=lambda one: (METHODS.index(one["method"]), one["train_snr"]))
    frame = pd.DataFrame([_training_row(one) for one in ordered])
    rows = [
        (row["method"], snr_text(row["train_snr"]), row["scene"], row["perceptual"],
         *(_number(row[name], spec) for name, (_, spec) in TRAINING_COLUMNS.items()))
        for row in frame.to_dict("records")
    ]  # fmt: skip
    formatted = FormattedTable(
        stub=("Method", "Training SNR", "Scene", "Perceptual features"),
        groups=("Training",),
        columns=tuple(heading for heading, _ in TRAINING_COLUMNS.values()),
        rows=tuple(rows),
    )
    text = (
        "Networks as they were trained. Samples a second of the whole training, of the optimiser's step alone, and of drawing "
        "pairs and noise alone (the loader). The weights that are kept are those of the best step on windows of a scene that "
        "training never sees, by mean PSNR with noise of the training SNR; numbers at different SNRs are not of the same "
        "images."
    )
    return ResultTable("training", "Trainings", frame, formatted, figure_caption(text, provenance))


def _training_row(one: Trained) -> dict[str, Any]:
    card = one["card"]
    rate, best, batch = card.get("samples_per_s"), card.get("best") or {}, card["config"]["batch"]
    return {
        "method": one["method"],
        "train_snr": one["train_snr"],
        "scene": one["scene"],
        "perceptual": one["perceptual"],
        "parameters": card["parameters"],
        "steps": card["steps"],
        "batch": batch,
        "minutes": card["steps"] * batch / rate / 60 if rate else None,
        "samples_per_s": rate,
        "step_samples_per_s": card.get("step_samples_per_s"),
        "loader_samples_per_s": card.get("loader_samples_per_s"),
        "best_step": best.get("step"),
        "best_psnr_db": best.get("psnr_db"),
    }


def _number(value: float | None, spec: str) -> str:
    return "–" if value is None or pd.isna(value) else format_number(value, spec).replace(",", " ")
