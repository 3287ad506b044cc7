"""What a study shows: tables and figures with their captions."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from mpipipe.evaluation.tables import FormattedTable


@dataclass(frozen=True)
class ResultTable:
    """A table in its three forms: numbers, text, and what is to be said about it."""

    name: str
    title: str
    wide: pd.DataFrame
    formatted: FormattedTable
    caption: str


@dataclass(frozen=True)
class ResultFigure:
    """A figure and what is to be said about it."""

    name: str
    title: str
    figure: Figure
    caption: str
