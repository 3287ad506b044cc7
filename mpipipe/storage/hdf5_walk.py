"""Walk through all that an HDF5 file says of its values, in a process that may die of it: ``python hdf5_walk.py FILE``.

The HDF5 library is C: damage in a file can end the process, hold it for ever or take all of its memory, and nothing in Python
can stop that. What went through here can be opened. The module needs h5py alone, so that its process starts in a tenth of a
second.
"""

import resource
import sys
from pathlib import Path

import h5py

SECONDS = 60
MAX_BYTES = 2**28
DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)
"""What h5py raises when bytes are missing or damaged."""


def walk(path: Path) -> None:
    """Visit each group, link, attribute, dataset and chunk index of a file; values of datasets are not read.

    Parameters
    ----------
    path : Path
        HDF5 file.

    Raises
    ------
    OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError
        What h5py raises at damage.
    """
    with h5py.File(path, "r") as file:
        names = [b"."]
        h5py.h5o.visit(file.id, names.append)
        for name in names:
            _look(h5py.h5o.open(file.id, name))


def limit(seconds: int = SECONDS, max_bytes: int = MAX_BYTES) -> None:
    """Let this process end after a time of computing, and take no more than some memory above what it has."""
    for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_DATA, _data_bytes() + max_bytes)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _data_bytes() -> int:
    """Return what counts toward the limit on data so far."""
    pages = Path("/proc/self/statm")
    if pages.is_file():
        return int(pages.read_text().split()[5]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # elsewhere near it


def _look(found: h5py.h5g.GroupID | h5py.h5d.DatasetID | h5py.h5t.TypeID) -> None:
    """Read what one object says of itself."""
    for index in range(h5py.h5a.get_num_attrs(found)):
        attribute = h5py.h5a.open(found, index=index)
        attribute.get_type(), attribute.get_space()
    if isinstance(found, h5py.h5g.GroupID):
        for name in list(found):
            found.links.get_info(name)
    if isinstance(found, h5py.h5d.DatasetID):
        found.get_type(), found.get_space(), found.get_offset()
        properties = found.get_create_plist()
        for position in range(properties.get_nfilters()):
            properties.get_filter(position)
        if properties.get_layout() == h5py.h5d.CHUNKED:
            found.chunk_iter(lambda stored: None)


if __name__ == "__main__":
    limit()
    try:
        walk(Path(sys.argv[1]))
    except DAMAGE as error:
        sys.exit(" ".join(str(error).split()))
