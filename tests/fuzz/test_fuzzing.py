"""Every reader against damaged files, in processes of their own; how many inputs were tried stands in the summary.

``MPIPIPE_FUZZ=60 pytest tests/fuzz -m slow`` fuzzes 60 times as long.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.readers import READERS

ROOT = Path(__file__).resolve().parents[2]
LONGER = int(os.environ.get("MPIPIPE_FUZZ", "1"))
INPUTS = 500 * LONGER
SECONDS = 12 * LONGER
LARGEST_PROCESS_MIB = 2048
PARSERS = (
    "params", "recipe", "manifest", "json", "idx", "idx_gzip", "weights", "table", "line_session", "transfer_function",
    "matlab", "mdf",
)  # fmt: skip
pytestmark = pytest.mark.slow


def run(*command: str) -> str:
    """Run a fuzzer as a module; its last lines explain a failure."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        timeout=200 + 100 * LONGER,
        check=False,
    )
    assert done.returncode == 0, (
        f"{' '.join(command)} ended with {done.returncode}\n{(done.stdout + done.stderr)[-4000:]}"
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_read_or_refused_in_one_line(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    output = run("tests.fuzz.battery", name, str(tmp_path), str(INPUTS))
    found = re.search(r"tried (\d+), read (\d+)", output)
    assert found is not None and int(found[1]) >= INPUTS / 2, output
    assert int(found[2]) < int(found[1]), "no input was refused: the mutations change nothing"
    record_property("fuzzed", (name, "mutations", int(found[1])))


@pytest.mark.parametrize("name", PARSERS)
def test_coverage_guided_inputs_are_read_or_refused_in_one_line(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    limits = ["-timeout=20", f"-rss_limit_mb={LARGEST_PROCESS_MIB}", f"-max_total_time={SECONDS}"]
    output = run("tests.fuzz.coverage_guided", name, str(tmp_path), *limits)
    tried = int(re.findall(r"number_of_executed_units: (\d+)", output)[-1])
    assert tried > 100, output[-4000:]
    record_property("fuzzed", (name, "coverage", tried))
