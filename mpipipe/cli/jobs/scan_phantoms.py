"""Job ``scan_phantoms``: the test phantoms and a point source, scanned and gridded without noise."""

from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.config.coded_scene import VesselPhantomName
from mpipipe.config.deblurring import Acquisition
from mpipipe.scenes.vessel_phantoms import vessel_phantom
from mpipipe.storage.arrays import write_arrays
from mpipipe.studies.point_source import scan_point
from mpipipe.studies.xspace_scan import XSpaceScan


class Recipe(JobRecipe):
    """Phantoms and acquisition."""

    acquisition: Acquisition
    phantoms: tuple[VesselPhantomName, ...]


def run(recipe: Recipe, scene: Path) -> None:
    """Write truth and collinear images of each phantom, and those of a point beside its theory."""
    grid = recipe.acquisition.fine_grid
    prepared = XSpaceScan.of(recipe.acquisition)
    drawn = [vessel_phantom(name, grid.shape[0], grid.field_of_view_mm[0]) for name in recipe.phantoms]
    scan = prepared.scan(np.stack(drawn))
    point = scan_point(recipe.acquisition, prepared.gridding)
    arrays = {
        "truth": scan.truth,
        "collinear": scan.collinear,
        "point_gridded": point.gridded,
        "point_theory": point.theory,
    }
    described = {
        "phantoms": list(recipe.phantoms),
        "peak": scan.peak,
        "point_pixel": list(point.pixel),
        "field_of_view_mm": list(grid.field_of_view_mm),
    }
    write_arrays(scene, arrays, described)
    finish(scene, recipe, described)
