"""Manifests: a small JSON beside every heavy artifact that says what it is and what made it."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Any

from pydantic import Field, ValidationError

from mpipipe.config.base import Section
from mpipipe.config.recipe import digest
from mpipipe.errors import InputError
from mpipipe.storage.atomic import write_text
from mpipipe.storage.limits import JSON_BYTES, check_claim, one_line

RECORDED_VERSIONS = ("mpipipe", "numpy", "scipy", "numba", "torch", "zarr")
DAMAGED = "truncated or changed; 'mpipipe verify --rebuild' has it made again"
BOOKKEEPING = ".snakemake"  # begins the names of files that Snakemake leaves in a directory


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
    seal : str
        Digest of all of the above, so that a changed byte of the manifest itself is found; empty in one without.
    """

    artifact: str
    content: str
    recipe: dict[str, Any]
    provenance: str
    description: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    seal: str = ""


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
    files = [path for path in artifact.rglob("*") if path.is_file()]
    return directory_digest({file.relative_to(artifact): content_digest(file) for file in files})


def directory_digest(files: Mapping[PurePath, str]) -> str:
    """Return the SHA-256 of a directory from the digests of its files by their names in it."""
    total = hashlib.sha256()
    for name in sorted(files):
        if not name.name.startswith(BOOKKEEPING):
            total.update(name.as_posix().encode() + b"\0" + files[name].encode())
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
    fields = json.loads(json.dumps(manifest.model_dump(mode="json"), allow_nan=False))
    fields["seal"] = _seal(fields)
    write_text(manifest_path(artifact), json.dumps(fields, indent=1, sort_keys=True) + "\n")
    return Manifest.model_validate(fields)


def _seal(fields: dict[str, Any]) -> str:
    """Return the digest of a manifest as its JSON holds it, without the seal itself."""
    return digest({name: value for name, value in fields.items() if name != "seal"})


def _seal_of(content: bytes) -> str | None:
    """Return the seal that the bytes of a manifest should have; None where they hold NaN or endless digits."""
    try:
        return _seal(json.loads(content))
    except (ValueError, RecursionError):
        return None


def read_manifest(path: Path) -> Manifest:
    """Read a manifest file.

    Raises
    ------
    InputError
        When it is missing or does not hold a manifest.
    """
    try:
        check_claim(str(path), path.stat().st_size, JSON_BYTES)
        return parse_manifest(path, path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: found no manifest, expected one beside the artifact") from None
    except OSError as error:
        raise InputError(f"{path}: found {error.strerror}, expected a manifest") from None


def parse_manifest(place: Path | str, content: bytes) -> Manifest:
    """Return the manifest in the bytes of a file; `place` names the file in the error."""
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(
            f"{place}: {where}: found {one_line(first['msg']).lower()}, expected a manifest ({DAMAGED})"
        ) from None
    if manifest.seal and manifest.seal != _seal_of(content):
        raise InputError(f"{place}: found another content than its seal {manifest.seal} names ({DAMAGED})")
    return manifest


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
    require_content(artifact, content_digest(artifact), manifest)
    return manifest


def require_content(
    artifact: Path | str,
    found: str,
    manifest: Manifest,
    remedy: str = "'mpipipe verify --rebuild' has it made again",
) -> None:
    """Refuse an artifact whose content digest is not the one that its manifest names."""
    if found != manifest.content:
        raise InputError(
            f"{artifact}: found content {found[:12]}, expected {manifest.content[:12]} "
            f"(truncated or changed; {remedy})"
        )
