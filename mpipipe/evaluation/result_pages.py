"""The pages that show all results: a front page and one page a study, static HTML with one style sheet and one script."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mpipipe.config.base import Section
from mpipipe.evaluation.comparison import Comparison
from mpipipe.evaluation.gallery import GalleryEntry
from mpipipe.evaluation.study_cards import headline_numbers, study_card

ASSETS = "pages"
"""Folder of the style sheet, the script and the pictures, beside the front page."""


class Origin(Section):
    """What made the tables and figures of a study.

    Attributes
    ----------
    rule : str
        Snakemake rule.
    artifact : str
        Main artifact of the rule.
    digest : str
        Provenance: digest of the recipe.
    recipe : dict
        Parameters, seed, digest of the code, and provenance of each input.
    versions : dict of str
        Versions of the libraries.
    manifest : str
        Manifest that holds all of this, relative to the results of the run.
    """

    rule: str
    artifact: str
    digest: str
    recipe: dict[str, Any]
    versions: dict[str, str]
    manifest: str

    @property
    def inputs(self) -> dict[str, str]:
        """Provenance of each input."""
        return dict(self.recipe.get("inputs", {}))

    @property
    def parameters(self) -> str:
        """All of the recipe but its inputs, as JSON."""
        shown = {key: value for key, value in self.recipe.items() if key != "inputs"}
        return json.dumps(shown, indent=1, sort_keys=True, ensure_ascii=False)


class StudyResults(Section):
    """What a study shows.

    Attributes
    ----------
    study : str
        Name.
    entries : tuple of GalleryEntry
        Tables and figures.
    comparisons : tuple of Comparison
        Pictures before and after.
    origin : Origin
        What made them.
    """

    study: str
    entries: tuple[GalleryEntry, ...]
    comparisons: tuple[Comparison, ...] = ()
    origin: Origin


def front_page(studies: Sequence[StudyResults], *, scale: str, seed: int) -> str:
    """Return the front page: of each study a figure, the numbers that are read first, and the link to its page.

    All text of all pages is escaped, and no page asks for anything but the files beside it.

    Parameters
    ----------
    studies : sequence of StudyResults
        Studies in the order of the page.
    scale, seed : str, int
        Run.
    """
    views = [_view(results) for results in studies]
    return _render("front", root="", views=views, view=None, scale=scale, seed=seed)


def study_page(results: StudyResults, studies: Sequence[StudyResults], *, scale: str, seed: int) -> str:
    """Return the page of a study: comparisons, tables, figures, and what made them; `studies` are those linked to."""
    views = [_view(one) for one in studies]
    return _render("study", root="../", views=views, view=_view(results), scale=scale, seed=seed)


def assets() -> dict[str, str]:
    """Return the style sheet and the script of all pages by their file names."""
    folder = files("mpipipe.evaluation") / "templates"
    names = {"pages.css": "result_pages.css", "pages.js": "result_pages.js"}
    return {name: (folder / source).read_text(encoding="utf-8") for name, source in names.items()}


def _view(results: StudyResults) -> dict[str, Any]:
    card = study_card(results.study)
    figures = [entry for entry in results.entries if entry.figure]
    shown = next((entry for entry in figures if entry.name == card.figure), next(iter(figures), None))
    return {
        "key": results.study,
        "card": card,
        "numbers": headline_numbers(card, results.entries),
        "shown": shown,
        "tables": [entry for entry in results.entries if entry.table],
        "figures": figures,
        "comparisons": results.comparisons,
        "origin": results.origin,
    }


def _render(page: str, **values: object) -> str:
    return _environment().get_template(f"result_pages.{page}.html.j2").render(assets=ASSETS, **values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mpipipe.evaluation", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = _cell
    return environment


def _cell(text: str) -> Markup:
    """Return the text of a cell, quiet where it says that there is nothing."""
    quiet = text in ("–", "not printed", "")
    return Markup('<span class="quiet">{}</span>').format(text) if quiet else Markup("{}").format(text)
