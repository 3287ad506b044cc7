"""Scores of denoised signals and of the images behind them (self-supervised signal denoising, section II.III)."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpipipe.evaluation.global_ssim import global_ssim
from mpipipe.evaluation.metrics import psnr_db, rmse, snr_db, ssim
from mpipipe.evaluation.records import build_records, concatenate_records

Signals = npt.NDArray[np.float32]
Images = npt.NDArray[np.float32]
Scores = dict[str, npt.NDArray[np.float64]]


def signal_scores(estimates: Signals, clean: Signals) -> Scores:
    """Return SNR (eq. 8) and RMSE (eq. 9) of signals.

    Parameters
    ----------
    estimates, clean : (item, time) ndarray of float32
        Denoised and noise-free signals.

    Returns
    -------
    dict of (item,) ndarray of float64
        ``snr_db`` in dB and ``rmse`` in the unit of the signals.
    """
    return {"snr_db": snr_db(estimates, clean), "rmse": rmse(estimates, clean)}


def image_scores(images: Images, truth: Images) -> Scores:
    """Return PSNR (eq. 11 with the mean over pixels) and both structural similarities of images.

    Parameters
    ----------
    images, truth : (item, x, y) ndarray of float32
        Images of denoised and of noise-free signals; the maximum of the truth is peak and data range.

    Returns
    -------
    dict of (item,) ndarray of float64
        ``psnr_db``, ``ssim`` with 7-wide windows, and ``ssim_global`` as eq. (10) has it.
    """
    peak = truth.max(axis=(1, 2))
    scaled = [values / peak[:, None, None] for values in (images, truth)]
    return {
        "psnr_db": psnr_db(images, truth, peak=peak),
        "ssim": ssim(*scaled, data_range=1.0),
        "ssim_global": global_ssim(images, truth),
    }


def score_records(
    problem: str, method: str, scores: Scores, white_snr_db: float, repeat: int | None = None
) -> pd.DataFrame:
    """Return the records of a method's scores.

    Parameters
    ----------
    problem : str
        Table.
    method : str
        Name in the records.
    scores : dict of (item,) ndarray of float64
        By metric; items count from 0.
    white_snr_db : float
        SNR of the white noise that the problem is named by.
    repeat : int, optional
        Number of the training.
    """
    return concatenate_records(
        [
            build_records(
                table=problem,
                method=method,
                metric=metric,
                item=np.arange(len(values)),
                value=values,
                repeat=repeat,
                snr_db=white_snr_db,
            )
            for metric, values in scores.items()
        ]
    )


def amplitude_spectrum(signals: Signals) -> npt.NDArray[np.float64]:
    """Return the root-mean-square amplitude of each frequency over signals.

    Parameters
    ----------
    signals : (item, time) ndarray of float32
        Whole periods.

    Returns
    -------
    (frequency,) ndarray of float64
        Amplitudes of cosines, in the unit of the signals.
    """
    spectra = 2 / signals.shape[1] * np.abs(np.fft.rfft(signals))
    return np.asarray(np.sqrt(np.mean(spectra**2, axis=0)))
