"""The examples of the documentation run, and say what they promise."""

import re
import subprocess
import sys
from pathlib import Path

from tests.workflow.conftest import ROOT

EXAMPLES = ROOT / "docs/examples"


def run(name: str, argument: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, argument],
        text=True, capture_output=True, check=False, cwd=argument,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_matrix_is_simulated_and_drawn(tmp_path: Path) -> None:
    assert "'channel': 3" in run("simulate_and_look.py", tmp_path)
    assert (tmp_path / "components.png").read_bytes()[1:4] == b"PNG"


def test_a_matrix_is_restored_and_its_image_is_better(tmp_path: Path) -> None:
    printed = run("restore_your_matrix.py", tmp_path)
    errors = {
        name: float(value) for name, value in re.findall(r"^(.+): relative error (\S+)$", printed, re.M)
    }
    assert errors["DnCNN (phase-aligned)"] < errors["measured"] and errors["DCT-F"] < errors["measured"]
    images = {name: float(value) for name, value in re.findall(r"^(.+): image error (\S+)$", printed, re.M)}
    assert images["restored"] < images["measured"]
