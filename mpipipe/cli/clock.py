"""Files from the future of a clock that jumped back."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

from mpipipe.storage.manifest import BOOKKEEPING, manifest_path


def bring_to_present(artifacts: Iterable[str]) -> int:
    """Set times of artifacts that are later than now to now, and return of how many files.

    Recipes and contents say what is up to date, so times carry nothing. But Snakemake takes an output that is older than
    its input for a sign of clocks that differ between machines, fails the job and removes the output.

    Parameters
    ----------
    artifacts : iterable of str
        Paths of artifacts; their manifests lie beside them.
    """
    now, touched = time.time(), 0
    for artifact in map(Path, artifacts):
        # The time of a directory is that of a file in it, which Snakemake leaves.
        for path in (artifact, artifact / f"{BOOKKEEPING}_timestamp", manifest_path(artifact)):
            if path.exists() and path.stat().st_mtime > now:
                os.utime(path)
                touched += 1
    return touched
