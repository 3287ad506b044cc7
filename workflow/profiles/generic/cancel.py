#!/usr/bin/env python3
"""Cancel jobs: cancel.py NUMBER..."""

import subprocess
import sys

from schedulers import scheduler

sys.exit(subprocess.run([*scheduler().cancellation(), *sys.argv[1:]], check=False).returncode)
