"""What the tests of faults share: processes that are killed, disks that are full, and which jobs a run had."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout, copy_project

SAMPLED = "data/smoke/sample/lissajous_2d.parquet"
SIMULATED = "data/smoke/simulate/lissajous_2d/val-000.zarr"
PERIODS = "data/smoke/scene/signal_denoising/gaussian"
TRAINED = "data/smoke/train/signal_denoising/gaussian/n2n-0.safetensors"
LONG_TRAINING = (
    "N2N: &tiny_plain {network: {width: 2}, steps: 6, batch: 4, validate_every: 3}",
    "N2N: &tiny_plain {network: {width: 2}, steps: 150, batch: 4, validate_every: 50, checkpoint_every: 20}",
)


def small_project(path: Path) -> Checkout:
    """Return the project at smoke scale in a folder of its own, with its own code, and nothing made."""
    return Checkout(copy_project(path).path, own_code=True)


def manifest(artifact: str) -> str:
    return f"{artifact}.manifest.json"


def build(*artifacts: str) -> tuple[str, ...]:
    """Return the command that makes artifacts with their manifests."""
    return ("snakemake", "--cores", "2", "--rerun-incomplete", *artifacts, *map(manifest, artifacts))


def jobs_of(done: "subprocess.CompletedProcess[str]") -> dict[str, int]:
    """Return how many jobs of each rule a run had."""
    text = done.stdout + done.stderr
    if "Nothing to be done" in text:
        return {}
    table = text.split("Job stats:")[1].split("total")[0]
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+) *$", table, re.MULTILINE)}


def start(checkout: Checkout, *command: str) -> "subprocess.Popen[bytes]":
    """Start a command in a process group of its own; what it prints goes to `killed.log`."""
    variables = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(checkout.path),
    }
    with (checkout.path / "killed.log").open("wb") as log:
        return subprocess.Popen(
            command, cwd=checkout.path, env=variables, stdout=log, stderr=log, start_new_session=True
        )


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process with all that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def halt(process: "subprocess.Popen[bytes]") -> None:
    """Hold a process with all that it started."""
    os.killpg(process.pid, signal.SIGSTOP)


def go_on(process: "subprocess.Popen[bytes]") -> None:
    """Let a process go on that was held."""
    os.killpg(process.pid, signal.SIGCONT)


def wait_for(pattern: str, folder: Path, process: "subprocess.Popen[bytes]", seconds: float = 600) -> Path:
    """Return the first path of a pattern, as soon as there is one; the process must be running still."""
    limit = time.monotonic() + seconds
    while (found := next(folder.glob(pattern), None)) is None:
        if process.poll() is not None or time.monotonic() > limit:
            with suppress(ProcessLookupError):
                kill(process)
            pytest.fail(f"no {pattern}\n{(folder / 'killed.log').read_text()}")
        time.sleep(0.02)
    return found


def partials(folder: Path) -> list[Path]:
    return list(folder.rglob(".*.partial"))


def is_refused(done: "subprocess.CompletedProcess[str]", phrase: str) -> None:
    """Check that a command failed with one line that holds a phrase, and no traceback."""
    text = done.stdout + done.stderr
    assert done.returncode != 0 and "Traceback" not in text, text
    assert any(phrase in line for line in text.splitlines()), text


@contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[None]:
    """Mount something on a folder, or skip the test where that is not permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *arguments, str(folder)], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)
