"""Job ``metrics``: all records of a study, and their summary."""

from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.evaluation.records import concatenate_records, with_pooled
from mpipipe.evaluation.summary import summarise
from mpipipe.evaluation.tables import csv_text
from mpipipe.storage.atomic import write_text
from mpipipe.storage.tables import read_table, write_table


class Recipe(JobRecipe):
    """Study."""

    study: str


def run(recipe: Recipe, metrics: Path, summary: Path) -> None:
    """Write the study's records as one table, and mean, std, 95 % interval and count as CSV."""
    records = with_pooled(concatenate_records([read_table(Path(name)) for name in recipe.inputs]), "size_bin")
    write_table(metrics, records)
    write_text(summary, csv_text(summarise(records)))
    finish(metrics, recipe, {"rows": len(records), "columns": list(records.columns)})
