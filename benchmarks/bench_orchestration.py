"""What the DAG costs beside its jobs: planning, calls with nothing to do, and the overhead of a job.

- *Plan*: all artifacts with their recipes, in this process. Floor: the digests of the same recipes.
- *DAG*: ``snakemake --dry-run`` in an empty folder, of the studies and of an ensemble with 1000 parts.
  Floor: a Snakefile of one rule with as many jobs, an input and an output each.
- *Overhead of a job*: a run of many of the smallest jobs on one core less its dry run, over their number. Floor: the same of jobs
  that only make a file. What is above it starts Python, imports, checks digests and writes a manifest.
- *Nothing to do*: ``snakemake -n`` and ``dvc repro`` in a finished checkout, which ``--checkout FOLDER`` or the environment
  variable MPIPIPE_CHECKOUT names; left out without. Floor: Snakemake without jobs, DVC with one stage. Of the finished run,
  by its longest log: wall time against the jobs' own seconds over the cores.

Times are wall times of whole calls, the shortest of several in turn; beside them the time on a core, which other work on the
machine lengthens less.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from benchmarks.finished_run import longest_log, read_run
from benchmarks.report import show
from benchmarks.row import Row
from benchmarks.timing import best
from mpipipe.config.params import load_params
from mpipipe.config.recipe import digest
from mpipipe.studies.plan import Plan

TITLE = "Orchestration"
ROOT = Path(__file__).parents[1]
CHECKOUT = "MPIPIPE_CHECKOUT"
PARTS, TRIVIAL = 1000, 8
SNAKEMAKE = ("snakemake", "--cores", "1", "--nolock", "--quiet", "all")
PLAIN = """
rule all:
    input: expand("made/{{i}}", i=range({jobs}))
rule table:
    output: "table"
    shell: "touch {{output}}"
rule one:
    input: "table"
    output: "made/{{i}}"
    shell: "touch {{output}}"
"""
STAGE = "stages:\n  one:\n    cmd: touch made\n    outs: [made]\n"


def rows(quick: bool) -> Iterator[Row]:
    """Yield the plan; unless quick, the DAG, the overhead of a job, and calls with nothing to do."""
    yield plan_row("smoke" if quick else "laptop")
    if quick:
        return
    yield plan_row("paper")
    with tempfile.TemporaryDirectory() as folder:
        for scale in ("laptop", "paper"):
            yield dag_row(f"DAG of all studies, {scale}", Path(folder), {"scale": scale}, "all", repeats=1)
        yield parts_row(Path(folder), PARTS)
        yield job_row(Path(folder))
    yield from finished_rows(os.environ.get(CHECKOUT))


# -------------------------------------------------------------------------------------------------- calls


@dataclass(frozen=True)
class Cost:
    """Of a call: wall time, time on a core, s, and what it printed."""

    wall: float
    core: float
    text: str = ""


def call(command: Sequence[str | Path], folder: Path) -> Cost:
    """Run a command in a folder; what it prints is shown where it fails."""
    used, wall = on_a_core(), time.perf_counter()
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False)
    cost = Cost(time.perf_counter() - wall, on_a_core() - used, done.stdout + done.stderr)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {cost.text[-2000:]}")
    return cost


def on_a_core() -> float:
    """Return the time on a core that ended calls took, s."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def least(costs: Sequence[Cost]) -> Cost:
    """Return the shortest times of several calls."""
    return Cost(min(cost.wall for cost in costs), min(cost.core for cost in costs), costs[0].text)


def pair(
    ours: Sequence[str | Path], floor: Sequence[str | Path], here: Path, there: Path, repeats: int
) -> tuple[Cost, Cost]:
    """Return the costs of two calls that are made in turn."""
    both = [(call(ours, here), call(floor, there)) for _ in range(repeats)]
    mine, other = zip(*both, strict=True)
    return least(mine), least(other)


def plain(folder: Path, jobs: int) -> Path:
    """Write a Snakefile of one rule with many jobs, in a folder of its own, and return that."""
    own = folder / f"plain-{jobs}"
    own.mkdir(exist_ok=True)
    (own / "Snakefile").write_text(PLAIN.format(jobs=jobs), encoding="utf-8")
    return own


def studies(folder: Path, config: dict[str, object]) -> list[str | Path]:
    """Return the call of Snakemake on the studies, in a folder, with what is laid over params.yaml."""
    file = folder / "config.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    return [*SNAKEMAKE, "--snakefile", ROOT / "Snakefile", "--directory", folder, "--configfile", file, "--"]


# -------------------------------------------------------------------------------------------------- plan and DAG


def plan_row(scale: str) -> Row:
    """Return the row of the plan of a scale."""
    params = load_params(ROOT / "params.yaml", scale)

    def planned() -> list[str]:
        plan = Plan(params)
        return [plan.recipe(path) for path in plan.artifacts]

    recipes = [json.loads(text) for text in planned()]
    seconds, floor = best(planned, lambda: [digest(recipe) for recipe in recipes], repeats=3)
    return Row(
        subject=f"plan and recipes of {scale}, {len(recipes)} jobs",
        seconds=seconds,
        floor="digests of the recipes",
        floor_seconds=floor,
        bound_by="pydantic's dumps of the settings, digests",
        more={"a job": f"{1e3 * seconds / len(recipes):.2f} ms"},
    )


def dag_row(
    subject: str,
    folder: Path,
    config: dict[str, object],
    target: str,
    *,
    jobs: int | None = None,
    repeats: int,
) -> Row:
    """Return the row of a dry run of the studies."""
    count = (
        len(Plan(load_params(ROOT / "params.yaml", str(config["scale"]))).artifacts) if jobs is None else jobs
    )
    own = plain(folder, count)
    ours = [*studies(folder, config), target]
    mine, floor = pair(
        [*ours[:1], "--dry-run", *ours[1:]], ["snakemake", "--dry-run", *SNAKEMAKE[1:]], folder, own, repeats
    )
    return Row(
        subject=f"{subject}, {count} jobs",
        seconds=mine.wall,
        floor="Snakemake, as many jobs of one rule",
        floor_seconds=floor.wall,
        bound_by="Snakemake's imports and DAG"
        if mine.wall < 2 * floor.wall
        else "plan, recipes and their digests",
        more={"on a core": f"{mine.core:.1f} s", "a job": f"{1e3 * mine.wall / count:.2f} ms"},
    )


def parts_row(folder: Path, jobs: int) -> Row:
    """Return the row of an ensemble with many parts of one matrix."""
    sizes = {"many": {"dimension": 2, "train": jobs, "val": 1, "test": 2}}
    smoke = {"sample": {"ensembles": sizes}, "simulate": {"matrices_per_part": 1}}
    config = {"scale": "smoke", "scales": {"smoke": smoke}}
    row = dag_row("DAG of an ensemble in parts", folder, config, "stage_simulate", jobs=jobs, repeats=1)
    largest = getrusage(RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return replace(row, more={**row.more, "peak memory": f"{largest / 1e9:.1f} GB"})


def job_row(folder: Path) -> Row:
    """Return the row of the overhead of a job."""
    sizes = {f"e{n}": {"dimension": 2, "train": 1, "val": 1, "test": 2} for n in range(TRIVIAL)}
    config = {"scale": "smoke", "scales": {"smoke": {"sample": {"ensembles": sizes}}}}
    known = len(load_params(ROOT / "params.yaml", "smoke").sample.ensembles)
    own = folder / "jobs"
    own.mkdir()
    ours, there = [*studies(own, config), "stage_sample"], plain(folder, TRIVIAL)
    dry, floor_dry = pair(
        [*ours[:1], "--dry-run", *ours[1:]], ["snakemake", "--dry-run", *SNAKEMAKE[1:]], own, there, 1
    )
    run, floor_run = pair(ours, SNAKEMAKE, own, there, 1)
    count = TRIVIAL + known
    return Row(
        subject=f"overhead of a job, of {count} that draw small tables",
        seconds=(run.wall - dry.wall) / count,
        floor="jobs that make a file",
        floor_seconds=(floor_run.wall - floor_dry.wall) / (TRIVIAL + 1),
        bound_by="start of Python, imports of NumPy, pandas and pyarrow",
        more={"on a core": f"{(run.core - dry.core) / count:.2f} s"},
    )


# -------------------------------------------------------------------------------------------------- a finished checkout


def finished_rows(checkout: str | None) -> Iterator[Row]:
    """Yield calls with nothing to do in a finished checkout, and what its run left idle."""
    if not checkout or not (Path(checkout) / "dvc.lock").is_file():
        print(f"{CHECKOUT}: names no finished checkout; calls with nothing to do are left out", flush=True)
        return
    here = Path(checkout).resolve()
    with tempfile.TemporaryDirectory() as folder:
        empty = plain(Path(folder), 0)
        yield idle_call_row("`snakemake -n`", ["snakemake", "--dry-run"], "without jobs", here, empty)
        call(["dvc", "init", "--no-scm", "--quiet"], empty)
        (empty / "dvc.yaml").write_text(STAGE, encoding="utf-8")
        call(["dvc", "repro", "--quiet"], empty)
        yield idle_call_row("`dvc repro`", ["dvc", "repro"], "DVC with one stage", here, empty)
    if list((here / ".snakemake/log").glob("*.log")):
        run = read_run(longest_log(here))
        yield Row(
            subject=f"finished run, {len(run.jobs)} jobs on {run.cores} cores",
            seconds=run.wall,
            floor="the jobs' own seconds over the cores",
            floor_seconds=run.held / run.cores,
            bound_by="jobs",
            more={"no job runs": f"{run.alone:.0f} s", "cores idle": f"{run.idle_share:.1%}"},
        )


def idle_call_row(name: str, command: Sequence[str], floor: str, here: Path, there: Path) -> Row:
    """Return the row of a call that finds nothing to do."""
    mine, other = pair(command, command, here, there, 2)
    for sign in ("rule ", "Running stage"):
        if sign in mine.text:
            raise RuntimeError(f"{name}: found jobs to do in {here}, expected a finished checkout")
    return Row(
        subject=f"{name}, nothing to do",
        seconds=mine.wall,
        floor=floor,
        floor_seconds=other.wall,
        bound_by="imports, params.yaml" if "snakemake" in name else "DVC's YAML reader",
        more={"on a core": f"{mine.core:.1f} s"},
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkout", help="finished checkout")
    options = parser.parse_args()
    if options.checkout:
        os.environ[CHECKOUT] = options.checkout
    show(TITLE, rows(quick=False))
