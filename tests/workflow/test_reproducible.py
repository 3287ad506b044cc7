"""Two clean clones on one machine: the same bytes of every data stage, and the same tables as printed."""

import csv
import json
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout

pytestmark = pytest.mark.slow
# What a clock measures: columns of tables, and rows of a metric.
TIMES = ("minutes", "seconds", "samples_per_s", "_ms", "_mean_ms", "time_s")
TIMED_ARTIFACTS = ("evaluate/reconstruction/timing.parquet", "evaluate/reconstruction/metrics.parquet")


@pytest.fixture(scope="module")
def again(finished: Checkout, module_path: Path) -> Checkout:
    """A second clean clone, on two cores as the first."""
    clone = finished.clone(module_path / "project", own_code=finished.own_code)
    clone.run("snakemake", "--cores", "2", "--resources", "gpu=1", "--quiet", "all")
    return clone


def digests(checkout: Checkout) -> dict[str, str]:
    """Return the content digest of each data artifact by its path below the scale's folder, without what is timed."""
    data = checkout.path / "data/smoke"
    found = {
        path.relative_to(data).as_posix().removesuffix(".manifest.json"): json.loads(path.read_bytes())[
            "content"
        ]
        for path in data.rglob("*.manifest.json")
    }
    return {name: content for name, content in found.items() if name not in TIMED_ARTIFACTS}


def printed(table: Path) -> list[dict[str, str]]:
    """Return the rows of a table as they are printed, without what is timed."""
    with table.open(newline="") as stream:
        rows = [
            {name: text for name, text in row.items() if not name.endswith(TIMES)}
            for row in csv.DictReader(stream)
            if row.get("metric") not in TIMES
        ]
    assert rows and all(rows), table
    return rows


def test_every_data_stage_has_the_same_bytes_weights_of_networks_among_them(
    finished: Checkout, again: Checkout
) -> None:
    one, other = digests(finished), digests(again)
    assert one == other
    nouns = {name.split("/")[0] for name in one}
    assert nouns == {
        "sample",
        "simulate",
        "background",
        "scene",
        "train",
        "baseline",
        "reconstruct",
        "evaluate",
    }


def test_every_table_is_the_same_as_printed(finished: Checkout, again: Checkout) -> None:
    tables = sorted(p.relative_to(finished.path) for p in (finished.path / "results/smoke").rglob("*.csv"))
    assert len(tables) > 30
    for table in tables:
        assert printed(again.path / table) == printed(finished.path / table), table
