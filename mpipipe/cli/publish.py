"""Copies of the ensembles in an object store, from which trainings and evaluations read them in place."""

from pathlib import Path

import typer

from mpipipe.config.params import load_params
from mpipipe.errors import InputError
from mpipipe.storage.location import connect, readable, remote_digest
from mpipipe.storage.manifest import BOOKKEEPING, Manifest, manifest_path, verify
from mpipipe.studies.plan import Plan


def publish_ensembles(store: str, params: Path) -> None:
    """Copy the ensembles of the scale in force below a URL, each with its manifest, under the names that they have here.

    A part that is there already with the same bytes is left alone. Any other is removed, copied, and read back before its
    manifest follows, so that nothing half-copied passes for whole.

    Parameters
    ----------
    store : str
        URL such as ``s3://bucket/prefix``.
    params : Path
        Parameters whose plan names the ensembles.

    Raises
    ------
    InputError
        When `store` is no URL or cannot be written, or a part is missing or changed here.
    """
    if "://" not in store:
        raise InputError(f"store: found {store!r}, expected a URL such as s3://bucket/prefix")
    plan = Plan(load_params(params))
    parts = [Path(path) for path in plan.targets("simulate")]
    for number, part in enumerate(parts, start=1):
        manifest, target = verify(part), f"{store.rstrip('/')}/{part.as_posix()}"
        with readable(target, "an object store that can be written"):
            done = "there already" if _is_there(target, manifest) else _copy(part, target, manifest)
            system, root = connect(f"{target}.manifest.json")
            system.put_file(str(manifest_path(part)), root)
        typer.echo(f"{target}: {done} ({number} of {len(parts)})")


def _is_there(target: str, manifest: Manifest) -> bool:
    system, root = connect(target)
    system.invalidate_cache()
    return bool(system.exists(root)) and remote_digest(target) == manifest.content


def _copy(part: Path, target: str, manifest: Manifest) -> str:
    system, root = connect(target)
    for old in (f"{root}.manifest.json", root):
        if system.exists(old):
            system.rm(old, recursive=True)
    files = [p for p in sorted(part.rglob("*")) if p.is_file() and not p.name.startswith(BOOKKEEPING)]
    system.put(list(map(str, files)), [f"{root}/{file.relative_to(part).as_posix()}" for file in files])
    if not _is_there(target, manifest):
        raise InputError(f"{target}: found other bytes than were sent, expected the same: publish it again")
    return f"copied {sum(file.stat().st_size for file in files) / 1e6:.1f} MB"
