"""The page that shows all results: one static HTML file without scripts or network requests."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from pydantic import Field, field_validator

from mpipipe.config.base import Section
from mpipipe.evaluation.tables import FormattedTable
from mpipipe.evaluation.vocabulary import TABLES

_RELATIVE = re.compile(r"(?!/)[A-Za-z0-9._/-]+")

STUDY_TITLES: dict[str, str] = {
    "restoration": "Restoration of system matrices",
    "reconstruction": "End-to-end reconstruction",
    "deblurring": "Deblurring of x-space images",
    "signal_denoising": "Self-supervised denoising of signals",
    "inversion": "Inversion by perceptrons",
}


def _relative(path: str) -> str:
    if not _RELATIVE.fullmatch(path) or ".." in path.split("/"):
        raise ValueError(f"found {path!r}, expected a relative path below the page")
    return path


class Link(Section):
    """A file that belongs to an entry.

    Attributes
    ----------
    label, path : str
        Text of the link, and its path relative to the page.
    """

    label: str
    path: str

    @field_validator("path")
    @classmethod
    def _path_is_relative(cls, path: str) -> str:
        return _relative(path)


class Picture(Section):
    """A figure of an entry.

    Attributes
    ----------
    png, svg : str
        Paths relative to the page.
    alternative : str
        What the figure shows, for those who do not see it.
    """

    png: str
    svg: str
    alternative: str

    @field_validator("png", "svg")
    @classmethod
    def _path_is_relative(cls, path: str) -> str:
        return _relative(path)


class GalleryEntry(Section):
    """One table or figure on the page.

    Attributes
    ----------
    study, name : str
        Study, and name of the table or figure; together they are its anchor.
    title, caption, digest : str
        Heading, caption, and digest of the recipe.
    table : FormattedTable or None
        Table.
    figure : Picture or None
        Figure.
    links : tuple of Link
        Files such as CSV, Markdown, SVG and manifest.
    """

    study: str
    name: str
    title: str
    caption: str
    digest: str
    table: FormattedTable | None = None
    figure: Picture | None = None
    links: tuple[Link, ...] = Field(default=())

    @property
    def anchor(self) -> str:
        """Identifier of the entry on the page."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.study}-{self.name}".lower())


def render_gallery(entries: Sequence[GalleryEntry], *, scale: str, seed: int) -> str:
    """Return the page of all entries, study by study in the order of `TABLES`.

    All text is escaped. The page has no script and asks for nothing but the figures beside it; colours follow
    the reader's choice of light or dark.

    Parameters
    ----------
    entries : sequence of GalleryEntry
        Tables and figures; within a study they keep their order.
    scale, seed : str, int
        Run.

    Returns
    -------
    str
        HTML.
    """
    order = list(TABLES)
    ranked = sorted(entries, key=lambda e: order.index(e.study) if e.study in order else len(order))
    studies = [
        {"key": key, "title": STUDY_TITLES.get(key, key), "entries": list(members)}
        for key, members in groupby(ranked, key=lambda entry: entry.study)
    ]
    return _template().render(studies=studies, scale=scale, seed=seed)


@cache
def _template() -> Template:
    loader = PackageLoader("mpipipe.evaluation", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("gallery.html.j2")
