"""Captions: what a table or figure shows, by which conventions, and which run it comes from."""

from collections.abc import Sequence
from typing import Literal

from mpipipe.config.base import Section
from mpipipe.evaluation.vocabulary import METRICS, kind_of

_SPREADS = {"ci95": "half width of the 95 % interval", "std": "standard deviation"}


class Provenance(Section):
    """Which run a table or figure comes from.

    Attributes
    ----------
    scale : str
        Scale in force.
    digest : str
        Digest of the recipe.
    seed : int
        Seed of ``params.yaml``.
    """

    scale: str
    digest: str
    seed: int

    @property
    def line(self) -> str:
        """One line for a footer."""
        return f"scale {self.scale} · recipe {self.digest} · seed {self.seed}"

    @property
    def sentence(self) -> str:
        """One sentence for a caption."""
        return f"Scale {self.scale}, recipe {self.digest}, seed {self.seed}."


def figure_caption(text: str, provenance: Provenance) -> str:
    """Return a caption that ends with scale, recipe and seed; `text` is one or more sentences."""
    return f"{text.rstrip()} {provenance.sentence}"


def conventions(study: str, metrics: Sequence[str]) -> str:
    """Return one sentence a metric that states what its number means in a study."""
    return " ".join(METRICS[metric].convention(kind_of(study)) for metric in metrics)


def table_caption(
    title: str,
    study: str,
    metrics: Sequence[str],
    counts: Sequence[int],
    provenance: Provenance,
    *,
    spread: Literal["ci95", "std"] = "ci95",
) -> str:
    """Return the caption of a comparison table.

    Parameters
    ----------
    title : str
        What the table shows, a phrase without a full stop.
    study : str
        Study, which decides the conventions.
    metrics : sequence of str
        Metrics in the table.
    counts : sequence of int
        Numbers of independent items of its rows.
    provenance : Provenance
        Run.
    spread : {"ci95", "std"}
        What stands behind ±.
    """
    low, high = min(counts), max(counts)
    number = f"{low}" if low == high else f"{low} to {high}"
    ours = f"Ours: mean ± {_SPREADS[spread]} over n = {number} independent items of equal weight"
    paper = "paper: printed mean, its standard deviation in brackets; difference: ours − paper"
    return f"{title}. {ours}; {paper}. {conventions(study, metrics)} {provenance.sentence}"
