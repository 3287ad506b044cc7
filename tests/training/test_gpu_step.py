"""One training step on a GPU against the same step on the CPU."""

import pytest
import torch

from mpipipe.training.batch import Batch
from mpipipe.training.data import ComponentBatches
from mpipipe.training.module import RestorationModule

TOLERANCE = 5e-3
"""Of loss and gradient (relative to its norm): a GPU may round the factors of a convolution to TF32, 10 bits (5e-4)."""


def step(batch, config, device):
    """Return loss and gradient of a batch for the initial weights, which are drawn on the CPU."""
    module = RestorationModule(config, 2, seed=3, recipe="").to(device)
    loss = module.batch_loss(Batch(*(field.to(device) for field in batch)))
    loss.backward()
    gradients = [parameter.grad.double().cpu().flatten() for parameter in module.parameters()]
    return float(loss.detach()), torch.cat(gradients)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_loss_and_gradient_of_a_step_are_those_of_the_cpu(source, background, tiny):
    batch = ComponentBatches(source, background, tiny, seed=0).batch(0)
    (cpu_loss, cpu), (gpu_loss, gpu) = (step(batch, tiny, device) for device in ("cpu", "cuda"))
    assert cpu.norm() > 0
    assert gpu_loss == pytest.approx(cpu_loss, rel=TOLERANCE)
    assert (gpu - cpu).norm() < TOLERANCE * cpu.norm()
