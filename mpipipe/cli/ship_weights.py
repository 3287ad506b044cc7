"""Verb ``ship``: the prepared restorers of a finished run, as the package carries them."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from mpipipe.cli.jobs.restorers import open_restorer
from mpipipe.config.params import Params, load_params
from mpipipe.config.restoration import Problem
from mpipipe.config.restorer_card import HeldOutScore, RestorerCard, TrainingData
from mpipipe.config.seeds import derive_seed
from mpipipe.errors import InputError
from mpipipe.noise.series import BackgroundSeries
from mpipipe.restorers.card_page import card_page
from mpipipe.storage.ensemble import EnsembleReader
from mpipipe.storage.pretrained import LARGEST_BYTES, read_prepared, write_prepared
from mpipipe.storage.series import read_series
from mpipipe.studies.names import slug
from mpipipe.studies.plan import Plan
from mpipipe.studies.restoration_plan import STUDY
from mpipipe.training.components import (
    ObservedGroup,
    choose_components,
    observe_groups,
    psnr_db,
    strongest_components,
)
from mpipipe.training.source import ComponentArrays

NOT_FOR_USE = "(shifted grid)"
"""Methods that are off by a shift, and stand in the tables for comparison only."""
COMPONENTS = {2: 500, 3: 100}
"""Components of the validation split, drawn at random, that all methods of a problem are scored on."""
STRONGEST = {2: 12, 3: 16}
"""Strongest components of each of its matrices that they are scored on as well: most components are weak and of high
order, while an image is made of the strong ones first."""

Validation = dict[float, list[ObservedGroup]]
"""Components with noise, by noise level."""


def ship(run: Path, out: Path) -> None:
    """Write cards, weights and tuned parameters of a run's restoration study, and a page of them.

    The same run gives the same bytes. Every method of a problem is scored on the same components of the validation split, some
    drawn at random and the strongest of each matrix; the best mean of both over the problem's noise levels is the default, and
    the best classical one is what the cards compare with. Scores
    on the test split are those of the study's summary. Of a network the first training is taken.

    Parameters
    ----------
    run : Path
        Folder of a finished run: ``params.yaml``, ``data/<scale>``, ``results/<scale>``.
    out : Path
        Folder to write; what it held is replaced.

    Raises
    ------
    InputError
        When the run is not whole, or its networks are larger than a package should carry.
    """
    params = load_params(run / "params.yaml")
    scores = _summary(run / f"results/{params.scale}/{STUDY}/summary.csv")
    files: dict[str, bytes] = {}
    cards: list[RestorerCard] = []
    for name, problem in params.restoration.problems.items():
        typer.echo(f"{name}: scoring {len(problem.methods)} methods on the validation split")
        own = _cards(run, params, name, scores[scores["table"] == problem.table])
        for card, path in own:
            cards.append(card)
            files[f"{_stem(card)}.json"] = _json(card)
            if card.file is not None:
                files[card.file] = path.read_bytes()
    files["README.md"] = card_page(cards).encode()
    size = sum(map(len, files.values()))
    if size > LARGEST_BYTES:
        raise InputError(
            f"{run}: found restorers of {size / 1e6:.1f} MB, expected at most {LARGEST_BYTES / 1e6:.0f} MB"
        )
    write_prepared(out, files)
    typer.echo(f"wrote {len(cards)} restorers, {size / 1e6:.1f} MB, to {out}")


def _cards(run: Path, params: Params, name: str, scores: pd.DataFrame) -> list[tuple[RestorerCard, Path]]:
    """Return the cards of a problem and the files they were made from, in the order of the table."""
    plan, problem = Plan(params).restoration, params.restoration.problems[name]
    paths = {
        method: run / path
        for method, path in plan.prepared_methods(name).items()
        if not method.endswith(NOT_FOR_USE)
    }
    drawn, strongest = (
        {method: _scored(path, groups) for method, path in paths.items()}
        for groups in _validation(run, params, name)
    )
    mean = {
        method: float(np.mean([*drawn[method].values(), *strongest[method].values()])) for method in paths
    }
    best = max(mean, key=lambda method: mean[method])
    classical = [method for method in paths if not plan.is_learned(name, method)]
    baseline = max(classical, key=lambda method: mean[method]) if classical else None
    test = partial(_test_scores, scores, f"{plan.ensembles.size(problem.ensemble).dimension}D", problem)
    cards = []
    for method, path in paths.items():
        card = read_prepared(path)
        changed = {
            "file": f"{_stem(card)}.safetensors" if card.train is not None else None,
            "data": _data(params, problem),
            "validation_psnr_db": _rounded(drawn[method]),
            "strongest_psnr_db": _rounded(strongest[method]),
            "test": test(method),
            "baseline": baseline,
            "baseline_test": () if baseline is None else test(baseline),
            "default": method == best,
        }
        cards.append((card.model_copy(update=changed), path))
    return cards


def _rounded(levels: Mapping[float, float]) -> dict[str, float]:
    return {f"{sigma:g}": round(value, 2) for sigma, value in levels.items()}


def _validation(run: Path, params: Params, name: str) -> tuple[Validation, Validation]:
    """Return components of the validation split, drawn at random, and the strongest of its matrices."""
    problem, ensembles = params.restoration.problems[name], Plan(params).restoration.ensembles
    source = EnsembleReader([run / path for path in ensembles.parts(problem.ensemble, "val")])
    frames = BackgroundSeries(*read_series(run / ensembles.background(problem.ensemble, "val")))
    rng = np.random.default_rng(derive_seed(params.seed, params.scale, "ship", name))
    dimension = ensembles.size(problem.ensemble).dimension

    def with_noise(components: ComponentArrays) -> Validation:
        return {
            sigma: observe_groups(components, frames, problem.observation, sigma, rng)
            for sigma in problem.sigmas
        }

    drawn = with_noise(choose_components(source, COMPONENTS[dimension], rng))
    return drawn, with_noise(strongest_components(source, STRONGEST[dimension]))


def _scored(path: Path, groups: Validation) -> dict[float, float]:
    """Return the mean PSNR of a prepared method over components, by noise level."""
    restorer = open_restorer(path)
    return {
        sigma: float(
            np.mean(
                np.concatenate(
                    [psnr_db(group.observed.restored_by(restorer, sigma), group.truth) for group in own]
                )
            )
        )
        for sigma, own in groups.items()
    }


def _test_scores(
    scores: pd.DataFrame, dimension: str, problem: Problem, method: str
) -> tuple[HeldOutScore, ...]:
    rows = scores[(scores["method"] == method) & (scores["dimension"] == dimension)]
    rows = rows[rows["size_bin"].isin(["", "all"]) & rows["region"].isin(["", "all"])]
    if problem.observation.factor > 1:
        rows = rows[rows["factor"] == problem.observation.factor]
    found = []
    for sigma in problem.sigmas:
        at = {row["metric"]: row for row in rows[rows["sigma"] == sigma].to_dict("records")}
        if not {"psnr_db", "ssim"} <= set(at):
            raise InputError(
                f"summary.csv: found no scores of {method} at σ = {sigma:g}, expected psnr_db and ssim"
            )
        psnr, ssim = at["psnr_db"], at["ssim"]
        found.append(
            HeldOutScore(
                sigma=sigma,
                psnr_db=round(psnr["mean"], 3),
                psnr_db_std=None if pd.isna(psnr["std"]) else round(psnr["std"], 3),
                ssim=round(ssim["mean"], 4),
                n=psnr["n"],
            )
        )
    return tuple(found)


def _data(params: Params, problem: Problem) -> TrainingData:
    sample, size = params.sample, params.sample.ensembles[problem.ensemble]
    return TrainingData(
        ensemble=problem.ensemble,
        size=size,
        grid_size=size.grid_limits(sample.calibration),
        particle=sample.particle,
        scanner=sample.scanner,
        calibration=sample.calibration,
    )


def _summary(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected the summary of the restoration study")
    table = pd.read_csv(path)
    return table.assign(size_bin=table["size_bin"].fillna(""), region=table["region"].fillna(""))


def _stem(card: RestorerCard) -> str:
    return f"{card.problem}.{slug(card.method)}"


def _json(card: RestorerCard) -> bytes:
    text = json.dumps(
        card.model_dump(mode="json", exclude_none=True), indent=1, sort_keys=True, ensure_ascii=False
    )
    return f"{text}\n".encode()
