import numpy as np
import pytest
import torch

from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.xspace import XSpaceSignal
from mpipipe.training.signal_losses import (
    SelfSupervisedLoss,
    gradient_symmetry,
    periodic_gradient,
    total_variation,
)


def signal_of_the_scanner():
    """Signals (channel, time) of a lopsided scene with cosine drive, over their root mean square."""
    scanner = Scanner(
        gradient_T_per_m=(0.4, 0.4, -0.8),
        drive_amplitude_mT=(20, 20, 0),
        divider=(9, 90, 1),
        base_frequency_Hz=225e3,
        waveform="cosine",
    )
    grid = Grid(shape=(21, 21), field_of_view_mm=(101, 101))
    scene = np.zeros((1, 21, 21), np.float32)
    scene[0, 4:8, 11:19] = 1
    scene[0, 12, 6] = 2
    signals = XSpaceSignal.of(scanner, Particle(core_diameter_nm=30), grid).signals(scene)[0]
    return torch.from_numpy(signals / np.sqrt(np.square(signals).mean(axis=-1, keepdims=True)))


def test_a_noise_free_signal_is_symmetric():
    signals = signal_of_the_scanner()
    size = periodic_gradient(signals).abs().mean()
    assert size > 0.1
    assert gradient_symmetry(signals) < 1e-5 * size
    # A pairing that is one sample off would not notice the symmetry.
    assert gradient_symmetry(signals.roll(1, -1)) > 0.01 * size


@pytest.mark.parametrize("time", [12, 13])
def test_symmetry_is_the_sum_of_equation_5_over_its_terms(time):
    rng = np.random.default_rng(0)
    u = rng.standard_normal((3, time))
    terms = []
    for signal in u:
        for k in range(time // 2):
            gradient = signal[(k + 1) % time] - signal[k]
            mirrored = signal[(time - k) % time] - signal[time - k - 1]  # from T − k − 1 to T − k
            terms.append(abs(gradient - mirrored))
    assert gradient_symmetry(torch.from_numpy(u)).item() == pytest.approx(np.mean(terms), rel=1e-12)


def test_symmetry_sees_the_even_part_alone():
    rng = np.random.default_rng(1)
    u = torch.from_numpy(rng.standard_normal(40))
    reflected = u.flip(-1).roll(1, -1)
    even, odd = (u + reflected) / 2, (u - reflected) / 2
    assert gradient_symmetry(odd).item() == pytest.approx(0, abs=1e-14)
    assert gradient_symmetry(u).item() == pytest.approx(gradient_symmetry(even).item(), rel=1e-12)
    # The gradient of what is even is odd: both terms of each pair add up.
    assert gradient_symmetry(even).item() == pytest.approx(2 * total_variation(even).item(), rel=1e-12)


def test_total_variation_has_its_closed_forms():
    time = 360
    wave = torch.cos(2 * torch.pi * 3 * torch.arange(time) / time).double()
    # Three times up and down between −1 and 1, over the period.
    assert total_variation(wave).item() == pytest.approx(3 * 4 / time, rel=1e-6)
    step = torch.zeros(10)
    step[3:6] = 2
    assert total_variation(step).item() == pytest.approx(2 * 2 / 10)
    assert total_variation(torch.full((2, 10), 7.0)).item() == 0
    # The way back from the end to the start counts too.
    assert total_variation(torch.arange(10.0)).item() == pytest.approx((9 + 9) / 10)


@pytest.mark.parametrize(("penalty", "distance"), [("l1", 1.5), ("l2", 2.5)])
def test_the_loss_is_equation_7(penalty, distance):
    estimate = torch.tensor([[0.0, 1.0, 3.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    target = estimate + torch.tensor([[1.0, -2.0, 1.0, 2.0], [-1.0, 2.0, -2.0, 1.0]])
    # Gradients of the first are 1, 2, −2, −1: pairs 1 − (−1) and 2 − (−2), whose mean with the second's zeros is 1.5.
    symmetry, variation = (2 + 4 + 0 + 0) / 4, (1 + 2 + 2 + 1) / 8
    for alpha, beta in ((0, 0), (0.5, 0), (0, 0.25), (0.5, 0.25)):
        loss = SelfSupervisedLoss(penalty, alpha, beta)(estimate, target)
        assert loss.item() == pytest.approx(distance + alpha * symmetry + beta * variation)


@pytest.mark.parametrize("repeats", [2, 5])
def test_the_loss_does_not_depend_on_the_batch(repeats):
    rng = torch.Generator().manual_seed(0)
    estimate, target = torch.randn(3, 50, generator=rng), torch.randn(3, 50, generator=rng)
    loss = SelfSupervisedLoss("l1", 0.05, 0.01)
    many = loss(estimate.repeat(repeats, 1), target.repeat(repeats, 1))
    assert many.item() == pytest.approx(loss(estimate, target).item(), rel=1e-6)
