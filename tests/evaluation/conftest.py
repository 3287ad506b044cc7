"""Records with a known spread between and within items."""

import numpy as np
import pandas as pd
import pytest

from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.records import build_records, concatenate_records

GAIN = {"DCT-F": 0.0, "DnCNN": 2.0}


@pytest.fixture(scope="session")
def provenance() -> Provenance:
    return Provenance(scale="smoke", digest="0123456789abcdef", seed=7)


@pytest.fixture(scope="session")
def records() -> pd.DataFrame:
    """Two methods, two noise levels, 12 matrices with different numbers of components."""
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(12), rng.integers(2, 9, 12))
    hardness = rng.normal(0, 3, 12)[item]
    parts = []
    for method, gain in GAIN.items():
        for sigma in (0.1, 0.06):
            psnr = 30 + gain - 20 * sigma + hardness + rng.normal(0, 0.5, len(item))
            common = {"table": "denoising", "method": method, "item": item, "sigma": sigma, "dimension": "2D"}
            parts.append(build_records(metric="psnr_db", value=psnr, **common))
            parts.append(build_records(metric="ssim", value=psnr / 50, **common))
    return concatenate_records(parts)
