"""PBS, SGE and LSF: what the generic profile asks each of them for, with commands that stand in for theirs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT, Checkout, copy_project

PROFILE = "workflow/profiles/generic"
STAND_IN = Path(__file__).parent / "stand_in_scheduler.py"
COMMANDS = ("qsub", "qstat", "qdel", "qacct", "bsub", "bjobs", "bkill")
PART = "data/smoke/simulate/lissajous_2d/val-000.zarr"
# A training at the paper scale, as Snakemake writes it into a job script.
TRAINING = {
    "type": "single",
    "rule": "train",
    "threads": 4,
    "resources": {"mem_mb": 16000, "runtime": 1440, "gpu": 1},
}
EXPECTED = {
    "pbs": [
        "qsub", "-N", "train", "-V", "-j", "oe", "-o", "LOGS/",
        "-l", "select=1:ncpus=4:mem=16000mb:ngpus=1", "-l", "walltime=24:00:00", "-q", "gpu queue", "SCRIPT",
    ],
    "sge": [
        "qsub", "-terse", "-N", "train", "-V", "-cwd", "-j", "y", "-o", "LOGS",
        "-pe", "smp", "4", "-l", "h_vmem=4000M,h_rt=24:00:00,gpu=1", "-q", "gpu queue", "SCRIPT",
    ],
    "lsf": [
        "bsub", "-J", "train", "-o", "LOGS/train.%J.log", "-n", "4", "-W", "24:00", "-M", "16000MB",
        "-R", "span[hosts=1] rusage[mem=16000MB]", "-gpu", "num=1", "-q", "gpu queue", "SCRIPT",
    ],
}  # fmt: skip


@pytest.fixture(params=list(EXPECTED))
def commands(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a site: its scheduler's name and commands."""
    folder, programs = tmp_path / "stand_in", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    for name in COMMANDS:
        (programs / name).symlink_to(STAND_IN)
    path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"MPIPIPE_SCHEDULER": request.param, "STAND_IN": str(folder), "PATH": path}


def calls(commands: dict[str, str], *names: str) -> list[list[str]]:
    """Return the calls of some commands in their order."""
    lines = Path(commands["STAND_IN"], "calls.jsonl").read_text().splitlines()
    return [call for call in map(json.loads, lines) if call[0] in names]


def call(program: str, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / PROFILE / program), *arguments],
        cwd=cwd, env=os.environ | environment, text=True, capture_output=True, check=False,
    )  # fmt: skip


def test_each_scheduler_is_asked_for_threads_memory_time_and_gpus(
    commands: dict[str, str], tmp_path: Path
) -> None:
    script = tmp_path / "job.sh"
    script.write_text(f"#!/bin/sh\n# properties = {json.dumps(TRAINING)}\ntrue\n")
    done = call("submit.py", str(script), cwd=tmp_path, MPIPIPE_SUBMIT_OPTIONS="-q 'gpu queue'", **commands)
    assert done.returncode == 0, done.stderr
    logs = tmp_path / "logs/cluster"
    expected = [
        word.replace("LOGS", str(logs)).replace("SCRIPT", str(script))
        for word in EXPECTED[commands["MPIPIPE_SCHEDULER"]]
    ]
    assert calls(commands, "qsub", "bsub") == [expected]
    assert logs.is_dir()


def test_a_job_on_processors_asks_for_no_device(commands: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "job.sh"
    job = TRAINING | {"resources": {"mem_mb": 1000, "runtime": 5, "gpu": 0}}
    script.write_text(f"#!/bin/sh\n# properties = {json.dumps(job)}\ntrue\n")
    assert call("submit.py", str(script), cwd=tmp_path, **commands).returncode == 0
    ((*words, _),) = calls(commands, "qsub", "bsub")
    assert not any("gpu" in word for word in words)


def test_cancelled_jobs_are_named_together(commands: dict[str, str], tmp_path: Path) -> None:
    assert call("cancel.py", "3", "4", cwd=tmp_path, **commands).returncode == 0
    name = "bkill" if commands["MPIPIPE_SCHEDULER"] == "lsf" else "qdel"
    assert calls(commands, name) == [[name, "3", "4"]]


def test_a_scheduler_that_nobody_knows_is_named(tmp_path: Path) -> None:
    done = call("status.py", "1", cwd=tmp_path, MPIPIPE_SCHEDULER="condor")
    assert done.returncode != 0
    assert done.stderr.strip() == "MPIPIPE_SCHEDULER: found 'condor', expected one of pbs, sge, lsf"


@pytest.mark.slow
def test_jobs_run_through_each_scheduler_and_a_failed_one_is_submitted_again(
    commands: dict[str, str], tmp_path: Path
) -> None:
    checkout: Checkout = copy_project(tmp_path / "project")
    checkout.run(
        "snakemake", "--workflow-profile", PROFILE, "--seconds-between-status-checks", "1",
        "--", PART, f"{PART}.manifest.json", **commands,
    )  # fmt: skip
    assert checkout.planned(PART) == {}
    memory = {"pbs": "mem={}mb", "sge": "h_vmem={}M", "lsf": "rusage[mem={}MB]"}[
        commands["MPIPIPE_SCHEDULER"]
    ]
    asked = [" ".join(words) for words in calls(commands, "qsub", "bsub")]
    assert len(asked) == 3
    for words, rule, mb in zip(asked, ("sample", "sample", "simulate"), (1000, 2000, 12000), strict=True):
        assert f" {rule} " in words
        assert memory.format(mb) in words
