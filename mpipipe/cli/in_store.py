"""Ensembles that this machine reads in an object store: here lie their manifests alone, and the ledger vouches for them."""

import os
from pathlib import Path

from mpipipe.errors import InputError
from mpipipe.storage.atomic import write_bytes
from mpipipe.storage.location import ENSEMBLES_VARIABLE, located, readable
from mpipipe.storage.manifest import manifest_path
from mpipipe.studies.plan import Plan

ENSEMBLES_NOUN = "simulate"


def in_store(plan: Plan, name: str) -> bool:
    """Return whether a name is of the ensembles, and the machine reads these in an object store."""
    return name.startswith(f"{plan.data}/{ENSEMBLES_NOUN}") and bool(os.environ.get(ENSEMBLES_VARIABLE))


def stages_here(plan: Plan) -> list[str]:
    """Return the stages to pull: all but the ensembles where an object store has them; none named means all."""
    if not os.environ.get(ENSEMBLES_VARIABLE):
        return []
    return sorted({artifact.noun for artifact in plan.artifacts.values()} - {ENSEMBLES_NOUN})


def take_manifests(plan: Plan) -> None:
    """Write the manifests of the ensembles that are not here, as the committed dvc.lock records them.

    Raises
    ------
    InputError
        When DVC cannot read them, or one that lies here already is another.
    """
    parts = _not_here(plan)
    if not parts:
        return
    from dvc.api import DVCFileSystem  # slow to import, and only this needs it

    with readable("dvc.lock", "manifests of the ensembles that DVC can read"):
        ledger = DVCFileSystem(rev="HEAD")
        recorded = {manifest_path(part): ledger.cat_file(str(manifest_path(part))) for part in parts}
    for path, content in recorded.items():
        if not path.exists():
            write_bytes(path, content)
        elif path.read_bytes() != content:
            raise InputError(
                f"{path}: found another manifest than dvc.lock records, expected the same: remove it"
            )


def refuse_in_store(plan: Plan) -> None:
    """Refuse to write the ledger where ensembles lie in an object store alone: it records what is here.

    Raises
    ------
    InputError
        Names the first part that is not here.
    """
    parts = _not_here(plan)
    if parts:
        raise InputError(
            f"{ENSEMBLES_VARIABLE}: found {len(parts)} part(s) in the object store alone ({parts[0]}), expected them here "
            "to be recorded: run snakemake itself, or unset the variable and run 'mpipipe pull'"
        )


def _not_here(plan: Plan) -> list[Path]:
    return [part for part in map(Path, plan.targets(ENSEMBLES_NOUN)) if located(part) != part]
