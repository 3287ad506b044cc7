"""DVC as ledger over Snakemake's DAG: run a stage, pull and adopt artifacts, record a finished run.

A verb that takes artifacts over proves them first, and refuses with one line where it cannot. Until all is proven it
writes nothing.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

from mpipipe.cli.in_store import in_store, refuse_in_store, stages_here, take_manifests
from mpipipe.cli.provenance import ADOPTING, refuse_concurrent, refuse_unproven
from mpipipe.config.params import load_params
from mpipipe.errors import InputError
from mpipipe.storage.atomic import remove
from mpipipe.storage.location import verify_artifact
from mpipipe.storage.manifest import manifest_path
from mpipipe.studies.plan import Plan

PARAMS = Path("params.yaml")
PROFILE_VARIABLE = "MPIPIPE_PROFILE"
LOCAL_PROFILE = "workflow/profiles/local"


def run_stage(noun: str) -> int:
    """Run one stage's jobs with Snakemake and return its exit status.

    Artifacts without provenance are refused first, so that no stale one is ever locked; artifacts that the plan no
    longer holds are removed afterwards, so that the ledger sees what a clean run would leave.
    """
    plan = Plan(load_params(PARAMS))
    refuse_in_store(plan)
    refuse_unproven(Path(plan.data))
    profile = os.environ.get(PROFILE_VARIABLE, LOCAL_PROFILE)
    status = _snakemake("--workflow-profile", profile, f"stage_{noun}")
    if status == 0:
        remove_leftovers(plan, noun)
    return status


def remove_leftovers(plan: Plan, noun: str) -> None:
    """Remove artifacts of a stage that the plan does not hold any more, such as a part too many."""
    kept = {Path(path) for path in plan.targets(noun)}
    for manifest in sorted(Path(plan.data, noun).rglob("*.manifest.json")):
        artifact = manifest.with_name(manifest.name.removesuffix(".manifest.json"))
        if artifact not in kept:
            typer.echo(f"removing {artifact}, which params.yaml no longer asks for", err=True)
            remove(artifact)
            remove(manifest_path(artifact))


def pull_artifacts() -> None:
    """Fetch the artifacts that dvc.lock names, and adopt them.

    Raises
    ------
    InputError
        When parameters or code are not those of dvc.lock (the pulled artifacts would belong to others), when a run is
        in progress, or when DVC cannot fetch them; otherwise as `adopt_artifacts`.
    """
    plan = Plan(load_params(PARAMS))
    refuse_concurrent()
    folders = (plan.data, plan.results)
    _require_none(change for change in _changes() if not change.startswith(folders))
    waited_for = sys.stderr.isatty()  # somebody who waits sees its progress
    _run(["dvc", "pull", *stages_here(plan)], capture=not waited_for)
    adopt_artifacts()


def adopt_artifacts() -> None:
    """Mark the artifacts as up to date for Snakemake if the ledger vouches for all of them.

    Raises
    ------
    InputError
        When a run is in progress, `dvc status` is not clean, an artifact is not what its manifest names, or a manifest
        does not name the recipe that the parameters and the code give.
    """
    plan = Plan(load_params(PARAMS))
    refuse_concurrent()
    take_manifests(plan)
    _require_none(change for change in _changes() if not in_store(plan, change))
    _require_expected(plan)
    _run(
        ["snakemake", "--workflow-profile", LOCAL_PROFILE, "--quiet", "all", "--touch", "--forceall"],
        adopting=True,
    )
    typer.echo(f"adopted the artifacts of scale {plan.params.scale}: nothing to do")


def record_run() -> None:
    """Write the workspace into dvc.lock if Snakemake has nothing to do; inside a DVC stage do nothing.

    Raises
    ------
    InputError
        When a run is in progress, `snakemake -n` would run jobs, or an artifact has no provenance here or is not what
        its manifest names.
    """
    if "DVC_STAGE" in os.environ:
        return
    plan = Plan(load_params(PARAMS))
    refuse_concurrent()
    refuse_in_store(plan)
    refuse_unproven(Path(plan.data))
    dry = _run(["snakemake", "--dry-run", "--rerun-incomplete", "--quiet", "rules"])
    if "Nothing to be done" not in dry.stdout + dry.stderr:
        raise InputError("snakemake -n: found jobs to run, expected none: finish the run first")
    _require_expected(plan)
    for noun in {artifact.noun for artifact in plan.artifacts.values()}:
        remove_leftovers(plan, noun)
    _run(["dvc", "commit", "--force"])
    typer.echo("recorded in dvc.lock; next: git add dvc.lock results, git commit, dvc push")


def _changes() -> Iterator[str]:
    """Yield what `dvc status` calls changed, one phrase each that begins with the file's name."""
    for stage, entries in json.loads(_run(["dvc", "status", "--json"]).stdout).items():
        for entry in entries:
            if isinstance(entry, str):
                yield f"{entry} of stage {stage}"
                continue
            for name, how in (pair for files in entry.values() for pair in files.items()):
                yield f"{name} {how}" if isinstance(how, str) else f"{name} {', '.join(how)} modified"


def _require_none(changes: Iterable[str]) -> None:
    found = list(dict.fromkeys(changes))
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise InputError(
            f"dvc status: found changes since dvc.lock ({found[0]}){more}, expected none: "
            "undo edits and run 'make pull', or run 'dvc repro'"
        )


def _require_expected(plan: Plan) -> None:
    """Refuse an artifact whose bytes are not its manifest's, or whose manifest is not of these parameters and code."""
    for path in plan.artifacts:
        found = verify_artifact(Path(path)).provenance
        if found != plan.provenance(path):
            raise InputError(
                f"{path}: found provenance {found}, expected {plan.provenance(path)}: "
                "parameters or code are not those that made it; run 'dvc repro'"
            )


def _snakemake(*arguments: str) -> int:
    return subprocess.run([_tool("snakemake"), *arguments], check=False).returncode


def _run(
    command: list[str], capture: bool = True, adopting: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a program that must succeed; `capture=False` leaves what it writes to the terminal."""
    stream = subprocess.PIPE if capture else None
    done = subprocess.run(
        [_tool(command[0]), *command[1:]],
        check=False,
        text=True,
        stdout=stream,
        stderr=stream,
        env=os.environ | ({ADOPTING: "1"} if adopting else {}),
    )
    if done.returncode != 0:
        words = " ".join((done.stderr or "its reason is above").split())
        raise InputError(
            f"{' '.join(command[:2])}: found exit status {done.returncode}, expected 0 ({words[-300:]})"
        )
    return done


def _tool(name: str) -> str:
    """Return a program of this Python's environment, or its bare name."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else name
