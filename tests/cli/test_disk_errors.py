"""Errors of the disk as one line, whatever library raises them, and the lock of a job's log."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import SafetensorError

from mpipipe.cli.disk_errors import disk_error, refuse_read_only
from mpipipe.errors import InputError

TARGET = Path("data/smoke/a.zarr")
FULL = "found no space left on device, expected room for it"


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), f"{TARGET}: {FULL}"),
        (OSError(errno.ENOSPC, "full", "logs/a.log"), f"logs/a.log: {FULL}"),
        (OSError(errno.ENOSPC, "full", "data/smoke/.a.zarr.7.partial/c/0"), f"{TARGET}: {FULL}"),
        (SafetensorError("I/O error: No space left on device (os error 28)"), f"{TARGET}: {FULL}"),
        (caused(RuntimeError("writer failed"), OSError(errno.ENOSPC, "full")), f"{TARGET}: {FULL}"),
        (OSError(errno.EDQUOT, "quota"), f"{TARGET}: found disk quota exceeded, expected room for it"),
        (PermissionError(errno.EACCES, "no", "a"), "a: found permission denied, expected permission"),
        (
            OSError(errno.EROFS, "no", "a"),
            "a: found read-only file system, expected a folder that can be written",
        ),
    ],
)
def test_an_error_of_the_disk_names_the_file_and_the_reason(error: Exception, expected: str) -> None:
    told = disk_error(error, TARGET)
    assert told is not None and str(told).startswith(expected) and "\n" not in str(told)


@pytest.mark.parametrize(
    "error", [ValueError("a shape"), OSError(errno.ENOENT, "no file", "a"), KeyError("a")]
)
def test_other_errors_are_left_alone(error: Exception) -> None:
    assert disk_error(error, TARGET) is None


def test_a_folder_that_cannot_be_written_is_named_and_one_that_is_not_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refuse_read_only(["data/a", "results/b/c"])
    Path("data").mkdir()
    refuse_read_only(["data/a"])
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(InputError, match=r"^data: found a folder that cannot be written"):
        refuse_read_only(["data/a", "data/b"])


HOLDER = """
import fcntl, sys
stream = open("logs/.a.log.lock", "a")
fcntl.flock(stream, fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""
JOB = ("job", "sample", "--recipe", "{}", "--log", "logs/a.log", "table=a.parquet")


def run_job(folder: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).parent / "mpipipe"
    return subprocess.run([program, *JOB], cwd=folder, text=True, capture_output=True, check=False)


def test_a_second_process_on_a_job_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    log = tmp_path / "logs/a.log"
    log.parent.mkdir()
    log.write_text("of the first\n")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None and holder.stdin is not None
    holder.stdout.readline()
    done = run_job(tmp_path)
    assert done.returncode == 2 and done.stderr.strip() == (
        "mpipipe: logs/a.log: found another process at work on this job, expected one: wait for it, or end it"
    )
    assert log.read_text() == "of the first\n"
    holder.kill()
    holder.communicate()
    done = run_job(tmp_path)  # past the lock, it complains about its recipe
    assert "another process" not in done.stderr and "of the first" not in log.read_text()
