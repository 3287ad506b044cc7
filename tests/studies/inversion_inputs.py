"""Small synthetic inputs of the inversion study's tables and figures."""

from typing import Any

import numpy as np
import pandas as pd

from mpipipe.evaluation.column_figure import Columns
from mpipipe.evaluation.line_images import Pattern
from mpipipe.evaluation.neighbour_figure import NeighbourSignals
from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.evaluation.system_function_figure import SystemFunctions
from mpipipe.studies.inversion_learning_figures import LearningCurve
from mpipipe.studies.inversion_methods import LINEAR, MULTI, SINGLE, Training

NORMALISATION = {"SGD": "feature_scale", "Adam": "feature_scale"}
SIZES, DIAMETERS, UNITS = (700, 3000, 30000), (20.0, 30.0, 35.0, 40.0, 50.0), (110, 121, 123, 200)
X = np.linspace(-16.0, 16.0, 33)


def trainings() -> list[Training]:
    """Sweeps of sizes, diameters and hidden units with two optimisers, and one linear network."""
    found = [Training(LINEAR, "Adam", 40.0, 30000, 0)]
    for optimiser in ("Adam", "SGD"):
        found += [Training(SINGLE, optimiser, 40.0, size, 0) for size in SIZES]
        found += [Training(MULTI, optimiser, 40.0, 30000, units) for units in UNITS]
        found += [Training(SINGLE, optimiser, diameter, 30000, 0) for diameter in DIAMETERS]
        found += [Training(MULTI, optimiser, diameter, 30000, 200) for diameter in DIAMETERS]
    return list(dict.fromkeys(found))


def errors(training: Training, *, test: Any = None, train: float | None = None) -> pd.DataFrame:
    """Records of one training: errors of test scenes, and the mean over training scenes."""
    common: dict[str, Any] = {
        "table": "mse",
        "method": training.method,
        "metric": "mse",
        "diameter_nm": training.diameter_nm,
        "n_train": training.n_train,
        "hidden_units": training.hidden_units,
        "optimiser": training.optimiser,
    }
    parts = []
    if test is not None:
        parts.append(build_records(item=np.arange(len(test)), value=test, split="test", **common))
    if train is not None:
        parts.append(build_records(item=0, value=train, split="train", **common))
    return concatenate_records(parts)


def records(found: list[Training] | None = None) -> pd.DataFrame:
    """Errors of five test scenes, lower for larger particles, more scenes and more units."""
    parts = []
    for one in trainings() if found is None else found:
        level = 10 ** (-one.diameter_nm / 10) * (30000 / one.n_train) / (1 + one.hidden_units)
        spread = np.array([0.8, 0.9, 1.0, 1.1, 1.2])
        parts.append(errors(one, test=2 * level * spread, train=level))
    return concatenate_records(parts)


def regularised(
    method: str, values: Any, *, diameter_nm: float = 40.0, snr_db: float = np.inf, split: str = "test"
) -> pd.DataFrame:
    return build_records(
        table="regularised", method=method, metric="mse", item=np.arange(len(values)), value=values,
        diameter_nm=diameter_nm, snr_db=snr_db, split=split,
    )  # fmt: skip


def comparisons() -> pd.DataFrame:
    """Four methods, three diameters and four noise levels."""
    methods = ("Truncated SVD", "Tikhonov", SINGLE, MULTI)
    return concatenate_records(
        [
            regularised(
                method,
                (place + 1) * (10 ** (-d / 10) + 10 ** (-snr / 10)) * np.array([0.9, 1.0, 1.1]),
                diameter_nm=d,
                snr_db=snr,
            )
            for place, method in enumerate(methods)
            for d in (20.0, 30.0, 40.0)
            for snr in (20.0, 30.0, 40.0, np.inf)
        ]
    )


def curve(training: Training, points: int = 20) -> LearningCurve:
    epoch = np.arange(1, points + 1)
    train = 0.2 * np.exp(-epoch * training.diameter_nm / 100)
    return LearningCurve(training, epoch, train, 1.2 * train)


def curves() -> list[LearningCurve]:
    return [curve(training) for training in trainings()]


def patterns(names: tuple[str, ...] = ("random", "stripes", "letters")) -> list[Pattern]:
    """Patterns of 10, 20 and 30 rows; the second network leaves twice the error of the first."""
    rng, labels = np.random.default_rng(0), ("Single-layer, 30 nm, 30000 scenes", "Multi-layer\n123 units")
    found = []
    for number, name in enumerate(names, 1):
        truth = (rng.random((10 * number, X.size)) < 0.5).astype(np.float64)
        noise = rng.normal(size=truth.shape)
        found.append(
            Pattern(name, truth, {label: truth + 0.1 * k * noise for k, label in enumerate(labels, 1)})
        )
    return found


def columns(count: int = 60) -> Columns:
    """Polynomials from their recursion; one network has them with a factor, the other one bends them."""
    z = X / 16
    polynomials = [np.ones_like(z), 2 * z]
    while len(polynomials) < count:
        polynomials.append(2 * z * polynomials[-1] - polynomials[-2])
    chebyshev = np.stack(polynomials[:count])
    weights = {"Single-layer": -3 * chebyshev, "Single-layer (linear)": chebyshev * (1 + z**2)}
    steps = np.arange(count)
    similarity = {name: 1 - steps / (100.0 * k) for k, name in enumerate(weights, 1)}
    return Columns(X, chebyshev, weights, similarity | {"Exact inverse": 1 - steps / 1000})


def neighbours() -> NeighbourSignals:
    """Lorentzians whose width goes down with the third power of the diameter: 1.25 mm at 30 nm."""
    position = np.linspace(-2, 2, 101)
    diameter = np.linspace(20, 50, 31)
    signals = {
        d: sum(1 / (1 + ((position - p) / (0.625 * (30 / d) ** 3)) ** 2) for p in (-0.125, 0.125))
        for d in (50.0, 30.0)
    }
    return NeighbourSignals(position, (-0.125, 0.125), signals, diameter, 1.25 * (30 / diameter) ** 3)


def system() -> SystemFunctions:
    harmonic, shown = np.arange(1, 41), (2, 5, 20)
    functions = {d: np.stack([d * np.cos(k * X / 8) for k in shown]) for d in (30.0, 40.0)}
    spectra = {d: -d * np.exp(-harmonic * 3 / d) for d in (40.0, 30.0)}
    return SystemFunctions(harmonic, spectra, X, shown, functions)


def card() -> dict[str, Any]:
    return {
        "parameters": 25800,
        "config": {"batch": 100, "learning_rate": 1e-3, "epochs": 60},
        "best": {"epoch": 58, "validation_mse": 1.3e-5},
        "seconds": 12.34,
    }
