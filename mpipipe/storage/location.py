"""Where an artifact lies: a path of this machine, or a URL of an object store that it is read from in place."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from mpipipe.errors import InputError
from mpipipe.storage.limits import JSON_BYTES, MIB, check_claim, one_line
from mpipipe.storage.manifest import (
    Manifest,
    directory_digest,
    manifest_path,
    parse_manifest,
    read_manifest,
    require_content,
    verify,
)

ENSEMBLES_VARIABLE = "MPIPIPE_ENSEMBLES"
READ_AHEAD = 8 * MIB
REMEDY = "publish it again"

Location = Path | str


def as_location(place: Location) -> Location:
    """Return a URL as it is without a slash at its end, and anything else as a path."""
    return place.rstrip("/") if isinstance(place, str) and "://" in place else Path(place)


def located(place: Location) -> Location:
    """Return where an artifact of the run is read: where it lies, or in the object store that the machine names.

    A relative path that holds nothing here is read below the URL in the environment variable ``MPIPIPE_ENSEMBLES``.
    """
    store = os.environ.get(ENSEMBLES_VARIABLE)
    if not store or isinstance(place, str) or place.is_absolute() or place.exists():
        return place
    return f"{store.rstrip('/')}/{place.as_posix()}"


@contextmanager
def readable(place: Location, expected: str) -> Iterator[None]:
    """Turn whatever goes wrong in the block into one line: stores and decoders raise errors of many kinds.

    Raises
    ------
    InputError
        Names the place, the error, and what was expected there.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        found = f"{type(error).__name__} ({one_line(error) or 'no reason given'})"
        raise InputError(f"{place}: found {found}, expected {expected}") from None


def connect(url: str) -> tuple[Any, str]:
    """Return the fsspec file system of a URL, and the path in it."""
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # slow to import, and only stores need it

    system, root = url_to_fs(url)
    return system, root


def file_size(file: Location) -> int:
    """Return the size of a file or object in bytes.

    Raises
    ------
    FileNotFoundError
        When nothing is there.
    """
    if isinstance(file, Path):
        return file.stat().st_size
    system, root = connect(file)
    return int(system.size(root))


def join(place: Location, *names: str) -> Location:
    """Return the location of a file in a directory."""
    return place.joinpath(*names) if isinstance(place, Path) else "/".join((place, *names))


def verify_artifact(place: Location) -> Manifest:
    """Return the manifest of an artifact after comparing the artifact's bytes with it, wherever they are read from.

    An artifact of the run that is read from the object store must be the one that the manifest *here* names: a bucket that
    holds another run's is refused. The manifest of a URL lies beside it in the store.

    Raises
    ------
    InputError
        When artifact or manifest is missing, cannot be read, or the bytes are not those that the manifest names.
    """
    found = located(place)
    if isinstance(found, Path):
        return verify(found)
    here = isinstance(place, Path)
    manifest = read_manifest(manifest_path(Path(place))) if here else read_remote_manifest(found)
    require_content(found, remote_digest(found), manifest, REMEDY)
    return manifest


def read_remote_manifest(url: str) -> Manifest:
    """Read the manifest beside an artifact in an object store."""
    name = f"{url}.manifest.json"
    with readable(name, "the manifest beside the artifact"):
        system, root = connect(name)
        check_claim(name, system.size(root), JSON_BYTES)
        return parse_manifest(name, system.cat_file(root))


def remote_digest(url: str) -> str:
    """Return the content digest of a directory in an object store, the same as of its local copy; bytes are streamed."""
    with readable(url, "a directory that can be read in the object store"):
        system, root = connect(url)
        system.invalidate_cache()
        files = {PurePosixPath(file).relative_to(root): file for file in system.find(root)}
        if not files:
            raise FileNotFoundError("no such object")
        return directory_digest({name: _stream_digest(system, file) for name, file in files.items()})


def _stream_digest(system: Any, file: str) -> str:  # noqa: ANN401 - fsspec is not typed
    with system.open(file, "rb", block_size=READ_AHEAD, cache_type="readahead") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
