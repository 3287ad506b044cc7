"""The same training in another arithmetic: other weights, tables that agree within what the documentation states."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

TOLERANCE_DB = 0.1
"""Of a mean PSNR; docs/workflow.md states it."""
NOISE_DB = {"0.1": 20.0, "0.3": 10.46}
OLDER = {"ATEN_CPU_CAPABILITY": "default", "DNNL_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}
"""Vectors of four numbers, without fused multiply-adds: every sum is rounded otherwise."""


def trained(accelerator, **environment):
    """Return PSNR by σ and digest of the weights of a training in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.other_arithmetic", accelerator],
        cwd=Path(__file__).parents[2],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def check(one, other):
    assert one["weights"] != other["weights"]
    for sigma, noise_db in NOISE_DB.items():
        assert one["psnr_db"][sigma] > noise_db + 2.5
        assert abs(one["psnr_db"][sigma] - other["psnr_db"][sigma]) < TOLERANCE_DB


@pytest.mark.slow
def test_another_instruction_set_gives_other_weights_and_the_same_table():
    reference = trained("cpu")
    assert trained("cpu") == reference
    check(reference, trained("cpu", **OLDER))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_other_weights_and_the_same_table():
    check(trained("cpu"), trained("gpu"))
