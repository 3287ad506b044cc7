"""Provenance: does what Snakemake recorded belong to the artifact that lies there.

Snakemake compares a job's parameters with the metadata of its last run, and says nothing where there is none. So an
artifact that came by another way (`dvc pull`, a copy) could pass for fresh. Each manifest names the provenance of
its artifact, each rule's parameters hold the recipe that gives this provenance; the two must agree.
"""

import ast
import base64
import json
from collections.abc import Iterator
from pathlib import Path

from mpipipe.config.recipe import digest
from mpipipe.errors import InputError
from mpipipe.storage.manifest import read_manifest

METADATA = Path(".snakemake/metadata")
LOCKS = Path(".snakemake/locks")
INCOMPLETE = Path(".snakemake/incomplete")
ADOPTING = "MPIPIPE_ADOPTING"  # set while pulled artifacts are being marked, when none has provenance yet


def unproven(data: Path) -> Iterator[Path]:
    """Yield the manifests below `data` that Snakemake's metadata do not vouch for.

    Parameters
    ----------
    data : Path
        Folder of the artifacts, relative to the working directory, as the rules name it.
    """
    for path in sorted(data.rglob("*.manifest.json")):
        interrupted = (INCOMPLETE / _record_name(path)).exists()  # Snakemake itself runs these again
        if not interrupted and read_manifest(path).provenance not in _recorded_provenance(path):
            yield path


def refuse_unproven(data: Path) -> None:
    """Refuse to go on when an artifact below `data` has no provenance here.

    Raises
    ------
    InputError
        Names the first such artifact and how to go on.
    """
    found = list(unproven(data))
    if found:
        raise InputError(
            f"{found[0]}: found {len(found)} artifact(s) that no run here recorded, expected provenance: "
            "undo edits and run 'make pull' (or 'mpipipe adopt'), or remove them to have them rebuilt"
        )


def refuse_concurrent() -> None:
    """Refuse to go on while Snakemake holds this folder: what a run is about to write belongs to nobody yet.

    Raises
    ------
    InputError
        Names the lock and how to go on.
    """
    locks = sorted(LOCKS.glob("*"))
    if locks:
        raise InputError(
            f"{locks[0]}: found Snakemake's lock, expected no run in progress: wait for it, "
            "or run 'snakemake --unlock' if it was killed"
        )


def _recorded_provenance(path: Path) -> set[str]:
    """Return the digests of the recipes among the recorded parameters of an output."""
    try:
        parameters = json.loads((METADATA / _record_name(path)).read_text(encoding="utf-8"))["params"]
    except (FileNotFoundError, KeyError, json.JSONDecodeError):
        return set()
    return {digest(recipe) for recipe in map(_recipe_of, parameters) if recipe is not None}


def _recipe_of(parameter: str) -> object:
    """Return the recipe in a recorded parameter (Snakemake stores the repr of its text), or None."""
    try:
        return json.loads(ast.literal_eval(parameter))
    except (ValueError, SyntaxError, TypeError):
        return None


def _record_name(path: Path) -> str:
    return base64.urlsafe_b64encode(path.as_posix().encode()).decode()
