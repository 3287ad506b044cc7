"""The DAG on a Slurm that the tests start: requests, GPUs as a gres, a job that is ended from outside, equal results.

A Slurm job costs two starts of Snakemake beside its own work, so not all of the smoke run goes through Slurm: one study
does from its scenes to its page of figures, and the training of another from the parameter table on. Together these
are all stages of the DAG.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout, copy_project
from tests.workflow.slurm_site import NoSlurmError, Site, slurm_site

pytestmark = pytest.mark.slow
PROFILE = "workflow/profiles/slurm"
# What this site sets on top of the profile: no accounts, and a look at the jobs every second.
HERE = {
    "slurm-status-command": "squeue", "slurm-no-account": True, "slurm-init-seconds-before-status-checks": 1,
}  # fmt: skip
ON_SLURM = (
    "snakemake", "--workflow-profile", PROFILE,
    "--slurm-status-command", "squeue", "--slurm-no-account", "--slurm-init-seconds-before-status-checks", "1",
)  # fmt: skip
# In place of all that the profile sets for single rules, as Snakemake has it.
TRAINING_ON_GPU = ("--set-resources", "train:gpu=1")
WEIGHTS = "data/smoke/train/restoration/denoising_2d/dncnn-0.safetensors"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    try:
        with slurm_site() as running:
            yield running
    except NoSlurmError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return copy_project(tmp_path / "project")


def submitted(site: Site, rule: str, before: set[str]) -> list[dict[str, str]]:
    """Return the records of a rule's jobs that were not there before."""
    return [record for record in site.of_rule(rule) if record["JobId"] not in before]


def test_a_study_on_slurm_gives_the_tables_and_weights_of_a_local_run(
    site: Site, finished: Checkout, checkout: Checkout
) -> None:
    before = set(site.jobs())
    summary, entries = "results/smoke/inversion/summary.csv", "results/smoke/inversion/entries.json"
    checkout.run(*ON_SLURM, *TRAINING_ON_GPU, "--", summary, entries)
    records = {number: record for number, record in site.jobs().items() if number not in before}
    assert {record["JobState"] for record in records.values()} == {"COMPLETED"}
    trainings = submitted(site, "train", before)
    weights = sorted((checkout.path / "data/smoke/train").rglob("*.safetensors"))
    assert len(trainings) == len(weights) > 0
    for record in trainings:
        assert (record["TresPerJob"], record["JOB_GRES"]) == ("gres:gpu:1", "gpu:1")
        assert (record["MinMemoryNode"], record["TimeLimit"]) == ("4000M", "02:00:00")
    (scene,) = submitted(site, "scene", before)
    assert "TresPerJob" not in scene
    assert (checkout.path / summary).read_bytes() == (finished.path / summary).read_bytes()
    for path in weights:
        assert path.read_bytes() == (finished.path / path.relative_to(checkout.path)).read_bytes()


def test_a_training_that_is_cancelled_is_retried_and_goes_on_from_its_checkpoint(
    site: Site, checkout: Checkout
) -> None:
    before = set(site.jobs())
    checkout.edit("params.yaml", "steps: 20, batch: 16", "steps: 600, batch: 16, checkpoint_every: 20")
    targets = (WEIGHTS, f"{WEIGHTS}.manifest.json")
    with start(checkout, *ON_SLURM, *TRAINING_ON_GPU, "--", *targets) as run:
        step = checkpoint_beyond(150, checkout.path / "checkpoints", run)
        (training,) = submitted(site, "train", before)
        subprocess.run(["scancel", training["JobId"]], check=True)
        assert run.wait(timeout=600) == 0, (checkout.path / "run.log").read_text()[-3000:]
    first, second = submitted(site, "train", before)
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("4000M", "8000M")
    assert len(submitted(site, "simulate", before)) == len(list((checkout.path / "data").rglob("*-000.zarr")))
    log = (checkout.path / "logs/smoke/train/restoration/denoising_2d/dncnn-0.log").read_text()
    told = [int(number) for number in re.findall(r"step (\d+) of 600", log)]
    assert step < told[0] and told[-1] == 600
    resumed = (checkout.path / WEIGHTS).read_bytes()
    (checkout.path / WEIGHTS).unlink()
    checkout.run("snakemake", "--cores", "1", "--resources", "gpu=1", "--", *targets)
    assert (checkout.path / WEIGHTS).read_bytes() == resumed


def test_dvc_runs_a_stage_on_slurm_with_the_profile_of_the_site(site: Site, checkout: Checkout) -> None:
    before = set(site.jobs())
    profile = checkout.path / PROFILE / "config.yaml"
    lines = "".join(f"{key}: {str(value).lower()}\n" for key, value in HERE.items())
    kept = [line for line in profile.read_text().splitlines() if line.split(":")[0] not in HERE]
    profile.write_text("\n".join(kept) + "\n" + lines)
    checkout.run("dvc", "repro", "sample", MPIPIPE_PROFILE=PROFILE)
    assert {record["JobState"] for record in submitted(site, "sample", before)} == {"COMPLETED"}
    assert "sample" not in checkout.changed_stages()


def test_the_timing_has_a_node_alone(site: Site, pulled: Checkout) -> None:
    before = set(site.jobs())
    pulled.run(*ON_SLURM, "--forcerun", "timing", "--", "data/smoke/evaluate/reconstruction/timing.parquet")
    (record,) = submitted(site, "timing", before)
    assert (record["JobState"], record["NumCPUs"], record["OverSubscribe"]) == ("COMPLETED", "8", "NO")


def start(checkout: Checkout, *command: str) -> "subprocess.Popen[bytes]":
    variables = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with (checkout.path / "run.log").open("wb") as log:
        return subprocess.Popen(command, cwd=checkout.path, env=variables, stdout=log, stderr=log)


def checkpoint_beyond(step: int, folder: Path, run: "subprocess.Popen[bytes]", seconds: float = 600) -> int:
    """Return the step of the newest checkpoint as soon as it is beyond a step, while the run goes on."""
    limit = time.monotonic() + seconds
    while True:
        steps = [int(path.stem.removeprefix("step=")) for path in folder.glob("*/step=*.ckpt")]
        if steps and max(steps) > step:
            return max(steps)
        assert run.poll() is None and time.monotonic() < limit, f"no checkpoint beyond step {step}"
        time.sleep(0.05)
