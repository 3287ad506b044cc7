"""Small synthetic inputs of figures."""

from typing import Any

import numpy as np
import pandas as pd

from mpipipe.evaluation.component_panel import ComponentExample
from mpipipe.evaluation.example_panel import ExampleMatrix, component_text
from mpipipe.evaluation.records import build_records, with_pooled

THREE = ("Noisy", "DCT-F (multiplier 3)", "DnCNN")


def extent(shape: tuple[int, ...]) -> tuple[float, ...]:
    """Voxels of 2 mm around the origin."""
    return tuple(float(side * size) for size in shape for side in (-1, 1))


def random_component(shape: tuple[int, ...], seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    found = (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)
    return found / np.abs(found).max()


def example(shape=(14, 9), names=THREE, seed=0, measured=False, factor=1, gaps=False) -> ComponentExample:
    truth = random_component(shape, seed)
    estimates = {name: (truth * (1 - 0.1 * k)).astype(np.complex64) for k, name in enumerate(names, 1)}
    observed = known = None
    if measured or gaps or factor > 1:
        observed = truth[(slice(None, None, factor),) * len(shape)] * np.complex64(0.5)
    if gaps:
        known = np.ones(shape, bool)
        known[2:4] = False
    scores = {name: 20.0 + k for k, name in enumerate(names)} | ({"Noisy": 14.0} if measured else {})
    label = "x coil, 33.3 kHz\nfluid"
    return ComponentExample(truth, estimates, extent(shape), label, observed, known, factor, scores)


def matrix(shape: tuple[int, ...], components: int = 5) -> ExampleMatrix:
    values = np.stack([random_component(shape, seed) for seed in range(components)])
    titles = [component_text(k % 3, 24.5e3 * (k + 1), k + 1) for k in range(components)]
    text = "fluid, D = 21.4 nm\nK = 4321 J/m³\nG = −1.23, −0.45 T/m\nA = 12.3, 9.8 mT\ngrid 12 × 5"
    return ExampleMatrix(values, extent(shape), text, titles)


def volume() -> Any:
    """A volume whose voxels are all different."""
    return np.random.default_rng(0).permutation(9 * 7 * 6).reshape(9, 7, 6) / 378


def history(psnr: bool = True) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [{"step": s, "loss": 1 / s} for s in (10, 20, 30)]
    return steps + ([{"step": 30, "psnr_db": {"0.1": 30.0, "0.06": 33.0}}] if psnr else [])


def gains() -> pd.DataFrame:
    """Gains of two methods under three conditions."""
    rows = [
        (condition, method, 5.0 + k - n, 0.5)
        for k, method in enumerate(("DnCNN (phase-aligned)", "DnCNN"))
        for n, condition in enumerate(("as trained", "field-dependent relaxation 1 µs", "receive chain"))
    ]
    return pd.DataFrame(rows, columns=["condition", "method", "mean", "ci95"])


def size_records(table: str, **conditions: Any) -> pd.DataFrame:
    """Records of two methods, two noise levels and three bins, with pooled rows."""
    parts = []
    for k, method in enumerate(("Biharmonic", "PConvUNet")):
        for sigma in (0.0, 0.1):
            for place, size_bin in enumerate(("[12,18]", "(18,24]", "(24,30]")):
                common = {
                    "table": table,
                    "method": method,
                    "sigma": sigma,
                    "size_bin": size_bin,
                    **conditions,
                }
                item = 4 * place + np.arange(4)
                psnr = 20 + k - 20 * sigma + 2 * place + np.arange(4) / 4
                parts.append(build_records(metric="psnr_db", item=item, value=psnr, **common))
                parts.append(build_records(metric="ssim", item=item, value=psnr / 40, **common))
    return with_pooled(pd.concat(parts), "size_bin")
