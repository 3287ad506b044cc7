"""Small synthetic inputs of the signal denoising study's tables and figures."""

from typing import Any

import numpy as np
import pandas as pd

from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.studies.signal_denoising_methods import NETWORKS, PROBLEMS, ROWS

LEVEL = {"gaussian": 5.0, "harmonic": 15.0, "system_matrix": 5.0}
GRID, EDGES_MM, TIME, RATE_HZ = 20, [101.0, 101.0], 990, 2.475e6
SMOKE = ("Noisy", "Wiener", "Proposed")


def scores(
    problem: str, method: str, values: Any, *, metric: str = "snr_db", repeat: int | None = None
) -> pd.DataFrame:
    return build_records(
        table=problem, method=method, metric=metric, item=np.arange(len(values)), value=values,
        repeat=repeat, snr_db=LEVEL[problem],
    )  # fmt: skip


def records(methods: tuple[str, ...] = ROWS, problems: tuple[str, ...] = tuple(PROBLEMS)) -> pd.DataFrame:
    """Signals of six items and images of as many, of the system matrix of three."""
    found: list[dict[str, Any]] = []
    for problem in problems:
        for method in methods:
            place = ROWS.index(method)
            snr = 5.0 + place + np.sin(np.arange(6.0)) + 0.1 * np.cos(np.arange(6.0) * (place + 1))
            images = snr[:3] if problem == "system_matrix" else snr
            for metric, values in {
                "snr_db": snr,
                "rmse": 100 * 10 ** (-snr / 20),
                "ssim_global": 1 - 1 / images,
                "ssim": 1 - 2 / images,
                "psnr_db": images + 10,
            }.items():
                one = {"table": problem, "snr_db": LEVEL[problem], "method": method, "metric": metric}
                found += [one | {"item": item, "value": value} for item, value in enumerate(values)]
    return concatenate_records([pd.DataFrame(found)])


def examples(
    methods: tuple[str, ...] = ROWS[1:], items: int = 3, seed: int = 0
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Odd signals of two tones; the k-th method leaves 1/(k + 2) of the noise."""
    rng, t = np.random.default_rng(seed), np.arange(TIME) / TIME
    clean = np.stack([np.sin(20 * np.pi * t) + 0.4 * np.sin((6 + k) * 20 * np.pi * t) for k in range(items)])
    noise = rng.normal(size=clean.shape)
    x, y = np.meshgrid(*[np.linspace(-1, 1, GRID)] * 2, indexing="ij")
    images = np.stack([np.exp(-4 * (x - 0.3 * k) ** 2 - 8 * y**2) for k in range(items)])
    speckle = 0.2 * rng.normal(size=images.shape)
    shares = [1 / (k + 2) for k in range(len(methods))]
    bins = np.arange(TIME // 2 + 1)
    arrays = {
        "clean": 100 * clean,
        "noisy": 100 * (clean + noise),
        "signals": np.stack([100 * (clean + share * noise) for share in shares]),
        "clean_images": 3 * images,
        "noisy_images": 3 * (images + speckle),
        "images": np.stack([3 * (images + share * speckle) for share in shares]),
        "scenes": images,
        "frequency_kHz": 2.5 * bins,
        "clean_spectrum": 10 * np.exp(-bins / 50),
        "noisy_spectrum": 10 * np.exp(-bins / 50) + 1,
        "error_spectra": np.stack([np.full(len(bins), share) for share in shares]),
    }
    described = {"methods": list(methods), "sampling_rate_Hz": RATE_HZ, "field_of_view_mm": EDGES_MM}
    return {name: values.astype(np.float32) for name, values in arrays.items()}, described


def matrices(
    methods: tuple[str, ...] = ROWS, phantoms: int = 4, seed: int = 0
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Imaginary components of two harmonics; the k-th matrix leaves 1/(k + 1) of the noise."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(*[np.linspace(-1, 1, GRID)] * 2, indexing="ij")
    truth = 50j * np.stack([np.cos(n * x) * np.cos(y) for n in (3, 7)])
    noise = 5 * (rng.normal(size=truth.shape) + 1j * rng.normal(size=truth.shape))
    drawn = np.stack([np.exp(-8 * (x - 0.2 * k) ** 2 - 8 * y**2) for k in range(phantoms)])
    speckle = 0.2 * rng.normal(size=drawn.shape)
    shares = [0.0, *(1 / (k + 1) for k in range(len(methods)))]
    arrays = {
        "harmonics": np.stack([truth + share * noise for share in shares]).astype(np.complex64),
        "phantoms": drawn.astype(np.float32),
        "reconstructions": np.stack([0.8 * drawn + share * speckle for share in shares]).astype(np.float32),
    }
    described = {
        "matrices": ["Noise-free", *methods],
        "harmonics": [3, 7],
        "frequency_kHz": [75.0, 175.0],
        "field_of_view_mm": EDGES_MM,
    }
    return arrays, described


def training(problem: str, method: str, best: float = 0.25, steps: int = 300) -> dict[str, Any]:
    """A training whose held-out loss is lowest at its second validation."""
    history: list[dict[str, Any]] = [{"step": 50, "loss": 0.7}]
    held_out = (best + 0.1, best, best + 0.02)
    history += [{"step": steps // 3 * (k + 1), "held_out_loss": loss} for k, loss in enumerate(held_out)]
    card = {
        "config": {"batch": 4, "learning_rate": 1e-4},
        "parameters": 1234567,
        "steps": steps,
        "samples_per_s": 55.25,
        "best": {"step": steps // 3 * 2, "held_out_loss": best},
        "history": history,
    }
    return {"problem": problem, "method": method, "card": card}


def trainings() -> list[dict[str, Any]]:
    """Every network of every problem, in another order than that of rows."""
    return [training(problem, method) for method in NETWORKS[::-1] for problem in PROBLEMS]


def tuned() -> list[dict[str, Any]]:
    settings: dict[str, dict[str, Any]] = {
        "Wiener (subspace)": {"noise_factor": 1.5, "rank": 300},
        "Wavelets": {"wavelet": "sym8", "level": 4, "fold": True},
        "Folded period": {},
    }
    edges = {"Wiener (subspace)": ["rank"]}
    return [
        {"problem": problem, "method": method, "settings": own, "loss": 0.3, "edge": edges.get(method, [])}
        for problem in ("harmonic", "gaussian")
        for method, own in settings.items()
    ]
