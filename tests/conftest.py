"""Fixtures that several test folders share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the DAG's tests first: they take longest, and workers get files in this order."""
    items.sort(key=lambda item: not item.path.is_relative_to(ROOT / "tests" / "workflow"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="module")
def module_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder for what the tests of a module share; it goes with the last of them."""
    folder = tmp_path_factory.mktemp("module")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def measured_dir() -> Path:
    """The folder of measured data, or a skip that says where it was looked for."""
    places = [os.environ.get("MPIPIPE_MEASURED_DIR"), ROOT / "data/measured", ROOT.parent / "shared/measured"]
    for place in places:
        if place and (Path(place) / "encoding_array").is_dir():
            return Path(place)
    pytest.skip("no measured data: run `mpipipe fetch` or set MPIPIPE_MEASURED_DIR")
