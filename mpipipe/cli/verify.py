"""Verb ``verify``: is every artifact of a run still what its manifest says, byte by byte."""

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import track

from mpipipe.cli.in_store import in_store
from mpipipe.cli.provenance import refuse_concurrent
from mpipipe.config.params import load_params
from mpipipe.config.recipe import digest
from mpipipe.errors import InputError
from mpipipe.storage.atomic import remove
from mpipipe.storage.manifest import manifest_path, verify
from mpipipe.studies.plan import Plan


def verify_run(params: Path, scale: str | None, *, rebuild: bool) -> None:
    """Compare every artifact of the plan that is here with its manifest, and tell which ones are damaged.

    Ensembles in an object store are compared when a job reads them.

    Parameters
    ----------
    params : Path
        Parameter file of the project.
    scale : str, optional
        Scale of the run, else the one in force. The run of another scale lies in ``runs/<scale>``.
    rebuild : bool
        Remove what is damaged with its manifest, so that the next run makes it again.

    Raises
    ------
    InputError
        When something is damaged and not to be removed, or a run is at work on what is to be removed.
    """
    in_force = load_params(params).scale
    plan = Plan(load_params(params, scale or in_force))
    folder = Path() if plan.params.scale == in_force else Path("runs", plan.params.scale)
    if not folder.is_dir():
        raise InputError(f"{folder}: found no folder, expected the run of this scale")
    with chdir(folder):
        if rebuild:
            refuse_concurrent()
        here = [Path(path) for path in plan.artifacts if _is_here(plan, path)]
        damaged = dict(damages(here))
        for artifact, reason in damaged.items():
            typer.echo(reason)
            if rebuild:
                remove(artifact)
                remove(manifest_path(artifact))
    told = f"{len(here)} of {len(plan.artifacts)} artifacts are here"
    if damaged and not rebuild:
        raise InputError(
            f"verify: {told}, found {len(damaged)} damaged (above), expected none: 'mpipipe verify --rebuild' removes "
            "them, and the next run makes them again"
        )
    removed = f", {len(damaged)} removed (above): the next run makes them again" if damaged else ""
    typer.echo(f"{told}, {len(here) - len(damaged)} whole{removed}")


def damages(artifacts: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each artifact that is not what its manifest says, with a line that names it; show a progress bar."""
    for artifact in track(artifacts, "verify", console=Console(stderr=True), transient=True):
        try:
            manifest = verify(artifact)
            if digest(manifest.recipe) != manifest.provenance:
                raise InputError(
                    f"{manifest_path(artifact)}: found another recipe than its provenance {manifest.provenance} names"
                )
        except InputError as error:
            yield artifact, str(error)


def _is_here(plan: Plan, path: str) -> bool:
    return Path(path).exists() or (manifest_path(Path(path)).exists() and not in_store(plan, path))
