"""A loop does the same whether a process compiles it or finds it in the cache; and parts leave nothing to be called."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from mpipipe.compiled.loops import loop, part

ROOT = Path(__file__).resolve().parents[2]


@part(fastmath=True)
def weighted(values, weight):
    total = 0.0
    for n in range(values.size):
        total += weight * values[n]
    return total


@part(fastmath=True)  # as numba shows no instructions of what comes from its cache
def totals(rows, weights, out):
    for n in range(len(rows)):
        out[n] = weighted(rows[n], weights[n])


def test_results_do_not_depend_on_which_process_compiled(tmp_path):
    printed = [
        subprocess.run(
            [sys.executable, "-m", "tests.compiled.loop_results"],
            cwd=ROOT,
            env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
            text=True,
            capture_output=True,
            check=True,
        ).stdout.splitlines()
        for _ in range(2)
    ]
    assert len(printed[0]) == 8
    assert printed[0] == printed[1]


def test_a_loop_contains_its_parts():
    rows, weights, out = np.arange(12.0).reshape(3, 4), np.array([1.0, -2.0, 0.5]), np.empty(3)
    totals(rows, weights, out)
    np.testing.assert_allclose(out, [6, -44, 19])
    (instructions,) = totals.inspect_asm().values()
    assert "weighted" not in "".join(line for line in instructions.splitlines() if "call" in line)


def test_division_by_zero_is_numpys():
    @loop()
    def divide(values):
        return 1.0 / values[0]

    assert divide(np.zeros(1)) == np.inf
