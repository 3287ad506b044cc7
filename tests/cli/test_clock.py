"""Times of artifacts that lie in the future."""

import os
import time
from pathlib import Path

from mpipipe.cli.clock import bring_to_present

HOUR_S = 3600


def test_only_times_from_the_future_are_set_to_now(tmp_path: Path) -> None:
    group, table = tmp_path / "a.zarr", tmp_path / "b.parquet"
    group.mkdir()
    files = [group / ".snakemake_timestamp", tmp_path / "a.zarr.manifest.json", table]
    for file in files:
        file.touch()
    past = time.time() - HOUR_S
    for path, moment in zip(
        (group, *files), (past + 2 * HOUR_S, past + 2 * HOUR_S, past, past + 3 * HOUR_S), strict=True
    ):
        os.utime(path, (moment, moment))
    assert bring_to_present([str(group), str(table), str(tmp_path / "not there")]) == 3
    assert all(path.stat().st_mtime <= time.time() for path in (group, *files))
    assert files[1].stat().st_mtime == past
    assert bring_to_present([str(group), str(table)]) == 0
