"""Parameter tables and records as Parquet, and small JSON artifacts."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from mpipipe.errors import InputError
from mpipipe.storage.atomic import whole, write_text
from mpipipe.storage.manifest import verify


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, the same bytes for the same table."""
    with whole(path) as partial:
        table.to_parquet(partial, index=False, compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """Read a Parquet table of the run, after a check against its manifest."""
    verify(path)
    return pd.read_parquet(path)


def write_json(path: Path, value: object) -> None:
    """Write a small JSON artifact with sorted keys."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Read a small JSON artifact of the run, after a check against its manifest.

    Raises
    ------
    InputError
        When it is missing, changed, or not JSON.
    """
    verify(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: found no JSON ({error}), expected a JSON artifact") from None
