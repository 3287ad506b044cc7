"""Tuning of classical methods on the validation split, by the same measure that networks are judged by."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mpipipe.config.baseline import BaselineConfig
from mpipipe.config.restoration import ObservationConfig
from mpipipe.noise.series import BackgroundSeries
from mpipipe.restoration.classical import CLASSICAL
from mpipipe.restoration.method import Restorer
from mpipipe.restoration.multiplier import MultiplierCurve, constant_multiplier
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.restoration.observation import Observed
from mpipipe.training.components import ObservedGroup, choose_components, observe_groups, psnr_db
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
    observation: ObservationConfig,
    source: ComponentSource,
    background: BackgroundSeries,
    rng: np.random.Generator,
    dimension: int = 2,
) -> dict[str, Any]:
    """Choose the multiplier of a classical method at each noise level.

    Parameters
    ----------
    method : str
        Name in `mpipipe.restoration.classical.CLASSICAL`.
    config : BaselineConfig
        Candidates, noise levels, number of components.
    observation : ObservationConfig
        What is measured of a component.
    source : ComponentSource
        Validation split.
    background : BackgroundSeries
        Empty frames of the validation split.
    rng : numpy.random.Generator
        Chooses components and noise.
    dimension : int
        2 or 3 spatial axes, which decides how many components are tuned on.

    Returns
    -------
    dict
        JSON-able artifact with ``method`` and ``levels``, the fields of `TunedAt` for each noise level; no level
        for a method that has nothing to tune.
    """
    candidates = CLASSICAL[method].candidates(config)
    if not candidates:
        return {"method": method, "levels": []}
    count = config.components if dimension == 2 else config.components_3d
    components = choose_components(source, count, rng)
    levels = []
    for sigma in config.sigmas:
        groups = observe_groups(components, background, observation, sigma, rng)
        levels.append(asdict(tune_at(method, candidates, groups, sigma)))
    return {"method": method, "levels": levels}


def tune_at(method: str, candidates: tuple[float, ...], groups: list[ObservedGroup], sigma: float) -> TunedAt:
    """Score each candidate multiplier on observed components and take the best."""
    entry = CLASSICAL[method]
    if entry.completion is not None:
        groups = [_completed(group, entry.completion, sigma) for group in groups]
    scores = [_mean_psnr(entry.build(constant_multiplier(m)), groups, sigma) for m in candidates]
    best = int(np.argmax(scores))
    relative = np.concatenate([sigma / peak_modulus(group.observed.values).reshape(-1) for group in groups])
    return TunedAt(
        sigma=sigma,
        relative_sigma=float(np.median(relative)),
        best=candidates[best],
        at_edge=len(candidates) > 1 and best in (0, len(candidates) - 1),
        multipliers=candidates,
        psnr_db=tuple(scores),
    )


def classical_restorer(artifact: dict[str, Any]) -> Restorer:
    """Return the restorer of an artifact of `tune_classical`."""
    levels = sorted(artifact["levels"], key=lambda level: float(level["relative_sigma"]))
    curve = MultiplierCurve(
        tuple(level["relative_sigma"] for level in levels), tuple(level["best"] for level in levels)
    )
    return CLASSICAL[artifact["method"]].restorer(curve)


def _completed(group: ObservedGroup, completion: Restorer, sigma: float) -> ObservedGroup:
    """Return components with what the untuned first part of a method makes of them: it is done once a noise level."""
    values = group.observed.restored_by(completion, sigma)
    return ObservedGroup(group.truth, Observed(values, None, group.observed.grid))


def _mean_psnr(restorer: Restorer, groups: list[ObservedGroup], sigma: float) -> float:
    scores = [psnr_db(group.observed.restored_by(restorer, sigma), group.truth) for group in groups]
    return float(np.mean(np.concatenate(scores)))
