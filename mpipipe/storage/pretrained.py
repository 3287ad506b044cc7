"""Prepared restorers that come with the package, or from a finished run: cards, weights, tuned parameters."""

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mpipipe.config.recipe import canonical_json
from mpipipe.config.restoration import ObservationConfig
from mpipipe.config.restorer_card import RestorerCard, tasks_of
from mpipipe.config.train import TrainConfig
from mpipipe.errors import InputError
from mpipipe.storage.atomic import whole
from mpipipe.storage.manifest import Manifest, manifest_path, verify
from mpipipe.storage.tables import read_json

if TYPE_CHECKING:
    import torch

LARGEST_BYTES = 30_000_000
"""Most that the shipped folder may hold, so that the package stays small."""


def pretrained_folder() -> Path:
    """Return the folder of the restorers that come with the package."""
    return Path(str(files("mpipipe"))) / "pretrained"


def tuned_digest(tuned: object) -> str:
    """Return the SHA-256 of tuned parameters as canonical JSON."""
    return hashlib.sha256(canonical_json(tuned).encode()).hexdigest()


def read_cards(folder: Path | None = None) -> list[RestorerCard]:
    """Read the cards of a folder, by default of the package's own, sorted by file name.

    Raises
    ------
    InputError
        When there is none, or one is not a card or does not fit its tuned parameters.
    """
    folder = pretrained_folder() if folder is None else folder
    cards = [_read_card(path) for path in sorted(folder.glob("*.json"))]
    if not cards:
        raise InputError(
            f"{folder}: found no cards, expected prepared restorers (`mpipipe ship` writes them)"
        )
    return cards


def read_prepared(path: Path) -> RestorerCard:
    """Read the card of weights, or of tuned parameters, by a path to them.

    Parameters
    ----------
    path : Path
        Weights ``….safetensors`` or tuned parameters ``….json``: of a finished run with its manifest beside it, or of a
        shipped folder with its card.

    Raises
    ------
    InputError
        When the file is missing, has neither card nor manifest, was changed, or does not restore system matrices.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: found no file, expected weights (.safetensors) or tuned parameters (.json)"
        )
    if manifest_path(path).is_file():
        manifest = verify(path)
        return _card_of_run(path, manifest)
    card = path.with_suffix(".json")
    if not card.is_file():
        raise InputError(
            f"{path}: found neither {card.name} nor {manifest_path(path).name} beside it, expected a card or a manifest"
        )
    return _read_card(card)


def read_card_weights(card: RestorerCard, folder: Path | None = None) -> "dict[str, torch.Tensor]":
    """Read the weights that a card names, after a check against its digest.

    Raises
    ------
    InputError
        When they are missing, too large, damaged, or not those of the card.
    """
    from mpipipe.storage.weights import check_safetensors, read_safetensors

    path = (pretrained_folder() if folder is None else folder) / str(card.file)
    if not path.is_file():
        raise InputError(f"{path}: found no file, expected the weights of its card")
    check_safetensors(path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != card.content:
        raise InputError(f"{path}: found content {found[:12]}, expected {card.content[:12]} as its card says")
    return read_safetensors(path)


def _read_card(path: Path) -> RestorerCard:
    try:
        card = RestorerCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(f"{path}: {where}: found {first['msg'].lower()}, expected a card") from None
    if card.tuned is not None and tuned_digest(card.tuned) != card.content:
        raise InputError(
            f"{path}: tuned: found other parameters, expected those of its digest {card.content[:12]}"
        )
    return card


def _card_of_run(path: Path, manifest: Manifest) -> RestorerCard:
    recipe = manifest.recipe
    learned = "train" in recipe
    try:
        observation = ObservationConfig.model_validate(recipe["observation"])
        tuned: dict[str, Any] | None = None if learned else read_json(path)
        described = manifest.description.get("card", {})
        return RestorerCard(
            method=recipe["method"],
            problem=recipe["problem"],
            tasks=tasks_of(observation),
            # What was not tuned does the same in a plane and in a volume.
            dimensions=(recipe["dimension"],) if tuned is None or tuned["levels"] else (2, 3),
            observation=observation,
            train=TrainConfig.model_validate(recipe["train"]) if learned else None,
            tuned=tuned,
            file=path.name if learned else None,
            content=manifest.content if learned else tuned_digest(tuned),
            parameters=described.get("parameters"),
            scale=recipe["scale"],
            seed=described.get("seed", recipe["seed"]),
            provenance=manifest.provenance,
            versions=manifest.versions,
        )
    except (KeyError, ValidationError):
        raise InputError(
            f"{path}: found a manifest of {recipe.get('noun', 'something')!r}, expected a method of the restoration study"
        ) from None


def write_prepared(folder: Path, files: dict[str, bytes]) -> None:
    """Write a folder of prepared restorers whole; what it held is replaced.

    Parameters
    ----------
    folder : Path
        Folder.
    files : dict of bytes
        Contents by file name.

    Raises
    ------
    InputError
        When the folder holds other things than prepared restorers.
    """
    foreign = [path.name for path in folder.glob("*") if path.suffix not in (".json", ".md", ".safetensors")]
    if foreign or (folder.exists() and not folder.is_dir()):
        found = foreign[0] if foreign else "a file"
        raise InputError(f"{folder}: found {found}, expected a folder of prepared restorers or none")
    with whole(folder) as partial:
        partial.mkdir()
        for name, data in sorted(files.items()):
            (partial / name).write_bytes(data)
