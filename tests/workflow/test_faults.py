"""Faults in the middle of a run: nothing half-written passes for whole, and finished work is not repeated."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout, copy_project

pytestmark = pytest.mark.slow
WEIGHTS = "data/smoke/train/restoration/denoising_2d/dncnn-0.safetensors"


def start(checkout: Checkout, *command: str) -> "subprocess.Popen[bytes]":
    variables = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with (checkout.path / "killed.log").open("wb") as log:
        return subprocess.Popen(
            command, cwd=checkout.path, env=variables, stdout=log, stderr=log, start_new_session=True
        )


def wait_for(pattern: str, folder: Path, seconds: float = 180) -> None:
    limit = time.monotonic() + seconds
    while not any(folder.glob(pattern)):
        assert time.monotonic() < limit, f"no {pattern} after {seconds} s"
        time.sleep(0.05)


def test_a_killed_training_leaves_nothing_that_passes_for_whole_and_resumes(
    finished: Checkout, tmp_path: Path
) -> None:
    checkout = copy_project(tmp_path / "project")
    checkout.edit("params.yaml", "steps: 20, batch: 16", "steps: 400, batch: 16, checkpoint_every: 20")
    targets = (WEIGHTS, f"{WEIGHTS}.manifest.json")
    command = ("snakemake", "--cores", "2", "--resources", "gpu=1", "--rerun-incomplete", *targets)
    process = start(checkout, *command)
    wait_for("checkpoints/*/*.ckpt", checkout.path)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (checkout.path / WEIGHTS).exists()
    checkout.run("snakemake", "--unlock")
    again = checkout.run(*command)
    assert "simulate" not in again.stderr.split("Job stats:")[1].split("total")[0]
    resumed = (checkout.path / WEIGHTS).read_bytes()
    assert not list((checkout.path / "checkpoints").iterdir())
    (checkout.path / WEIGHTS).unlink()
    checkout.run(*command)
    assert (checkout.path / WEIGHTS).read_bytes() == resumed


def test_a_killed_simulation_is_run_again_and_gives_the_same_bytes(
    finished: Checkout, tmp_path: Path
) -> None:
    checkout = copy_project(tmp_path / "project")
    command = ("snakemake", "--cores", "1", "--rerun-incomplete", "stage_simulate")
    process = start(checkout, *command)
    wait_for("logs/smoke/simulate/*/*.log", checkout.path)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    checkout.run("snakemake", "--unlock")
    checkout.run(*command)
    for manifest in (finished.path / "data/smoke/simulate").rglob("*.manifest.json"):
        assert (checkout.path / manifest.relative_to(finished.path)).read_bytes() == manifest.read_bytes()
