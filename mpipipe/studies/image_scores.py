"""Scores of reconstructed images (Peng 2024, section 3.4)."""

import numpy as np
import numpy.typing as npt

from mpipipe.evaluation.metrics import nrmse, psnr_db, ssim

Images = npt.NDArray[np.float32]


def image_scores(images: Images, truth: Images) -> dict[str, npt.NDArray[np.float64]]:
    """Return NRMSE, SSIM and PSNR of images, each with the maximum of its truth as peak and as data range.

    Parameters
    ----------
    images, truth : (item, x, y) ndarray of float32
        Concentrations.

    Returns
    -------
    dict of (item,) ndarray of float64
        By metric.
    """
    peak = truth.max(axis=(1, 2))
    # In units of the peak the data range is one for all of them.
    scaled = [values / peak[:, None, None] for values in (images, truth)]
    return {
        "nrmse": nrmse(images, truth),
        "ssim": ssim(*scaled, data_range=1.0),
        "psnr_db": psnr_db(images, truth, peak=peak),
    }
