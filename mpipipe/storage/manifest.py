"""Manifests: a small JSON beside every heavy artifact that says what it is and what made it."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from mpipipe.config.base import Section
from mpipipe.config.recipe import digest
from mpipipe.errors import InputError
from mpipipe.storage.atomic import write_text

RECORDED_VERSIONS = ("mpipipe", "numpy", "scipy", "numba", "torch", "zarr")


class Manifest(Section):
    """Identity of an artifact.

    Attributes
    ----------
    artifact : str
        Name of the file or directory beside the manifest.
    content : str
        SHA-256 over the artifact's bytes (of a directory: over names and bytes of its files).
    recipe : dict
        All that the artifact was made from: parameters, seed, digest of the code, provenance of its inputs.
    provenance : str
        Digest of the recipe.
    description : dict
        Shapes, dtypes, units and whatever else a reader should know.
    versions : dict of str
        Versions of the libraries that computed it.
    """

    artifact: str
    content: str
    recipe: dict[str, Any]
    provenance: str
    description: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)


def manifest_path(artifact: Path) -> Path:
    """Return where the manifest of an artifact lies: the same name with ``.manifest.json``."""
    return artifact.with_name(artifact.name + ".manifest.json")


def content_digest(artifact: Path) -> str:
    """Return the SHA-256 of a file, or of the sorted names and digests of a directory's files.

    Files whose name begins with ``.snakemake`` are bookkeeping and do not count.
    """
    if artifact.is_file():
        with artifact.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    total = hashlib.sha256()
    for file in sorted(p for p in artifact.rglob("*") if p.is_file() and not p.name.startswith(".snakemake")):
        total.update(file.relative_to(artifact).as_posix().encode() + b"\0" + content_digest(file).encode())
    return total.hexdigest()


def write_manifest(artifact: Path, recipe: dict[str, Any], description: dict[str, Any]) -> Manifest:
    """Write the manifest of a whole artifact beside it and return it."""
    manifest = Manifest(
        artifact=artifact.name,
        content=content_digest(artifact),
        recipe=recipe,
        provenance=digest(recipe),
        description=description,
        versions={name: version(name) for name in RECORDED_VERSIONS},
    )
    text = json.dumps(manifest.model_dump(mode="json"), indent=1, sort_keys=True, allow_nan=False)
    write_text(manifest_path(artifact), text + "\n")
    return manifest


def read_manifest(path: Path) -> Manifest:
    """Read a manifest file.

    Raises
    ------
    InputError
        When it is missing or does not hold a manifest.
    """
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: found no manifest, expected one beside the artifact") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(f"{path}: {where}: found {first['msg'].lower()}, expected a manifest") from None


def verify(artifact: Path) -> Manifest:
    """Return the manifest of an artifact after comparing the artifact's bytes with it.

    Raises
    ------
    InputError
        When artifact or manifest is missing, or the bytes are not those that the manifest names.
    """
    if not artifact.exists():
        raise InputError(
            f"{artifact}: found nothing, expected an artifact of the run (run snakemake, or make pull)"
        )
    manifest = read_manifest(manifest_path(artifact))
    found = content_digest(artifact)
    if found != manifest.content:
        raise InputError(
            f"{artifact}: found content {found[:12]}, expected {manifest.content[:12]} "
            "(truncated or changed; remove it and run again)"
        )
    return manifest
