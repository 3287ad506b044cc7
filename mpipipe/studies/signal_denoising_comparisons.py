"""The signal denoising study's paired comparisons: what the priors give, and networks against the best filter."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance, conventions, figure_caption
from mpipipe.evaluation.summary import summarise
from mpipipe.evaluation.tables import FormattedTable, format_number
from mpipipe.studies.result import ResultTable
from mpipipe.studies.signal_denoising_methods import (
    BLIND,
    METRIC_HEADINGS,
    NETWORKS,
    PROBLEMS,
    PROPOSED,
    TRAININGS,
    WITHOUT,
)
from mpipipe.studies.signal_denoising_plan import STUDY
from mpipipe.studies.signal_denoising_statistics import (
    DIFFERENCE,
    best_filter,
    cells_of,
    counts_text,
    paired_cells,
    problem_records,
    problems_in,
    statistics_text,
    wide_statistics,
)

ABLATED = ("snr_db", "psnr_db", "ssim_global", "ssim")
GAINED = ("snr_db", "psnr_db")


def ablation_table(
    records: pd.DataFrame, provenance: Provenance, *, alpha: float = 0.05, beta: float = 0.01
) -> ResultTable:
    """Return the table ``ablation``: the proposed network with the published weights of its priors, and without them.

    Parameters
    ----------
    records : DataFrame
        The study's records.
    provenance : Provenance
        Run.
    alpha, beta : float
        Weights of the symmetry and of the smoothness (equation 7).

    Raises
    ------
    InputError
        When no problem has the network and an ablation of it.
    """
    owned = [problem_records(records, problem) for problem in problems_in(records)]
    wide = pd.DataFrame([row for own in owned for row in _ablated(own)])
    if wide.empty:
        raise InputError(f"records: found no {PROPOSED} beside an ablation of it, expected both in a problem")
    weights = {
        method: pair.replace("α", f"{alpha:g}").replace("β", f"{beta:g}")
        for method, pair in {PROPOSED: "α, β", **WITHOUT}.items()
    }
    formatted = FormattedTable(
        stub=("Problem", "Method", "α, β", "n"),
        groups=tuple(METRIC_HEADINGS[metric] for metric in ABLATED),
        columns=("mean", f"{PROPOSED} minus it"),
        rows=tuple(_ablation_row(row, weights) for row in wide.to_dict("records")),
    )
    text = (
        f"What the two priors give: {PROPOSED} with α = {alpha:g} of the symmetry and β = {beta:g} of the smoothness as "
        "published, and the same network and training with one or both of them zero. Mean ± half width of the 95 % interval, "
        "and the paired difference, the network with both priors minus that of the row, taken item by item: above 0 the priors "
        f"help. An interval without 0 supports an ordering of these trainings. {TRAININGS} "
        + conventions(STUDY, ABLATED)
    )
    return ResultTable("ablation", "What the priors give", wide, formatted, figure_caption(text, provenance))


def gain_table(records: pd.DataFrame, provenance: Provenance) -> ResultTable:
    """Return the table ``gain``: paired differences, each network minus the best filter that sees one period.

    Parameters
    ----------
    records : DataFrame
        The study's records.
    provenance : Provenance
        Run.

    Raises
    ------
    InputError
        When no problem has both a network and such a filter.
    """
    owned = [problem_records(records, problem) for problem in problems_in(records)]
    wide = pd.DataFrame([row for own in owned for row in _gained(own)])
    if wide.empty:
        raise InputError("records: found no network beside a classical filter, expected both in a problem")
    formatted = FormattedTable(
        stub=("Problem", "Best filter", "its SNR (dB)", "Network", "n"),
        groups=("Network minus filter",),
        columns=tuple(METRIC_HEADINGS[metric] for metric in GAINED),
        rows=tuple(_gain_row(row) for row in wide.to_dict("records")),
    )
    text = (
        "Each network minus the classical filter of one period with the highest mean SNR; that filter is chosen on these same "
        "test signals, which is in its favour. Differences are taken item by item: mean ± half width of the 95 % interval. An "
        f"interval without 0 supports an ordering. {BLIND} {TRAININGS} {conventions(STUDY, GAINED)}"
    )
    title = "Networks against the best classical filter"
    return ResultTable("gain", title, wide, formatted, figure_caption(text, provenance))


def _ablated(own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield a row for the network and one for each ablation of it: means and paired differences."""
    there = [method for method in WITHOUT if method in set(own["method"])]
    if not there or PROPOSED not in set(own["method"]):
        return
    means = cells_of(summarise(own))
    for method in (PROPOSED, *there):
        paired = {} if method == PROPOSED else paired_cells(own, PROPOSED, method)
        row: dict[str, Any] = {"table": own["table"].iloc[0], "method": method}
        for metric in ABLATED:
            row |= wide_statistics(means, method, metric)
            row |= wide_statistics(paired, PROPOSED, metric, metric + DIFFERENCE)
        yield row


def _gained(own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield a row for each network: its paired differences to the best filter."""
    baseline = best_filter(own)
    if baseline is None:
        return
    level = cells_of(summarise(own))[baseline, "snr_db"]["mean"]
    for method in (network for network in NETWORKS if network in set(own["method"])):
        paired = paired_cells(own, method, baseline)
        row = {
            "table": own["table"].iloc[0],
            "method": method,
            "baseline": baseline,
            "baseline_snr_db": level,
        }
        for metric in GAINED:
            row |= wide_statistics(paired, method, metric, metric + DIFFERENCE)
        yield row


def _ablation_row(row: Mapping[Any, Any], weights: Mapping[str, str]) -> tuple[str, ...]:
    cells = [PROBLEMS[row["table"]], row["method"], weights[row["method"]], counts_text(row)]
    for metric in ABLATED:
        cells += [statistics_text(row, metric), statistics_text(row, metric + DIFFERENCE, signed=True)]
    return tuple(cells)


def _gain_row(row: Mapping[Any, Any]) -> tuple[str, ...]:
    counts: Sequence[int] = [row[f"{metric}{DIFFERENCE}_n"] for metric in GAINED]
    return (
        PROBLEMS[row["table"]],
        row["baseline"],
        format_number(row["baseline_snr_db"], ".2f"),
        row["method"],
        counts_text({f"{metric}_n": count for metric, count in zip(GAINED, counts, strict=True)}),
        *(statistics_text(row, metric + DIFFERENCE, signed=True) for metric in GAINED),
    )
