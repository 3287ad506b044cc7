"""How far a restored system matrix is from a reference, by the conventions of the restoration study."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import WINDOW, nrmse, psnr_db, ssim
from mpipipe.restoration.normalise import peak_modulus

METRICS = ("psnr_db", "ssim", "nrmse")
POOLED = "all"


def score_components(estimate: npt.NDArray[Any], reference: npt.NDArray[Any]) -> pd.DataFrame:
    """Return PSNR, SSIM and NRMSE of components, each over the reference's largest modulus.

    Parameters
    ----------
    estimate, reference : (component, x, y[, z]) ndarray of complex
        Components on one grid in one unit; axes of a single voxel do not count. No reference is zero throughout.

    Returns
    -------
    DataFrame
        Columns ``psnr_db`` (peak 1, mean of |error|² over complex voxels), ``ssim`` (7-wide windows, data range 2, real and
        imaginary part averaged; NaN on grids with fewer voxels along an axis) and ``nrmse`` (‖error‖/‖reference‖).

    Raises
    ------
    InputError
        When shapes differ, or values are not finite.
    """
    if estimate.shape != reference.shape:
        raise InputError(
            f"restored: found shape {estimate.shape}, expected the reference's {reference.shape}"
        )
    plain = (len(reference), *(size for size in reference.shape[1:] if size > 1))
    truth = np.asarray(reference, np.complex64).reshape(plain)
    peak = peak_modulus(truth)
    truth, found = truth / peak, np.asarray(estimate, np.complex64).reshape(plain) / peak
    fits = min(plain[1:], default=0) >= WINDOW
    similarity = ssim(found, truth) if fits else np.full(len(truth), np.nan)
    return pd.DataFrame({"psnr_db": psnr_db(found, truth), "ssim": similarity, "nrmse": nrmse(found, truth)})


def score_table(scores: pd.DataFrame, channels: Sequence[str]) -> pd.DataFrame:
    """Return mean and standard deviation over components, a row a channel and one for all.

    Parameters
    ----------
    scores : DataFrame
        Columns of :func:`score_components` and ``channel``, the number of the channel.
    channels : sequence of str
        Names of the channels.

    Returns
    -------
    DataFrame
        Columns ``channel``, ``components``, and each metric with its ``_std``; missing where there is no component.
    """
    groups = [(name, scores[scores["channel"] == number]) for number, name in enumerate(channels)]
    return pd.DataFrame([_row(name, group) for name, group in [*groups, (POOLED, scores)]])


def _row(name: str, group: pd.DataFrame) -> dict[str, Any]:
    row: dict[str, Any] = {"channel": name, "components": len(group)}
    for metric in METRICS:
        values = group[metric].to_numpy(np.float64)
        row[metric] = float(values.mean()) if len(values) else np.nan
        spread = len(values) > 1 and bool(np.isfinite(values).all())
        row[f"{metric}_std"] = float(values.std(ddof=1)) if spread else np.nan
    return row
