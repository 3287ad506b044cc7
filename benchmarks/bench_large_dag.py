"""Snakemake's dry run of many jobs, up to 100,000.

An ensemble with as many parts as there are jobs, in an empty folder, as in the part *Orchestration*. Floor: a Snakefile of one
rule with as many jobs, an input and an output each. Each is measured once. Times are wall times of whole calls, with the time on
a core beside them; the memory is the largest of both.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench_orchestration import parts_row
from benchmarks.report import show
from benchmarks.row import Row

TITLE = "DAG of many jobs"
JOBS = (10_000, 100_000)
FEW = (50,)


def rows(quick: bool) -> Iterator[Row]:
    """Yield a row for each number of jobs."""
    for jobs in FEW if quick else JOBS:
        with tempfile.TemporaryDirectory() as folder:
            yield parts_row(Path(folder), jobs)


if __name__ == "__main__":
    show(TITLE, rows(quick=False))
