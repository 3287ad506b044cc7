"""The network on folded periods: what is built in holds whatever its weights are."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mpipipe.config.signal_denoiser import CycleUNetConfig
from mpipipe.errors import InputError
from mpipipe.networks.cycle_unet import CycleUNet, LinearEstimate
from mpipipe.networks.signal_denoisers import build_signal_denoiser
from mpipipe.signals.subspace import SubspaceFilter
from mpipipe.signals.symmetry import fold

CYCLES, SAMPLES = 6, 11
TIME = CYCLES * SAMPLES


@pytest.fixture
def linear() -> LinearEstimate:
    rng = np.random.default_rng(0)
    odd = fold(rng.standard_normal((4, TIME)))
    basis = np.linalg.qr(odd.T)[0].T.astype(np.float32)
    gain = rng.standard_normal((4, 4)).astype(np.float32)
    weight = torch.ones(TIME // 2 + 1)
    return LinearEstimate(torch.from_numpy(basis), torch.from_numpy(gain), weight, torch.tensor(CYCLES))


@pytest.fixture
def signals() -> Tensor:
    return torch.randn(3, TIME, generator=torch.Generator().manual_seed(1))


def network_of(linear: LinearEstimate, *, drawn: bool = True) -> torch.nn.Module:
    config = CycleUNetConfig(name="CycleUNet", width=4, levels=2, rank=4)
    network = build_signal_denoiser(config, 3, linear=linear)
    if drawn:
        with torch.no_grad():
            network.last.weight.normal_(generator=torch.Generator().manual_seed(2))
    return network


def test_without_training_the_estimate_is_the_linear_filter(linear: LinearEstimate, signals: Tensor) -> None:
    found = network_of(linear, drawn=False)(signals).detach().numpy()
    expected = SubspaceFilter(linear.basis.numpy(), linear.gain.numpy()).apply(signals.numpy())
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_every_estimate_is_odd_about_half_a_period(linear: LinearEstimate, signals: Tensor) -> None:
    found = network_of(linear)(signals).detach().numpy()
    # Where it crosses zero the linear part is so up to rounding.
    np.testing.assert_allclose(found, fold(found), atol=1e-6)
    assert np.abs(found).max() > 0.1


def test_what_folding_removes_does_not_change_the_estimate(linear: LinearEstimate, signals: Tensor) -> None:
    network = network_of(linear)
    even = signals - torch.from_numpy(fold(signals.numpy()))
    torch.testing.assert_close(network(signals), network(signals + 5 * even), atol=1e-4, rtol=1e-4)


def test_a_frequency_without_weight_is_neither_seen_nor_corrected(
    linear: LinearEstimate, signals: Tensor
) -> None:
    filled = 5
    weight = linear.weight.clone()
    weight[filled] = 0
    # A linear estimate that does not see the frequency either leaves it to the network alone.
    spectrum = torch.fft.rfft(linear.basis)
    spectrum[:, filled] = 0
    blind = LinearEstimate(torch.fft.irfft(spectrum, n=TIME), linear.gain, weight, linear.cycles)
    network = network_of(blind)
    tone = torch.sin(2 * torch.pi * filled * torch.arange(TIME) / TIME)
    found = network(signals).detach()
    torch.testing.assert_close(network(signals + 7 * tone).detach(), found, atol=1e-4, rtol=1e-4)
    assert (
        float(torch.fft.rfft(found)[:, filled].abs().max()) < 1e-3 < float(torch.fft.rfft(found).abs().max())
    )


def test_each_sample_stands_in_the_row_of_its_cycle_and_the_layout_goes_on(linear: LinearEstimate) -> None:
    layout = network_of(linear).layout
    assert layout.shape == (4, 12)  # 3 x 11, up to multiples of 4
    assert layout[:3, :11].flatten().tolist() == list(range(TIME // 2))
    assert layout[0, 11] == SAMPLES  # the first sample of the next cycle
    assert layout[3, :11].tolist() == list(range(TIME // 2, TIME // 2 + SAMPLES))


def test_parameters_are_those_of_the_convolutions(linear: LinearEstimate) -> None:
    def block(a: int, b: int) -> int:
        return (9 * a * b + b + 1) + (9 * b * b + b + 1)  # with the slope of each PReLU

    up = (4 * 8 * 4 + 4) + (4 * 16 * 8 + 8)
    expected = block(2, 4) + block(4, 8) + block(8, 16) + block(8, 4) + block(16, 8) + up + 5
    assert sum(p.numel() for p in network_of(linear).parameters()) == expected


def test_its_state_holds_all_that_another_needs(linear: LinearEstimate, signals: Tensor) -> None:
    first = network_of(linear)
    other = network_of(LinearEstimate(*(torch.zeros_like(v) for v in linear[:3]), linear.cycles))
    other.load_state_dict(first.state_dict())
    torch.testing.assert_close(other(signals), first(signals))


@pytest.mark.parametrize("cycles", [3, 4])
def test_a_period_without_an_even_number_of_whole_cycles_is_refused(
    linear: LinearEstimate, cycles: int
) -> None:
    config = CycleUNetConfig(name="CycleUNet", width=4)
    with pytest.raises(InputError, match=f"cycles: found {cycles} in 66 samples"):
        CycleUNet(config, linear._replace(cycles=torch.tensor(cycles)))


def test_a_missing_linear_estimate_is_one_clear_line() -> None:
    with pytest.raises(InputError, match="CycleUNet: found no linear estimate, expected one"):
        build_signal_denoiser(CycleUNetConfig(name="CycleUNet"), 0)
