"""Verb ``measured``: methods on test matrices with relaxation, and with a measured receive chain."""

import logging
from pathlib import Path

import pandas as pd
import typer

from mpipipe.cli.measured_methods import all_there, open_prepared, table_lines, write_figure
from mpipipe.config.params import Params
from mpipipe.config.recipe import digest
from mpipipe.config.seeds import derive_seed
from mpipipe.config.sources import code_digest
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.records import concatenate_records
from mpipipe.evaluation.tables import csv_text
from mpipipe.noise.series import BackgroundSeries
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.storage.atomic import write_text
from mpipipe.storage.manifest import content_digest, manifest_path, read_manifest
from mpipipe.storage.receive_chain import read_transfer_function
from mpipipe.storage.series import read_series
from mpipipe.storage.tables import read_table
from mpipipe.studies.measured_figures import chain_result
from mpipipe.studies.plan import Plan
from mpipipe.studies.robustness import (
    RECEIVE_CHAIN,
    Physics,
    gain_summary,
    relaxations,
    score_physics,
    silent_below,
)

LOG = logging.getLogger(__name__)
CHAIN_FILE = "receive_chain/preclinical_transfer_function.h5"
PURPOSE, REFERENCE = "measured receive chain", "DCT-F"


def score_receive_chain(folder: Path, out: Path, params: Params) -> list[str]:
    """Write ``robustness.csv``, ``.png`` and ``.svg``; returns the lines of the page, none where the run is not there.

    Conditions, matrices, components and noise are those of the run's own figure, and the measured receive chain.
    """
    config, plan = params.restoration.robustness, Plan(params)
    ensemble = params.restoration.problems[config.problem].ensemble
    table, empty = Path(plan.ensembles.table(ensemble)), Path(plan.ensembles.background(ensemble, "test"))
    if not (folder / CHAIN_FILE).is_file():
        typer.echo(f"{PURPOSE}: left out, found no {folder / CHAIN_FILE} (`mpipipe fetch` downloads it)")
        return []
    prepared = open_prepared(params, config.problem, PURPOSE)
    if prepared is None or not all_there([table, empty], PURPOSE):
        return []
    if REFERENCE not in prepared.methods:
        typer.echo(f"{PURPOSE}: left out, restoration.problems.{config.problem} has no method {REFERENCE!r}")
        return []
    chain = read_transfer_function(folder / CHAIN_FILE)
    scored = score_physics(
        read_table(table).query("split == 'test'").head(config.matrices),
        {**relaxations(config), RECEIVE_CHAIN: Physics(transfer_function=silent_below(chain))},
        BackgroundSeries(*read_series(empty)),
        prepared.methods,
        simulate=params.simulate,
        sigma=config.sigma,
        components=params.restoration.problems[config.problem].components,
        seed_of=lambda matrix: derive_seed(params.seed, params.scale, "robustness", ensemble, matrix),
    )
    records: list[pd.DataFrame] = []
    spread = {}
    for one in scored:
        records.append(one.records)
        spread[one.name] = one.phase_spread
        LOG.info("%s: scored, phase spread %.2g", one.name, one.phase_spread)
    inputs = {str(path): read_manifest(manifest_path(path)).provenance for path in (table, empty)}
    recipe = {"chain": content_digest(folder / CHAIN_FILE), "methods": prepared.provenance, "inputs": inputs}
    recipe |= {"robustness": config.model_dump(mode="json"), "code": code_digest(__name__)}
    provenance = Provenance(scale=params.scale, digest=digest(recipe), seed=params.seed)
    gains = gain_summary(concatenate_records(records), REFERENCE)
    write_text(out / "robustness.csv", csv_text(gains))
    result = chain_result(gains, spread, _text(chain, params), provenance)
    wide = gains.pivot_table(index="method", columns="condition", values="mean", sort=False)[list(spread)]
    return [
        "## Physics that training never saw, with a measured receive chain",
        "",
        *write_figure(out, result, params.figures.dpi),
        *table_lines(wide.reset_index()),
    ]


def _text(chain: TransferFunction, params: Params) -> str:
    low, high = chain.frequency_Hz[0], chain.frequency_Hz[-1]
    config = params.restoration.robustness
    return (
        f"Methods trained and tuned at scale {params.scale} on particles in equilibrium and an ideal receive chain, on "
        f"{config.matrices} test matrices simulated anew with other physics, σ = {config.sigma:g}; paired differences of PSNR to "
        f"tuned DCT-F with 95 % intervals. The receive chain is the transfer function of a preclinical scanner, measured from "
        f"{low / 1e3:g} kHz to {high / 1e6:g} MHz and taken as silent below. It multiplies each component by one complex number, "
        "with which every method commutes; what changes is which components are strong enough to be kept, and so which are drawn."
    )
