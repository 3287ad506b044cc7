"""Job ``sample``: draw the parameter table of an ensemble."""

from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.sample import CalibrationRanges, Ensemble, ParticleRanges, ScannerRanges
from mpipipe.physics.sampling import draw_table
from mpipipe.storage.tables import write_table


class Recipe(JobRecipe):
    """Ranges, sizes and name of the ensemble."""

    ensemble: str
    size: Ensemble
    particle: ParticleRanges
    scanner: ScannerRanges
    calibration: CalibrationRanges


def run(recipe: Recipe, table: Path) -> None:
    """Write the Parquet table of one ensemble, one row a system matrix."""
    drawn = draw_table(
        recipe.size,
        recipe.particle,
        recipe.scanner,
        recipe.calibration,
        seed_of=lambda split, item: recipe.derive_seed("sample", recipe.ensemble, split, item),
    )
    write_table(table, drawn)
    finish(
        table, recipe, {"rows": len(drawn), "columns": list(drawn.columns), "units": "in the column names"}
    )
