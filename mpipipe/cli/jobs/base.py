"""What all jobs share: the head of a recipe, and the manifest at the end."""

from pathlib import Path
from typing import Any

from pydantic import Field

from mpipipe.config.base import Section
from mpipipe.config.seeds import derive_seed
from mpipipe.storage.manifest import write_manifest


class JobRecipe(Section):
    """Head of every recipe.

    Attributes
    ----------
    noun : str
        Stage that the job belongs to.
    scale : str
        Scale in force.
    code : str
        Digest of the source files that the job uses.
    seed : int
        Seed of ``params.yaml``.
    inputs : dict of str
        Provenance of each input artifact, by name.
    """

    noun: str
    scale: str
    code: str
    seed: int
    inputs: dict[str, str] = Field(default_factory=dict)

    def derive_seed(self, *keys: str | int) -> int:
        """Derive the seed of one draw from the project's seed, the scale, and what the draw is for."""
        return derive_seed(self.seed, self.scale, *keys)


def inputs_in(recipe: JobRecipe, folder: str, prefix: str = "") -> list[Path]:
    """Return the input artifacts in ``data/<scale>/<folder>/…`` whose name begins with `prefix`, in order."""
    found = [Path(name) for name in recipe.inputs]
    return sorted(p for p in found if p.parts[2] == folder and p.name.startswith(prefix))


def finish(artifact: Path, recipe: JobRecipe, description: dict[str, Any]) -> None:
    """Write the manifest of an artifact that is whole."""
    write_manifest(artifact, recipe.model_dump(mode="json"), description)
