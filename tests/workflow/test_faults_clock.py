"""A clock that jumps: what is up to date follows from content, so nothing stale is served and nothing rerun in vain."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout
from tests.workflow.faults import SAMPLED, SIMULATED, build, jobs_of, manifest, small_project

pytestmark = pytest.mark.slow
DAY_S = 86400


@pytest.fixture(scope="module")
def project(module_path: Path) -> Checkout:
    checkout = small_project(module_path / "project")
    checkout.run(*build(SAMPLED, SIMULATED))
    return checkout


def shift(folder: Path, seconds: float) -> None:
    """Set the times of all files and folders off the present."""
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (time.time() + seconds,) * 2, follow_symlinks=False)


@pytest.mark.parametrize(
    ("folder", "seconds"),
    [("data/smoke/sample", DAY_S), ("data/smoke/simulate", -DAY_S), ("data", DAY_S), ("mpipipe", DAY_S), ("data", -DAY_S)],
    ids=["inputs from tomorrow", "outputs from yesterday", "all from tomorrow", "code from tomorrow", "all from yesterday"],
)  # fmt: skip
def test_times_alone_rerun_nothing(project: Checkout, folder: str, seconds: float) -> None:
    shift(project.path / folder, seconds)
    assert project.planned(SAMPLED, SIMULATED) == {}
    assert project.run("mpipipe", "verify").stdout.startswith("2 of ")


@pytest.fixture
def edited(project: Checkout) -> Iterator[None]:
    project.edit("params.yaml", "keep_above: 1.0e-4", "keep_above: 2.0e-4")
    yield
    project.edit("params.yaml", "keep_above: 2.0e-4", "keep_above: 1.0e-4")
    project.run(*build(SAMPLED, SIMULATED))


def test_an_edit_counts_though_all_that_was_made_is_from_tomorrow(project: Checkout, edited: None) -> None:
    """The edit, and what it makes, are older than everything that was there before the clock jumped back."""
    before = (project.path / manifest(SIMULATED)).read_bytes()
    shift(project.path / "data", DAY_S)
    shift(project.path / ".snakemake", DAY_S)
    os.utime(project.path / "params.yaml", (time.time() - DAY_S,) * 2)
    assert project.planned(SAMPLED, SIMULATED) == {"simulate": 1}
    assert jobs_of(project.run(*build(SAMPLED, SIMULATED))) == {"simulate": 1}
    assert (project.path / manifest(SIMULATED)).read_bytes() != before
    assert project.planned(SAMPLED, SIMULATED) == {}
