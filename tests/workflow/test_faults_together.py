"""Two runs at once on one checkout: the second is refused with a reason, the first finishes well."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout
from tests.workflow.faults import (
    LONG_TRAINING,
    PERIODS,
    TRAINED,
    build,
    go_on,
    halt,
    is_refused,
    jobs_of,
    kill,
    manifest,
    partials,
    small_project,
    start,
    wait_for,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(module_path: Path) -> Checkout:
    """The data of a training that takes long, and a ledger."""
    checkout = small_project(module_path / "project")
    checkout.edit("params.yaml", *LONG_TRAINING)
    checkout.run(*build(f"{PERIODS}-train.zarr", f"{PERIODS}-val.zarr"))
    return checkout


@pytest.fixture
def training(project: Checkout) -> Iterator["subprocess.Popen[bytes]"]:
    """A run that is held in the middle of the training."""
    for path in (TRAINED, manifest(TRAINED)):
        (project.path / path).unlink(missing_ok=True)
    process = start(project, *build(TRAINED))
    try:
        wait_for("checkpoints/*/*.ckpt", project.path, process)
        halt(process)
        yield process
    finally:
        with suppress(ProcessLookupError):
            kill(process)


def test_a_second_run_is_refused_by_every_way_in_and_the_first_finishes(
    project: Checkout, training: "subprocess.Popen[bytes]"
) -> None:
    is_refused(project.run(*build(TRAINED), check=False), "cannot be locked")
    for verb in (("record",), ("verify", "--rebuild")):
        is_refused(
            project.run("mpipipe", *verb, check=False), "found Snakemake's lock, expected no run in progress"
        )
    assert not (project.path / "dvc.lock").exists() and not (project.path / TRAINED).exists()
    go_on(training)
    assert training.wait() == 0
    assert project.planned(TRAINED) == {} and not partials(project.path / "data")
    weights = (project.path / TRAINED).read_bytes()
    assert jobs_of(project.run(*build(TRAINED), "--forcerun", TRAINED)) == {"train": 1}
    assert (project.path / TRAINED).read_bytes() == weights


def test_a_job_that_outlived_its_snakemake_keeps_a_second_one_from_its_files(
    project: Checkout, training: "subprocess.Popen[bytes]"
) -> None:
    training.kill()
    training.wait()
    project.run("snakemake", "--unlock")
    done = project.run(*build(TRAINED), check=False)
    is_refused(done, "n2n-0.log: found another process at work on this job, expected one")
    assert not (project.path / manifest(TRAINED)).exists()
    with suppress(ProcessLookupError):
        kill(training)
    project.run("snakemake", "--unlock", check=False)
    assert jobs_of(project.run(*build(TRAINED))) == {"train": 1}
