"""A disk that is full or cannot be written, told in one line."""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from mpipipe.errors import InputError

EXPECTED = {
    errno.ENOSPC: "room for it",
    errno.EDQUOT: "room for it",
    errno.EROFS: "a folder that can be written",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
}


def disk_error(error: BaseException, target: Path | None = None) -> InputError | None:
    """Return the one line for an error that comes from the disk, None for any other.

    Parameters
    ----------
    error : BaseException
        What was raised. Libraries that write on their own wrap the system's error, or repeat its text.
    target : Path, optional
        What was to be written, named where the error names no file or a temporary one.
    """
    for one in _chain(error):
        for code, expected in EXPECTED.items():
            reason = os.strerror(code)
            if getattr(one, "errno", None) == code or reason in str(one):
                where = _named(getattr(one, "filename", None), target)
                return InputError(
                    f"{where}: found {reason.lower()}, expected {expected}: nothing half-written is kept, "
                    "mend that and run again"
                )
    return None


def refuse_read_only(artifacts: Iterable[str]) -> None:
    """Refuse a run that could not write its artifacts, before Snakemake touches any of them.

    Raises
    ------
    InputError
        Names the first folder of an artifact that is there and cannot be written.
    """
    for folder in sorted({Path(artifact).parent for artifact in artifacts}):
        if folder.exists() and not os.access(folder, os.W_OK):
            raise InputError(
                f"{folder}: found a folder that cannot be written, expected one that can: nothing was run"
            )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _named(filename: object, target: Path | None) -> object:
    """Return the file of the error, or the target where there is none or it is a temporary one."""
    if filename is None or (target is not None and ".partial" in str(filename)):
        return target or "a file"
    return filename
