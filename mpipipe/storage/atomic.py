"""Artifacts appear whole or not at all."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def remove(path: Path) -> None:
    """Remove a file, a directory with all it holds, or nothing where nothing is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path` that takes its place when the block ends without an error.

    Parameters
    ----------
    path : Path
        File or directory to be written. What stood there stays until the new one is whole; what processes that are
        gone (killed in the middle) left of it is removed.

    Yields
    ------
    Path
        Where to write; it does not exist yet, its parent does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        if left == partial or not _is_running(left.name.split(".")[-2]):
            remove(left)
    try:
        yield partial
        if partial.is_dir():
            remove(path)
        partial.replace(path)
    finally:
        remove(partial)


def _is_running(process: str) -> bool:
    """Return whether a process of this number is there; on another machine of a cluster it may be another one."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):  # it belongs to another user; it is none of these siblings
        pass
    return True


def write_text(path: Path, text: str) -> None:
    """Write a text file whole (UTF-8)."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a binary file whole."""
    with whole(path) as partial:
        partial.write_bytes(data)
