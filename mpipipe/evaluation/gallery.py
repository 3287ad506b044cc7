"""What the results pages show: tables and figures with their captions and files."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from mpipipe.config.base import Section
from mpipipe.evaluation.tables import FormattedTable

_RELATIVE = re.compile(r"(?!/)[A-Za-z0-9._/-]+")


def _relative(path: str) -> str:
    if not _RELATIVE.fullmatch(path) or ".." in path.split("/"):
        raise ValueError(f"found {path!r}, expected a relative path below the results")
    return path


RelativePath = Annotated[str, AfterValidator(_relative)]
"""Path of a file below the results of the run, relative to them."""


class Link(Section):
    """A file that belongs to an entry.

    Attributes
    ----------
    label, path : str
        Text of the link, and its path relative to the results of the run.
    """

    label: str
    path: RelativePath


class Picture(Section):
    """A figure of an entry.

    Attributes
    ----------
    png, svg : str
        Paths relative to the results of the run.
    alternative : str
        What the figure shows, for those who do not see it.
    width, height : int
        Size of the PNG in pixels.
    """

    png: RelativePath
    svg: RelativePath
    alternative: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class GalleryEntry(Section):
    """One table or figure of a study.

    Attributes
    ----------
    study, name : str
        Study, and name of the table or figure.
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
        """Identifier on the study's page; a table and a figure may share a name."""
        kind = "table" if self.table else "figure"
        return re.sub(r"[^a-z0-9]+", "-", f"{kind}-{self.name}".lower())
