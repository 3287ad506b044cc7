#!/usr/bin/env python3
"""Print the state of a job, `running`, `success` or `failed`: status.py NUMBER."""

import sys

from schedulers import scheduler

print(scheduler().state(sys.argv[1]))
