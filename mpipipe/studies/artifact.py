"""One job of the DAG and what it is made from."""

from dataclasses import dataclass
from typing import Any

from mpipipe.config.base import Section


@dataclass(frozen=True)
class Artifact:
    """One job of the DAG.

    Attributes
    ----------
    job : str
        Module in ``mpipipe.cli.jobs``.
    noun : str
        Stage that the job belongs to.
    path : str
        Main artifact, relative to the working directory.
    settings : dict
        Fields of the job's recipe beside the shared head.
    inputs : tuple of str
        Paths of the artifacts that it reads.
    """

    job: str
    noun: str
    path: str
    settings: dict[str, Any]
    inputs: tuple[str, ...] = ()


def dump(section: Section) -> dict[str, Any]:
    """Return a section of the parameters as a recipe holds it."""
    return section.model_dump(mode="json")
