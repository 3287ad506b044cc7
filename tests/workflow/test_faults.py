"""SIGKILL in the middle of a job: nothing half-written passes for whole, and finished work is not repeated."""

from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout
from tests.workflow.faults import (
    LONG_TRAINING,
    SIMULATED,
    TRAINED,
    build,
    jobs_of,
    kill,
    manifest,
    partials,
    small_project,
    start,
    wait_for,
)

pytestmark = pytest.mark.slow
LOG = "logs/smoke/train/signal_denoising/gaussian/n2n-0.log"
WINDOWS = "data/smoke/scene/deblurring/windows-train.zarr"


@pytest.fixture(scope="module")
def project(module_path: Path) -> Checkout:
    checkout = small_project(module_path / "project")
    # Hundreds of shards, several blocks of windows, a training of several checkpoints: writing takes long enough to be met.
    checkout.edit(
        "params.yaml",
        "simulate: {components_per_matrix: 64, matrices_per_part: 4}",
        "simulate: {components_per_matrix: 512, matrices_per_part: 4, components_per_chunk: 4, chunks_per_shard: 1}",
    )
    checkout.edit("params.yaml", "windows: {train: 16,", "windows: {train: 320,")
    checkout.edit("params.yaml", *LONG_TRAINING)
    return checkout


@pytest.mark.parametrize(
    ("artifact", "rule"), [(SIMULATED, "simulate"), (WINDOWS, "scene")], ids=["simulation", "gridding"]
)
def test_a_job_that_is_killed_while_it_writes_is_run_again_and_gives_the_same_bytes(
    project: Checkout, artifact: str, rule: str
) -> None:
    whole = project.path / artifact
    process = start(project, *build(artifact))
    wait_for(f"{whole.parent.relative_to(project.path)}/.{whole.name}.*.partial/**/c", project.path, process)
    kill(process)
    assert partials(whole.parent) and not whole.exists()
    assert not (project.path / manifest(artifact)).exists()
    project.run("snakemake", "--unlock")
    assert jobs_of(project.run(*build(artifact))) == {rule: 1}
    assert project.planned(artifact) == {} and not partials(project.path / "data")
    made = (project.path / manifest(artifact)).read_bytes()
    assert jobs_of(project.run(*build(artifact), "--forcerun", artifact)) == {rule: 1}
    assert (project.path / manifest(artifact)).read_bytes() == made


def test_a_killed_training_leaves_nothing_that_passes_for_whole_and_resumes_to_the_same_end(
    project: Checkout,
) -> None:
    weights = project.path / TRAINED
    process = start(project, *build(TRAINED))
    checkpoint = wait_for("checkpoints/*/*80.ckpt", project.path, process)
    kill(process)
    assert not weights.exists() and not (project.path / manifest(TRAINED)).exists()
    project.run("snakemake", "--unlock")
    assert jobs_of(project.run(*build(TRAINED))) == {"train": 1}
    steps = (project.path / LOG).read_text()
    assert "step 100 of 150" in steps and "step 50 of 150" not in steps
    resumed = weights.read_bytes()
    assert not checkpoint.exists() and not list((project.path / "checkpoints").iterdir())
    assert jobs_of(project.run(*build(TRAINED), "--forcerun", TRAINED)) == {"train": 1}
    assert weights.read_bytes() == resumed
