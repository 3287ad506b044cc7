#!/usr/bin/env python3
"""Hand a job script of Snakemake to the scheduler and print the job's number: submit.py SCRIPT."""

import sys
from pathlib import Path

from schedulers import submit

print(submit(Path(sys.argv[1]), Path("logs/cluster").absolute()))
