"""Measured parts as they are kept: what was timed, when and on which machine."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.machine import headline
from benchmarks.row import Row


@dataclass(frozen=True)
class Part:
    """Rows of one part.

    Attributes
    ----------
    title, about : str
        Heading, and what the part measures and which floors it has.
    machine : mapping of str to str
        From `machine.describe`.
    date : str
        Day of the run.
    seconds : float
        Time that the measurement took, s.
    rows : tuple of Row
        Figures.
    """

    title: str
    about: str
    machine: Mapping[str, str]
    date: str
    seconds: float
    rows: tuple[Row, ...]

    @property
    def origin(self) -> str:
        """Machine and day in a few words."""
        return f"{headline(self.machine)}, {self.date}"


def read(path: Path) -> dict[str, Part]:
    """Return the parts of a file by name; none where there is no file."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {
        name: Part(**part | {"rows": tuple(Row(**row) for row in part["rows"])})
        for name, part in kept.items()
    }


def as_json(parts: Mapping[str, Part]) -> str:
    """Return parts as the text of a file."""
    text = json.dumps({name: asdict(part) for name, part in parts.items()}, indent=2, ensure_ascii=False)
    return text + "\n"
