"""DVC as ledger over Snakemake's DAG: run a stage, adopt pulled artifacts, record a finished run."""

import os
import subprocess
import sys
from pathlib import Path

import typer

from mpipipe.cli.provenance import ADOPTING, refuse_unproven
from mpipipe.config.params import load_params
from mpipipe.errors import InputError
from mpipipe.storage.atomic import remove
from mpipipe.storage.manifest import manifest_path
from mpipipe.studies.plan import Plan

PROFILE_VARIABLE = "MPIPIPE_PROFILE"
LOCAL_PROFILE = "workflow/profiles/local"


def run_stage(noun: str) -> int:
    """Run one stage's jobs with Snakemake and return its exit status.

    Artifacts without provenance are refused first, so that no stale one is ever locked; artifacts that the plan no
    longer holds are removed afterwards, so that the ledger sees what a clean run would leave.
    """
    plan = Plan(load_params(Path("params.yaml")))
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


def adopt_artifacts() -> None:
    """Mark the artifacts as up to date for Snakemake if the ledger vouches for all of them.

    Raises
    ------
    InputError
        When `dvc status` is not clean, or a manifest does not name the recipe that the parameters and the code give.
    """
    state = _dvc("status", capture=True)
    if "up to date" not in state:
        reason = " ".join(state.split())[:200]
        raise InputError(f"dvc status: found changes ({reason}), expected none: undo edits and pull again")
    plan = Plan(load_params(Path("params.yaml")))
    _require_expected(plan)
    if _snakemake(
        "--workflow-profile", LOCAL_PROFILE, "--quiet", "all", "--touch", "--forceall", adopting=True
    ):
        raise InputError("snakemake --touch: found an error (above), expected it to mark all artifacts")
    typer.echo(f"adopted the artifacts of scale {plan.params.scale}: nothing to do")


def _require_expected(plan: Plan) -> None:
    from mpipipe.storage.manifest import read_manifest

    for path in plan.artifacts:
        if path.startswith(plan.data):
            found = read_manifest(manifest_path(Path(path))).provenance
            if found != plan.provenance(path):
                raise InputError(f"{path}: found provenance {found}, expected {plan.provenance(path)}")


def record_run() -> None:
    """Write the workspace into dvc.lock if Snakemake has nothing to do; inside a DVC stage do nothing.

    Raises
    ------
    InputError
        When `snakemake -n` would run jobs, or an artifact has no provenance here.
    """
    if "DVC_STAGE" in os.environ:
        return
    plan = Plan(load_params(Path("params.yaml")))
    refuse_unproven(Path(plan.data))
    dry = _run(["snakemake", "--dry-run", "--quiet", "rules"], capture=True)
    if "Nothing to be done" not in dry:
        raise InputError("snakemake -n: found jobs to run, expected none: finish the run first")
    for noun in {artifact.noun for artifact in plan.artifacts.values()}:
        remove_leftovers(plan, noun)
    _dvc("commit", "--force", capture=False)
    typer.echo("recorded in dvc.lock; next: git add dvc.lock results, git commit, dvc push")


def _snakemake(*arguments: str, adopting: bool = False) -> int:
    environment = os.environ | ({ADOPTING: "1"} if adopting else {})
    return subprocess.run([_tool("snakemake"), *arguments], check=False, env=environment).returncode


def _dvc(*arguments: str, capture: bool) -> str:
    return _run(["dvc", *arguments], capture=capture)


def _run(command: list[str], capture: bool) -> str:
    done = subprocess.run(
        [_tool(command[0]), *command[1:]],
        check=False,
        text=True,
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.STDOUT if capture else None,
    )
    if done.returncode != 0:
        raise InputError(
            f"{' '.join(command)}: found exit status {done.returncode}, expected 0 {done.stdout or ''}"
        )
    return done.stdout or ""


def _tool(name: str) -> str:
    """Return a program of this Python's environment, or its bare name."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else name
