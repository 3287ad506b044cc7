"""Bounds on what a file may hold, checked before it is read: a hostile file costs no more than they say."""

from pathlib import Path

from mpipipe.errors import InputError

KIB, MIB, GIB = 2**10, 2**20, 2**30
JSON_BYTES = 64 * MIB
WEIGHTS_BYTES = 4 * GIB
WEIGHTS_HEADER_BYTES = 4 * MIB
TABLE_BYTES = 4 * GIB
ARRAYS_BYTES = 64 * GIB


def check_size(path: Path, limit: int) -> int:
    """Return the bytes of a file, or of all files of a directory, after a comparison with a bound.

    Parameters
    ----------
    path : Path
        File, or directory of files; whatever is neither (a pipe, a device) would never end and is refused.
    limit : int
        Largest total in bytes.

    Raises
    ------
    InputError
        When there is anything but files and directories, or more than `limit` bytes.
    """
    size = 0
    for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if one.is_file():
            size += one.stat().st_size
        elif not one.is_dir():
            raise InputError(f"{one}: found neither file nor directory, expected files")
    if size > limit:
        raise InputError(f"{path}: found {size} bytes, expected at most {limit}")
    return size


def check_claim(where: str, claimed: int, limit: int) -> None:
    """Refuse a size that a header claims, before memory is taken for it.

    Raises
    ------
    InputError
        When `claimed` bytes are more than `limit`.
    """
    if claimed > limit:
        raise InputError(f"{where}: found a claim of {claimed} bytes, expected at most {limit}")


def one_line(error: object, length: int = 120) -> str:
    """Return the text of an error on one line, cut after `length` characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= length else text[: length - 1] + "…"
