"""Job ``gallery``: the page that shows every table and figure."""

from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.evaluation.gallery import GalleryEntry, render_gallery
from mpipipe.storage.atomic import write_text
from mpipipe.storage.tables import read_json


class Recipe(JobRecipe):
    """Entries of the studies, as inputs."""


def run(recipe: Recipe, page: Path) -> None:
    """Write ``index.html`` beside the studies' folders."""
    studies = [read_json(Path(name)) for name in recipe.inputs]
    entries = [GalleryEntry.model_validate(entry) for study in studies for entry in study["entries"]]
    write_text(page, render_gallery(entries, scale=recipe.scale, seed=recipe.seed))
    finish(page, recipe, {"entries": len(entries)})
