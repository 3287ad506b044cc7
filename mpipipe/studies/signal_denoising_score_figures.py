"""The signal denoising study's figures of scores and trainings, pure functions of records and cards."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance, conventions, figure_caption
from mpipipe.evaluation.dot_chart import dot_chart
from mpipipe.evaluation.held_out_curve import held_out_curve
from mpipipe.evaluation.reference import reference_table
from mpipipe.evaluation.summary import summarise
from mpipipe.evaluation.vocabulary import METRICS
from mpipipe.studies.result import ResultFigure
from mpipipe.studies.signal_denoising_methods import BLIND, PROBLEMS, TRAININGS, in_rows, panel_title
from mpipipe.studies.signal_denoising_plan import STUDY
from mpipipe.studies.signal_denoising_statistics import problem_records, problems_in
from mpipipe.studies.signal_methods import AVERAGED


def gains_figure(records: pd.DataFrame, provenance: Provenance) -> ResultFigure:
    """Return the figure ``gains``: SNR of denoised signals by method for each problem, beside the paper's.

    Raises
    ------
    InputError
        When there is no record of a problem.
    """
    problems = problems_in(records)
    if not problems:
        raise InputError(f"records: found no row of {', '.join(PROBLEMS)}, expected at least one")
    frames = {problem: _levels(problem_records(records, problem), problem) for problem in problems}
    order = in_rows({method for frame in frames.values() for method in frame["method"]})
    panels = {
        panel_title(problem): frame.set_index("method").reindex(order).reset_index()
        for problem, frame in frames.items()
    }
    figure = dot_chart(panels, METRICS["snr_db"].heading, provenance)
    counts = "; ".join(f"{PROBLEMS[problem]} {_span(frame)}" for problem, frame in frames.items())
    text = (
        "SNR of the test signals by method: mean and 95 % interval, which may be smaller than its mark; circles are the numbers "
        f"that the paper prints. {AVERAGED} has two noisy periods of a signal, all others one. n: {counts}. {BLIND} {TRAININGS} "
        + conventions(STUDY, ("snr_db",))
    )
    return ResultFigure("gains", "SNR by method", figure, figure_caption(text, provenance))


def training_figure(trainings: Sequence[Mapping[str, Any]], provenance: Provenance) -> ResultFigure:
    """Return the figure ``training``; trainings as in `mpipipe.studies.signal_denoising_settings.training_table`."""
    histories: dict[str, dict[str, Any]] = {problem: {} for problem in PROBLEMS}
    for one in trainings:
        # Of several trainings of a network the first is shown.
        histories[one["problem"]].setdefault(one["method"], one["card"]["history"])
    panels = {
        panel_title(problem): {method: own[method] for method in in_rows(set(own))}
        for problem, own in histories.items()
        if own
    }
    figure = held_out_curve(panels, provenance)
    text = (
        "Held-out loss of each training by step, the mean of ‖f(u₁) − u₂‖²/‖u₁‖² over pairs of noisy periods that training never "
        "sees; the mark is the step whose weights are kept. The noise of u₂ is part of the loss, so it cannot reach 0; "
        "what is far above the lowest loss is cut. Of a network that was trained several times the first training is shown. "
        f"{BLIND}"
    )
    return ResultFigure("training", "Trainings: held-out loss", figure, figure_caption(text, provenance))


def _levels(own: pd.DataFrame, problem: str) -> pd.DataFrame:
    """Return mean, interval, count and the paper's number of the SNR by method."""
    summary = summarise(own)
    snr = summary[summary["metric"] == "snr_db"]
    paper = reference_table(STUDY, problem)
    printed = [
        paper.lookup(method, "snr_db", {"snr_db": level}).value
        for method, level in zip(snr["method"], snr["snr_db"], strict=True)
    ]
    return snr[["method", "mean", "ci95", "n"]].assign(paper=pd.Series(printed, snr.index, "float64"))


def _span(frame: pd.DataFrame) -> str:
    low, high = int(frame["n"].min()), int(frame["n"].max())
    return f"{low}" if low == high else f"{low} to {high}"
