"""What a writer that was killed leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

from mpipipe.storage.atomic import whole


def test_what_a_killed_process_left_is_removed_and_what_a_running_one_writes_is_not(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    path = tmp_path / "a[1].zarr"
    left, running = (tmp_path / f".a[1].zarr.{process}.partial" for process in (ended.pid, os.getppid()))
    others = [running, tmp_path / f".b.zarr.{ended.pid}.partial", tmp_path / ".a[1].zarr.copy.partial"]
    for folder in (left, *others):
        (folder / "c").mkdir(parents=True)
    with whole(path) as partial:
        partial.write_text("whole")
    assert path.read_text() == "whole"
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])
