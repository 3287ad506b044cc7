"""What the results pages say of each study: its paper, its headline figure, and the numbers that are read first."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from mpipipe.config.base import Section
from mpipipe.evaluation.gallery import GalleryEntry
from mpipipe.evaluation.tables import FormattedTable

Column = tuple[str, str]
"""A column of a table: its group and its heading."""


class Headline(Section):
    """Where a number that is read first stands.

    Attributes
    ----------
    label, table : str
        What it is, and its table.
    row : dict of str
        Cells of the leading columns that name the row; the first such row counts.
    ours, paper, difference : tuple of str
        Columns.
    said : str
        What the paper's text says, where its tables have no such cell.
    """

    label: str
    table: str
    row: dict[str, str]
    ours: Column
    paper: Column | None = None
    difference: Column | None = None
    said: str = ""


class StudyCard(Section):
    """What is said of a study.

    Attributes
    ----------
    title, summary, paper : str
        Heading, one sentence, and citation.
    figure : str
        Figure that stands for the study.
    headlines : tuple of Headline
        Numbers that are read first.
    """

    title: str
    summary: str = ""
    paper: str = ""
    figure: str = ""
    headlines: tuple[Headline, ...] = ()


@dataclass(frozen=True)
class HeadlineNumber:
    """A number that is read first: ours, the paper's, their difference or ratio, and the anchor of its table."""

    label: str
    ours: str
    paper: str
    difference: str
    anchor: str


def study_card(study: str) -> StudyCard:
    """Return what is said of a study; an unknown one has its name alone."""
    return _cards().get(study, StudyCard(title=study))


@cache
def _cards() -> dict[str, StudyCard]:
    text = (files("mpipipe.evaluation") / "study_cards.yaml").read_text(encoding="utf-8")
    return {name: StudyCard.model_validate(card) for name, card in yaml.safe_load(text).items()}


def headline_numbers(card: StudyCard, entries: Sequence[GalleryEntry]) -> list[HeadlineNumber]:
    """Return the numbers of a study that are read first; those that a scale does not compute are left out.

    Parameters
    ----------
    card : StudyCard
        What is said of the study.
    entries : sequence of GalleryEntry
        Its tables and figures.
    """
    found = (_number(headline, entry) for headline in card.headlines for entry in entries)
    return [number for number in found if number is not None]


def _number(headline: Headline, entry: GalleryEntry) -> HeadlineNumber | None:
    table = entry.table
    if table is None or entry.name != headline.table:
        return None
    row = next((row for row in table.rows if _is_named(table, row, headline.row)), None)
    ours = "" if row is None else _cell(table, row, headline.ours)
    if row is None or not ours:
        return None
    difference = _cell(table, row, headline.difference)
    if headline.difference is not None and "÷" in headline.difference[1]:
        difference = f"{difference} ×"
    return HeadlineNumber(
        headline.label, ours, _cell(table, row, headline.paper) or headline.said, difference, entry.anchor
    )


def _is_named(table: FormattedTable, row: tuple[str, ...], named: dict[str, str]) -> bool:
    cells = dict(zip(table.stub, row, strict=False))
    return all(cells.get(heading) == cell for heading, cell in named.items())


def _cell(table: FormattedTable, row: tuple[str, ...], column: Column | None) -> str:
    columns = [(group, heading) for group in table.groups for heading in table.columns]
    return row[len(table.stub) + columns.index(column)] if column in columns else ""
