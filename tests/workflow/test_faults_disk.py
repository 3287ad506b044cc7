"""A full disk and one that cannot be written: one clear line, nothing half-written, and the run finishes afterwards."""

from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout
from tests.workflow.faults import (
    LONG_TRAINING,
    SAMPLED,
    SIMULATED,
    TRAINED,
    build,
    is_refused,
    jobs_of,
    manifest,
    mounted,
    partials,
    remount,
    small_project,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(module_path: Path) -> Checkout:
    checkout = small_project(module_path / "project")
    checkout.edit("params.yaml", *LONG_TRAINING)
    return checkout


def test_a_simulation_on_a_full_disk_is_one_line_and_finishes_once_there_is_room(project: Checkout) -> None:
    """The disk holds the parameter table, but not the ensemble."""
    data = project.path / "data"
    with mounted(data, "-t", "tmpfs", "-o", "size=160k", "tmpfs"):
        done = project.run(*build(SIMULATED), check=False)
        is_refused(done, f"mpipipe: {SIMULATED}: found no space left on device, expected room for it")
        assert not (project.path / SIMULATED).exists() and not (project.path / manifest(SIMULATED)).exists()
        assert (project.path / manifest(SAMPLED)).exists() and not partials(data)
        remount(data, "size=16m")
        assert jobs_of(project.run(*build(SIMULATED))) == {"simulate": 1}
        assert project.planned(SIMULATED) == {}
        assert project.run("mpipipe", "verify").stdout.startswith("2 of ")


def test_a_training_whose_checkpoint_finds_no_room_resumes_from_the_one_before(project: Checkout) -> None:
    checkpoints = project.path / "checkpoints"
    with mounted(checkpoints, "-t", "tmpfs", "-o", "size=48k", "tmpfs"):
        done = project.run(*build(TRAINED), check=False)
        is_refused(done, "found no space left on device, expected room for it")
        assert not (project.path / TRAINED).exists() and not (project.path / manifest(TRAINED)).exists()
        remount(checkpoints, "size=64m")
        assert jobs_of(project.run(*build(TRAINED))) == {"train": 1}
        assert not list(checkpoints.iterdir())
