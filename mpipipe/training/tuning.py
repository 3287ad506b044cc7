"""Tuning of classical methods on the validation split, by the same measure that networks are judged by."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mpipipe.config.baseline import BaselineConfig
from mpipipe.noise.series import BackgroundSeries
from mpipipe.restoration.classical import CLASSICAL, DctFilter, MultiplierCurve, constant_multiplier
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.training.components import NoisyGroup, add_noise, choose_components, psnr_db
from mpipipe.training.source import ComponentSource


@dataclass(frozen=True)
class TunedAt:
    """Tuning at one noise level.

    Attributes
    ----------
    sigma : float
        Standard deviation of the complex noise at max|s| = 1.
    relative_sigma : float
        Median of σ over the noisy images' maxima.
    best : float
        Multiplier with the highest mean PSNR.
    at_edge : bool
        Whether the best of several is the first or last candidate, so that a better one may lie beyond.
    multipliers, psnr_db : tuple of float
        Candidates and their mean PSNR.
    """

    sigma: float
    relative_sigma: float
    best: float
    at_edge: bool
    multipliers: tuple[float, ...]
    psnr_db: tuple[float, ...]


def tune_classical(
    method: str,
    config: BaselineConfig,
    source: ComponentSource,
    background: BackgroundSeries,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Choose the multiplier of a classical method at each noise level.

    Parameters
    ----------
    method : str
        Name in `mpipipe.restoration.classical.CLASSICAL`.
    config : BaselineConfig
        Candidates, noise levels, number of components.
    source : ComponentSource
        Validation split.
    background : BackgroundSeries
        Empty frames of the validation split.
    rng : numpy.random.Generator
        Chooses components and noise.

    Returns
    -------
    dict
        JSON-able artifact with ``method`` and ``levels``, the fields of `TunedAt` for each noise level.
    """
    components = choose_components(source, config.components, rng)
    candidates = CLASSICAL[method].candidates(config)
    levels = []
    for sigma in config.sigmas:
        groups = add_noise(components, background, sigma, rng)
        levels.append(asdict(tune_at(method, candidates, groups, sigma)))
    return {"method": method, "levels": levels}


def tune_at(method: str, candidates: tuple[float, ...], groups: list[NoisyGroup], sigma: float) -> TunedAt:
    """Score each candidate multiplier on noisy components and take the best."""
    build = CLASSICAL[method].build
    scores = [_mean_psnr(build(constant_multiplier(m)), groups, sigma) for m in candidates]
    best = int(np.argmax(scores))
    relative = np.concatenate([sigma / peak_modulus(group.noisy).reshape(-1) for group in groups])
    return TunedAt(
        sigma=sigma,
        relative_sigma=float(np.median(relative)),
        best=candidates[best],
        at_edge=len(candidates) > 1 and best in (0, len(candidates) - 1),
        multipliers=candidates,
        psnr_db=tuple(scores),
    )


def classical_restorer(artifact: dict[str, Any]) -> DctFilter:
    """Return the restorer of an artifact of `tune_classical`."""
    levels = sorted(artifact["levels"], key=lambda level: float(level["relative_sigma"]))
    curve = MultiplierCurve(
        tuple(level["relative_sigma"] for level in levels), tuple(level["best"] for level in levels)
    )
    return CLASSICAL[artifact["method"]].build(curve)


def _mean_psnr(restorer: DctFilter, groups: list[NoisyGroup], sigma: float) -> float:
    scores = [psnr_db(restorer.apply(group.noisy, sigma), group.truth) for group in groups]
    return float(np.mean(np.concatenate(scores)))
