"""Scores of a restored case as records, with the conditions of its table."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.evaluation.metrics import psnr_db, ssim
from mpipipe.evaluation.records import build_records
from mpipipe.studies.cases import Case, size_bin

BINNED = ("accelerated_calibration", "inpainting")


def score(
    case: Case,
    restored: npt.NDArray[np.complex64],
    *,
    table: str,
    method: str,
    repeat: int,
    edges: tuple[float, ...],
    physics: str = "",
) -> list[pd.DataFrame]:
    """Return the records of one restored case: PSNR and SSIM of each component.

    Inpainting is scored over the missing voxels and over all; the factor is a condition where voxels were left out,
    the bin of the grid size in the tables that have it.

    Parameters
    ----------
    case : Case
        Truth and observation.
    restored : (component, x, y[, z]) ndarray of complex64
        What the method made of it.
    table, method : str
        Names of the records.
    repeat : int
        Number of the training.
    edges : tuple of float
        Edges of the bins of the average grid size, in voxels.
    physics : str
        Physics of the matrix, where it is not that of training.
    """
    conditions: dict[str, str | float] = {"dimension": f"{len(case.observed.grid)}D", "sigma": case.sigma}
    if case.observed.factor > 1:
        conditions["factor"] = case.observed.factor
    if table in BINNED:
        conditions["size_bin"] = size_bin(case.average_size, edges)
    if physics:
        conditions["physics"] = physics
    regions: dict[str, npt.NDArray[np.bool_] | None] = {"": None}
    if case.observed.known is not None:
        regions = {"missing": ~case.observed.known, "all": None}
    found = []
    for region, where in regions.items():
        values = {
            "psnr_db": psnr_db(restored, case.truth, where=where),
            "ssim": ssim(restored, case.truth, where=where),
        }
        own = conditions | ({"region": region} if region else {})
        found += [
            build_records(
                table=table,
                method=method,
                metric=metric,
                item=case.matrix,
                value=value,
                repeat=repeat,
                **own,
            )
            for metric, value in values.items()
        ]
    return found
