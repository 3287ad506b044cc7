"""Parameter tables and records as Parquet, and small JSON artifacts."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mpipipe.errors import InputError
from mpipipe.storage.atomic import whole, write_text
from mpipipe.storage.limits import JSON_BYTES, TABLE_BYTES, check_claim, check_size, one_line
from mpipipe.storage.manifest import verify

CELL_BYTES = 16
READ_ERRORS = (OSError, ValueError, KeyError, TypeError, NotImplementedError, MemoryError, pa.ArrowException)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, the same bytes for the same table."""
    with whole(path) as partial:
        table.to_parquet(partial, index=False, compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """Read a Parquet table of the run, after a check against its manifest.

    Raises
    ------
    InputError
        When it is missing, changed, no table of numbers and words, or claims more than `TABLE_BYTES`.
    """
    verify(path)
    check_size(path, TABLE_BYTES)
    try:
        with pq.ParquetFile(path) as file:
            _check_table(path, file)
        return pd.read_parquet(path)
    except InputError:
        raise
    except READ_ERRORS as error:
        raise InputError(f"{path}: found {one_line(error)}, expected a Parquet table") from None


def write_json(path: Path, value: object) -> None:
    """Write a small JSON artifact with sorted keys."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Read a small JSON artifact of the run, after a check against its manifest.

    Raises
    ------
    InputError
        When it is missing, changed, larger than `JSON_BYTES`, or not JSON.
    """
    verify(path)
    check_size(path, JSON_BYTES)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, endless digits, or nested without end
        raise InputError(f"{path}: found no JSON ({one_line(error)}), expected a JSON artifact") from None


def _check_table(path: Path, file: pq.ParquetFile) -> None:
    """Refuse columns that are no numbers and no words, and more cells than a bound: runs of one value take no space."""
    schema, metadata = file.schema_arrow, file.metadata
    words = [field.name for field in schema if _is_text(field.type)]
    for field in schema:
        if not (_is_text(field.type) or _is_number(field.type)):
            raise InputError(f"{path}: {one_line(field.name)}: found {field.type}, expected numbers or words")
    check_claim(str(path), metadata.num_rows * metadata.num_columns * CELL_BYTES, TABLE_BYTES)
    # A word is stored once: read as numbered words first, the longest one says what all rows can come to.
    with pq.ParquetFile(path, read_dictionary=words) as numbered:
        for column in numbered.read(columns=words).columns if words else ():
            longest = max((_longest(chunk) for chunk in column.chunks), default=0)
            check_claim(str(path), metadata.num_rows * longest, TABLE_BYTES)


def _longest(numbered: pa.Array) -> int:
    words = numbered.dictionary if pa.types.is_dictionary(numbered.type) else numbered
    return pc.max(pc.binary_length(words)).as_py() or 0


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))
