"""The example that adds a network to a study: few lines, and a row of scores."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.workflow.conftest import ROOT, Checkout, pull


@pytest.mark.slow
def test_a_network_is_added_in_fewer_than_30_lines_and_scored(finished: Checkout, tmp_path: Path) -> None:
    clone = pull(finished, tmp_path / "clone")
    clone.run(sys.executable, str(ROOT / "docs/examples/add_a_network.py"), str(clone.path))
    clone.git("add", "--intent-to-add", "mpipipe")
    changed = clone.run("git", "diff", "--numstat", "--", "mpipipe", "params.yaml").stdout
    added = sum(int(line.split()[0]) for line in changed.splitlines())
    blank = sum(line == "+" for line in clone.run("git", "diff", "--", "mpipipe").stdout.splitlines())
    assert 15 < added - blank < 30
    records = pd.read_parquet(clone.path / "data/smoke/evaluate/restoration/denoising_2d/smooth-0.parquet")
    assert set(records["method"]) == {"Smooth"} and records["value"].notna().all()
