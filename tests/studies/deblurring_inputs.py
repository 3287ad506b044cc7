"""Small synthetic inputs of the deblurring study's tables and figures."""

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from mpipipe.evaluation.model_figure import ModelExample
from mpipipe.evaluation.point_spread_figure import PointSource
from mpipipe.evaluation.records import concatenate_records
from mpipipe.evaluation.scene_figure import MarkedScene

GRID, EDGES_MM, EXTENT_MM = 40, [20.0, 20.0], (-10.0, 10.0, -10.0, 10.0)
SMOKE, PAPER = (10.0, 30.0), (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)
TEST = (*PAPER, math.inf)
PHANTOMS = ("lambda", "fork", "background")
CLASSICAL = {"Gridding": 12.0, "Wiener": 17.0, "Richardson-Lucy": 18.0, "TV": 19.0}
RETINAL = "Network (retinal scene)"


def networks(train: tuple[float, ...]) -> list[tuple[str, float]]:
    return [*(("Network", snr) for snr in train), (RETINAL, train[0])]


def psnr(method: str, train: float | None, test: float) -> float:
    """Gridding gains nothing from less noise; a network is best where it was trained at half of the test SNR."""
    level = min(test, 60.0)
    if train is None:
        return CLASSICAL[method] + (0.0 if method == "Gridding" else 0.1 * level)
    return 18.0 + 0.15 * level - 3 * abs(math.log2(2 * train / level)) - (method == RETINAL)


def shift(repetition: int) -> float:
    """What all methods have in common in a repetition of the noise."""
    return 0.3 * math.sin(7.0 * repetition)


def records(
    train: tuple[float, ...] = SMOKE, test: tuple[float, ...] = TEST, repeats: int = 5
) -> pd.DataFrame:
    """λ in a table without phantoms, as studies write it, and two others with the windows of an unseen scene."""
    rows: list[tuple[str, float | None]] = [*((m, None) for m in CLASSICAL), *networks(train)]
    found: list[dict[str, Any]] = []
    for place, (method, snr) in enumerate(rows):
        for level in test:
            for number, phantom in enumerate(("", "fork", "background", "windows")):
                count = 4 if phantom == "windows" else repeats if level < math.inf else 1
                for item in range(count):
                    value = (
                        psnr(method, snr, level) - number + shift(item) + 0.02 * math.cos(3.0 * item + place)
                    )
                    one = {"table": "phantoms" if phantom else "train_vs_test_snr", "phantom": phantom}
                    one |= {"method": method, "train_snr": snr, "test_snr": level, "item": item}
                    found += [one | {"metric": "psnr_db", "value": value}]
                    found += [one | {"metric": "ssim", "value": value / 40}]
    return concatenate_records([pd.DataFrame(found)])


def lines(size: int, segments: list[tuple[float, float, float, float]], width: float) -> Any:
    """Straight vessels between points of the unit square, with a soft edge."""
    x, y = np.meshgrid(*[(np.arange(size) + 0.5) / size] * 2, indexing="ij")
    found = np.zeros((size, size))
    for x0, y0, x1, y1 in segments:
        along = np.clip(
            ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2), 0, 1
        )
        distance = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
        found = np.maximum(found, np.clip((width - distance) * size + 0.5, 0, 1))
    return found.astype(np.float32)


def phantom(name: str, size: int = GRID) -> Any:
    segments = {
        "lambda": [(0.3, 0.85, 0.7, 0.15), (0.5, 0.5, 0.3, 0.15), (0.22, 0.93, 0.25, 0.93)],
        "fork": [(0.5, 0.1, 0.5, 0.5), (0.5, 0.5, 0.25, 0.9), (0.5, 0.5, 0.75, 0.9), (0.62, 0.7, 0.6, 0.9)],
        "background": [(0.15, 0.8, 0.35, 0.8)],
    }[name]
    return lines(size, segments, 0.03)


def blurred(truth: Any, snr: float, seed: int = 0) -> Any:
    """Two images ``(partition, x, y)`` that are blurred along one diagonal more than along the other, in m."""
    rng, found = np.random.default_rng(seed), []
    for side in (1, -1):
        image = sum(
            np.roll(gaussian_filter(truth, 2.0), (k, side * k), (0, 1)) * math.exp(-k * k / 8)
            for k in range(-4, 5)
        )
        noise = gaussian_filter(rng.normal(size=truth.shape), 1.0)
        found.append(image * 1e-3 + (noise * 3e-2 / snr if snr < math.inf else 0))
    return np.stack(found).astype(np.float32)


def estimate(truth: Any, score: float, seed: int = 0) -> Any:
    """A non-negative image whose error has about the PSNR that is asked for."""
    error = gaussian_filter(np.random.default_rng(seed).normal(size=truth.shape), 0.8)
    return np.maximum(truth + error / error.std() * 10 ** (-score / 20), 0).astype(np.float32)


def images(
    train: tuple[float, ...] = SMOKE, test: tuple[float, ...] = (10.0, 20.0, 40.0, math.inf)
) -> tuple[dict[str, Any], dict[str, Any]]:
    rows: list[tuple[str, float | None]] = [*((m, None) for m in CLASSICAL), *networks(train)]
    truth = np.stack([phantom(name) for name in PHANTOMS])
    scores = [[[psnr(m, s, t) - n for t in test] for n in range(len(PHANTOMS))] for m, s in rows]
    found = [
        [
            [estimate(one, value, k) for k, value in enumerate(values)]
            for one, values in zip(truth, row, strict=True)
        ]
        for row in scores
    ]
    arrays = {
        "truth": truth,
        "collinear": np.stack([[blurred(one, t, k) for k, t in enumerate(test)] for one in truth]),
        "images": np.stack([np.stack([np.stack(one) for one in row]) for row in found]),
    }
    described = {
        "phantoms": list(PHANTOMS),
        "methods": [[m, s] for m, s in rows],
        "test_snr": [None if math.isinf(t) else t for t in test],
        "psnr_db": scores,
        "field_of_view_mm": EDGES_MM,
    }
    return arrays, described


def scene(title: str = "coded scene", seed: int = 0, size: int = 240) -> MarkedScene:
    rng = np.random.default_rng(seed)
    found = sum(
        rng.uniform(0.3, 1.0) * lines(size, [tuple(rng.uniform(0, 1, 4))], rng.uniform(0.004, 0.02))
        for _ in range(24)
    )
    extent = (-3.57, 3.57, -3.57, 3.57)
    window = np.array([[0.1, -2.5], [1.8, -1.3], [0.6, 0.4], [-1.1, -0.8]])
    return MarkedScene(title, np.clip(found, 0, 1).astype(np.float32), extent, [window])


def example() -> ModelExample:
    truth = phantom("fork")
    pair = blurred(truth, 20.0)
    pair = pair / pair.mean(axis=0).max()
    return ModelExample((pair[0], pair[1]), estimate(truth, 22.0), truth, EXTENT_MM, 22.04)


def point_source(error: float = 0.01) -> PointSource:
    """Spreads that are 1 at the source, and gridded ones that are too high by `error` of the peak one pixel beside it."""
    place = (np.arange(GRID) - 20) * EDGES_MM[0] / GRID
    x, y = np.meshgrid(place, place, indexing="ij")
    theory = np.stack([1 / (1 + (x + s * y) ** 2 / 4 + (x - s * y) ** 2) for s in (1, -1)])
    gridded = theory.copy()
    gridded[0, 21, 20] += error
    gridded[1, 0, 0] -= 3 * error
    return PointSource(7.5 * gridded, 7.5 * theory, EXTENT_MM, (20, 20))


def tuned(method: str) -> dict[str, Any]:
    """Settings of a method: the middle of three at an SNR of 10, the last of them elsewhere."""
    tried: list[dict[str, float]] = {
        "Gridding": [{}],
        "Wiener": [{"regularization": v, "prior_exponent": 2.0} for v in (1e-3, 1e-2, 1e-1)],
        "Richardson-Lucy": [{"iterations": n} for n in (10, 100, 1000)],
        "TV": [{"weight": v} for v in (1e-4, 1e-3, 1e-2)],
    }[method]
    levels = []
    for snr in (20.0, 10.0, math.inf):
        place = min(1 if snr == 10 else 2, len(tried) - 1)
        candidates = [{"settings": one, "psnr_db": 20.0 - abs(k - place)} for k, one in enumerate(tried)]
        level = {"best": tried[place], "best_psnr_db": 20.0, "candidates": candidates}
        levels.append(level | {"test_snr": None if math.isinf(snr) else snr})
    return {"method": method, "levels": levels}


def trainings(train: tuple[float, ...] = SMOKE) -> list[dict[str, Any]]:
    return [
        {
            "method": method,
            "train_snr": snr,
            "scene": "retinal vessels" if method == RETINAL else "channels",
            "perceptual": "fixed random filters (64 channels, seed 0)",
            "card": _card(15 + snr / 10),
        }
        for method, snr in networks(train)
    ]


def _card(top: float) -> dict[str, Any]:
    losses = [{"step": s, "loss": 2.0 / top / s**0.4} for s in range(10, 401, 10)]
    scores = [{"step": s, "psnr_db": {"val": top - 300 / s}} for s in (100, 200, 300, 400)]
    return {
        "config": {"batch": 8},
        "steps": 400,
        "parameters": 11_365_633,
        "samples_per_s": 25.6,
        "step_samples_per_s": 26.0,
        "loader_samples_per_s": 1600.0,
        "history": losses + scores,
        "best": {"step": 400, "psnr_db": top - 0.75},
    }
