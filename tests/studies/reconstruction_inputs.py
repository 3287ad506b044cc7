"""Small synthetic inputs of the reconstruction study's tables and figures."""

from typing import Any

import numpy as np
import pandas as pd

from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.evaluation.reference import printed_settings

METHODS = ("ART", "ADMM_L1", "ADMM_TV", "ADMM_L1TV", "PP-MPI", "DIP", "ADMM-Net", "DERnet")
LEVELS = (20.0, 25.0, 30.0, 35.0)
# PSNR of each method at 20 dB; each gains a tenth of what the level gains, and ADMM-Net nothing.
PSNR_DB = dict(zip(METHODS, (21.0, 18.0, 20.0, 21.5, 23.0, 17.0, 18.0, 24.0), strict=True))
REPEATS = {"DERnet": 3, "ADMM-Net": 2}
GRIDS = {"openmpi": (19, 19), "inhouse": (11, 11)}
EDGES_MM = {"openmpi": [38.0, 38.0], "inhouse": [22.0, 22.0]}


def blob(grid: tuple[int, int], seed: int) -> np.ndarray:
    """A ring, of which a sector is missing."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(*(np.linspace(-1, 1, n) for n in grid), indexing="ij")
    cx, cy, turn = *rng.uniform(-0.3, 0.3, 2), rng.uniform(-np.pi, np.pi)
    r, angle = np.hypot(x - cx, y - cy), np.angle(np.exp(1j * (np.arctan2(y - cy, x - cx) - turn)))
    ring = np.clip(1.2 - 6 * np.abs(r - 0.45), 0, 1) * (np.abs(angle) < 2.4)
    return (ring / ring.max()).astype(np.float32)


def psnr(method: str, level: float) -> float:
    return PSNR_DB[method] + (0.0 if method == "ADMM-Net" else (level - 20) / 3)


def estimates(truth: np.ndarray, method: str, level: float, seed: int) -> np.ndarray:
    """Images with white errors of the method's PSNR, clipped at zero."""
    rng = np.random.default_rng(seed)
    error = rng.normal(size=truth.shape) * 10 ** (-psnr(method, level) / 20)
    return np.maximum(truth + error, 0).astype(np.float32)


def records() -> pd.DataFrame:
    parts = []
    for place, method in enumerate(METHODS):
        for repeat in range(REPEATS.get(method, 1)):
            common: dict[str, Any] = {"method": method, "repeat": repeat if method in REPEATS else None}
            tasks = [("fixed_snr", 30.0, 20 if method == "DIP" else 60)]
            tasks += [("snr_sweep", level, 20) for level in LEVELS]
            for table, level, count in tasks:
                rng = np.random.default_rng([place, repeat, int(level)])
                hardness = np.random.default_rng(int(level)).normal(0, 2.5, 60)[:count]
                scores = psnr(method, level) + hardness + rng.normal(0, 0.3, count) + 0.1 * repeat
                kinds = {
                    "psnr_db": scores,
                    "ssim": 1 - 10 ** (-scores / 20),
                    "nrmse": 3 * 10 ** (-scores / 20),
                }
                for metric, values in kinds.items():
                    parts.append(
                        build_records(
                            table=table,
                            metric=metric,
                            item=np.arange(count),
                            value=values,
                            snr_db=level,
                            **common,
                        )
                    )
    for place, method in enumerate(METHODS):
        for batch in (1, 16 if method == "DIP" else 64):
            runs = 1 if method == "DIP" else 5
            seconds = 10.0 ** (place - 4) / batch**0.5 * (1 + 0.1 * np.arange(runs))
            parts.append(
                build_records(
                    table="timing", metric="time_s", method=method, item=np.arange(runs), value=seconds, snr_db=30, batch=batch,
                )
            )  # fmt: skip
    return concatenate_records(parts)


def timing_description() -> dict[str, Any]:
    iterations = {"ART": 10, "PP-MPI": 30, "DIP": 1000, "ADMM-Net": None, "DERnet": None}
    iterations |= dict.fromkeys(("ADMM_L1", "ADMM_TV", "ADMM_L1TV"), 200)
    return {"iterations": iterations, "machine": "x86_64, Linux", "threads": 2, "batch": 64}


def examples(count: int = 4) -> tuple[dict[str, Any], dict[str, Any]]:
    truth = np.stack([blob(GRIDS["openmpi"], seed) for seed in range(count)])
    images = np.stack(
        [[estimates(truth, m, level, 10 * k + int(level)) for level in LEVELS] for k, m in enumerate(METHODS)]
    )
    described = {
        "methods": list(METHODS),
        "levels_db": list(LEVELS),
        "psnr_db": [[[psnr(m, level) + e for e in range(count)] for level in LEVELS] for m in METHODS],
        "field_of_view_mm": EDGES_MM["openmpi"],
    }
    return {"truth": truth, "images": images}, described


def phantom_images(calibration: str) -> tuple[dict[str, Any], dict[str, Any]]:
    names = {
        "openmpi": ["shape", "resolution", "concentration"],
        "inhouse": ["parallel_cylinders", "c_shape"],
    }
    phantoms = names[calibration]
    truth = np.stack([3 * blob(GRIDS[calibration], seed) for seed in range(len(phantoms))])
    images = np.stack([3 * estimates(truth / 3, m, 25.0, k) for k, m in enumerate(METHODS)])
    scores = [[psnr(m, 25.0) + p for p in range(len(phantoms))] for m in METHODS]
    described = {
        "phantoms": phantoms,
        "methods": list(METHODS),
        "snr_db": [30.0] * len(phantoms),
        "field_of_view_mm": EDGES_MM[calibration],
        "psnr_db": scores,
        "ssim": [[value / 40 for value in row] for row in scores],
        "nrmse": [[10 ** (-value / 20) for value in row] for row in scores],
    }
    return {"concentration": truth, "images": images}, described


def calibration(name: str, rows: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """A matrix whose singular values fall from 1 to 1e-2 (openmpi) or 1e-3, geometrically."""
    grid, rows = GRIDS[name], rows or {"openmpi": 400, "inhouse": 139}[name]
    voxels, rng = grid[0] * grid[1], np.random.default_rng(0)
    U = np.linalg.qr(rng.normal(size=(2 * rows, voxels)))[0]
    V = np.linalg.qr(rng.normal(size=(voxels, voxels)))[0]
    stacked = (U * np.geomspace(1, {"openmpi": 1e-2, "inhouse": 1e-3}[name], voxels)) @ V
    matrix = (stacked[:rows] + 1j * stacked[rows:]).astype(np.complex64).reshape(rows, *grid)
    described = {"threshold": 1.53, "field_of_view_mm": EDGES_MM[name]}
    return {"matrix": matrix, "snr": rng.uniform(1.53, 60, rows)}, described


def digits(name: str = "openmpi", train: int = 60) -> dict[str, Any]:
    counts = {"train": train, "val": 4, "test": 4}
    return {
        split: np.stack([blob(GRIDS[name], 100 + seed) for seed in range(count)])
        for split, count in counts.items()
    }


def tuned(method: str) -> dict[str, Any]:
    """Settings of a method, the middle of three at 20 dB and the last of them at the other levels."""
    grids = {
        "ART": [{"regularization": value} for value in (1e-3, 1e-2, 1e-1)],
        "PP-MPI": [{"iterations": n, "scale": 10.0, "noise_factor": 1.0} for n in (5, 10, 20)],
        "DIP": [{"iterations": n} for n in (250, 1000, 4000)],
    }
    shrunk = [{"mu": mu, "scale": 10.0, "noise_factor": 0.8} for mu in (1.0, 10.0, 100.0)]
    tried = grids.get(method, shrunk)
    if method == "ADMM_L1TV":
        tried = [{"tv_share": 0.8, **one} for one in shrunk]
    levels = []
    for level in LEVELS:
        place = 1 if level == 20 else 2
        candidates = [
            {
                "settings": one,
                "psnr_db": 20.0 - abs(k - place),
                "iterations": one.get("iterations", 10 if method == "ART" else 200),
            }
            for k, one in enumerate(tried)
        ]
        printed = printed_settings(method, level)
        levels.append(
            {
                "snr_db": level,
                "best": tried[place],
                "best_psnr_db": 20.0,
                "printed": printed,
                "printed_psnr_db": 18.25 if printed else None,
                "candidates": candidates,
            }
        )
    return {"method": method, "metric": "psnr_db", "levels": levels}


def card(method: str) -> dict[str, Any]:
    steps = (100, 200, 300, 400)
    labels = ("0.1",) if method == "PP-MPI" else ("20", "25", "30", "35")
    top = {"PP-MPI": 26.0, "ADMM-Net": 18.0, "DERnet": 24.0}[method]
    losses = [
        {"step": s, "loss": 0.1 / s ** (0.5 if method == "DERnet" else 0.3)} for s in range(10, 401, 10)
    ]
    scores = [
        {"step": s, "psnr_db": {label: top - 300 / s + k for k, label in enumerate(labels)}} for s in steps
    ]
    return {
        "config": {"batch": 128, "loss": "mse"},
        "steps": 400,
        "parameters": 9_812_345,
        "samples_per_s": 5120.0,
        "step_samples_per_s": 6000.0,
        "loader_samples_per_s": 34567.0,
        "history": losses + scores,
        "best": {"step": 400, "psnr_db": top - 0.75 + (len(labels) - 1) / 2},
    }


def trainings() -> list[dict[str, Any]]:
    return [
        {"calibration": name, "method": method, "card": card(method)}
        for name in ("openmpi", "inhouse")
        for method in ("PP-MPI", "ADMM-Net", "DERnet")
    ]
