"""How the methods of the deblurring study are scored: phantoms and windows, at each SNR, with repeated noise."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd

from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.studies.image_scores import image_scores
from mpipipe.studies.xspace_scan import Images, Scan, noisy

LOG = logging.getLogger(__name__)
PUBLISHED = "lambda"
"""The phantom of the published table; others stand in a table of their own."""

Deblurrer = Callable[[Images, float], Images]
"""Maps collinear images (item, partition, x, y) of an SNR to concentrations (item, x, y)."""


@dataclass(frozen=True)
class TestData:
    """What methods are scored on; none of it is seen before.

    Attributes
    ----------
    phantoms : sequence of str
        Names of the test phantoms.
    scan : Scan
        Their scans, one a phantom.
    windows : Scan
        Windows of an unseen coded scene.
    noise : (field, partition, x, y) ndarray of float32
        Gridded noise of unit standard deviation. All methods, phantoms and SNRs see the same fields, so that differences
        between methods are paired.
    peak : float
        Signal that an SNR is defined by, in m²/s.
    """

    phantoms: Sequence[str]
    scan: Scan
    windows: Scan
    noise: Images
    peak: float


def score(
    deblurrer: Deblurrer,
    data: TestData,
    levels: Sequence[float],
    repeats: int,
    further_repeats: int,
    *,
    method: str,
    train_snr: float | None = None,
    repeat: int | None = None,
) -> pd.DataFrame:
    """Return the records of one method at each SNR and without noise.

    Parameters
    ----------
    deblurrer : callable
        The method.
    data : TestData
        Phantoms, windows and noise.
    levels : sequence of float
        SNRs, linear ratios.
    repeats, further_repeats : int
        Repetitions of the noise on the published phantom, and on each further one.
    method : str
        Name in the records.
    train_snr : float, optional
        SNR that a network was trained at.
    repeat : int, optional
        Number of its training.
    """
    named: dict[str, str | float] = {} if train_snr is None else {"train_snr": train_snr}
    found = []
    for snr in (*levels, inf):
        for phantom, images, truth in _tasks(data, snr, repeats, further_repeats):
            scores = image_scores(deblurrer(images, snr), truth)
            LOG.info("%s, %s at an SNR of %g: PSNR %.2f dB", method, phantom, snr, scores["psnr_db"].mean())
            table = "train_vs_test_snr" if phantom == PUBLISHED else "phantoms"
            conditions = named | ({} if phantom == PUBLISHED else {"phantom": phantom}) | {"test_snr": snr}
            for metric, values in scores.items():
                found.append(
                    build_records(
                        table=table,
                        method=method,
                        metric=metric,
                        item=np.arange(len(values)),
                        value=values,
                        repeat=repeat,
                        **conditions,
                    )
                )
    return concatenate_records(found)


def _tasks(
    data: TestData, snr: float, repeats: int, further_repeats: int
) -> Iterator[tuple[str, Images, Images]]:
    """Yield name, noisy images and truth; without noise one repetition is all."""
    for place, phantom in enumerate(data.phantoms):
        wanted = repeats if phantom == PUBLISHED else further_repeats
        count = wanted if np.isfinite(snr) else 1
        images = noisy(data.scan.collinear[place : place + 1], data.noise[:count], data.peak, snr)
        yield phantom, images, np.repeat(data.scan.truth[place : place + 1], count, axis=0)
    count = len(data.windows.truth)
    yield "windows", noisy(data.windows.collinear, data.noise[:count], data.peak, snr), data.windows.truth
