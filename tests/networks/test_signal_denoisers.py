from itertools import pairwise

import numpy as np
import pytest
import torch

from mpipipe.config.signal_denoiser import CycleUNetConfig, PlainSignalUNetConfig, SignalUNetConfig
from mpipipe.errors import InputError
from mpipipe.networks.cycle_unet import LinearEstimate
from mpipipe.networks.periodic_signal import crop_wrapped, periodic_convolution, wrap_to_multiple
from mpipipe.networks.registry import num_parameters
from mpipipe.networks.signal_denoisers import build_signal_denoiser
from mpipipe.networks.signal_unet import ResidualBlock

SIZE = {"width": 4, "growth": (1, 2, 3, 4), "kernel": 5}
CONFIGS = [
    SignalUNetConfig(**SIZE),
    SignalUNetConfig(**SIZE, stride=2, dropout=0.3),
    PlainSignalUNetConfig(name="PlainSignalUNet", **SIZE),
    PlainSignalUNetConfig(name="PlainSignalUNet", **SIZE, stride=2),
]


def network(config, seed=0):
    return build_signal_denoiser(config, seed).eval()


def periods(count, time, seed=0):
    return torch.randn(count, time, generator=torch.Generator().manual_seed(seed))


def convolution(inputs, outputs, kernel):
    return inputs * outputs * kernel + outputs


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("time", [4950, 9900, 64, 131])
def test_every_length_comes_back(config, time):
    with torch.no_grad():
        out = network(config)(periods(2, time))
    assert out.shape == (2, time)
    assert out.dtype == torch.float32
    assert torch.isfinite(out).all()


@pytest.mark.parametrize("stride", [1, 3])
def test_the_published_network_has_the_parameters_of_its_text(stride):
    config = SignalUNetConfig(**SIZE, stride=stride)
    widths, k = [4, 4, 8, 12, 16], 5
    expected = convolution(1, 4, k) + 4 * 1 * stride + 1
    for a, b in pairwise(widths):
        expected += convolution(a, b, 2) + 1 + 3 * 2 * convolution(b, b, k)  # encoder: PReLU has one slope
        expected += convolution(b, a, 2) + convolution(2 * a, a, k) + convolution(a, a, k) + 1  # decoder
    assert num_parameters(network(config)) == expected


def test_the_plain_network_has_two_convolutions_a_level():
    widths, k = [4, 4, 8, 12, 16], 5
    expected = convolution(1, 4, k) + convolution(4, 4, k) + convolution(4, 1, 1)
    for a, b in pairwise(widths):
        expected += convolution(a, b, k) + convolution(b, b, k)
        expected += convolution(b, a, 2) + convolution(2 * a, a, k) + convolution(a, a, k)
    assert num_parameters(network(CONFIGS[2])) == expected


@pytest.mark.parametrize("config", CONFIGS)
def test_a_period_has_no_beginning(config):
    signals, step = periods(2, 320), 16 * config.stride
    with torch.no_grad():
        net = network(config)
        out, shifted, other = (net(signals.roll(shift, -1)) for shift in (0, step, step // 2))
    torch.testing.assert_close(shifted, out.roll(step, -1), rtol=1e-5, atol=1e-6)
    # Half of it would not do: the coarsest features count.
    assert (other - out.roll(step // 2, -1)).abs().max() > 1e-3


def test_residual_blocks_are_those_of_equation_2():
    block, x = ResidualBlock(3, 5), torch.randn(2, 3, 20, generator=torch.Generator().manual_seed(1))

    def convolved(features, layer):
        weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        shifted = np.stack([np.roll(features, 2 - tap, -1) for tap in range(5)])  # x[t + tap − 2]
        return np.einsum("oit,tbik->bok", weight, shifted) + bias[:, None]

    inner = np.maximum(0, convolved(x.numpy(), block.first))
    expected = convolved(inner, block.second) + x.numpy()
    np.testing.assert_allclose(block(x).detach().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_periodic_convolution_is_the_product_of_spectra():
    x, layer = torch.randn(1, 1, 30, dtype=torch.float64), periodic_convolution(1, 1, 7).double()
    taps = np.zeros(30)
    taps[np.arange(-3, 4)] = layer.weight.detach().numpy()[0, 0]
    spectrum = np.fft.fft(x.numpy()[0, 0]) * np.fft.fft(taps).conj()  # a correlation
    expected = np.fft.ifft(spectrum).real + layer.bias.item()
    np.testing.assert_allclose(layer(x).detach().numpy()[0, 0], expected, atol=1e-12)


@pytest.mark.parametrize(("time", "wrapped"), [(4950, 4960), (9900, 9904), (32, 32), (5, 16)])
def test_wrapping_continues_the_period_and_cropping_undoes_it(time, wrapped):
    signals = periods(2, time)
    longer = wrap_to_multiple(signals, 16)
    assert longer.shape == (2, wrapped)
    assert torch.equal(crop_wrapped(longer, time), signals)
    assert torch.equal(longer[:, time:], longer[:, : wrapped - time])  # one period later it is the same


def test_dropout_is_for_training_alone():
    net, signals = network(CONFIGS[1]), periods(1, 320)
    with torch.no_grad():
        assert torch.equal(net(signals), net(signals))
        net.train()
        assert not torch.equal(net(signals), net(signals))


@pytest.mark.parametrize("config", CONFIGS)
def test_weights_follow_from_the_seed(config):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    one, same, other = (build_signal_denoiser(config, seed) for seed in (5, 5, 6))
    assert torch.equal(torch.rand(3), expected)  # the global random state is left alone
    signals = periods(1, 64)
    with torch.no_grad():
        out = [net.eval()(signals) for net in (one, same, other)]
    assert torch.equal(out[0], out[1])
    assert not torch.equal(out[0], out[2])


@pytest.mark.parametrize("config", CONFIGS)
def test_saved_weights_give_the_same_network(config, tmp_path):
    torch.save(network(config, 5).state_dict(), tmp_path / "weights.pt")
    again = network(config, 9)
    again.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    with torch.no_grad():
        assert torch.equal(again(periods(2, 100)), network(config, 5)(periods(2, 100)))


@pytest.mark.parametrize("config", CONFIGS)
def test_every_weight_takes_part(config):
    net = network(config)
    net(periods(4, 320)).square().mean().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in net.parameters())


@pytest.mark.parametrize("config", [CONFIGS[0], CONFIGS[3]])
def test_features_keep_their_size_from_the_start(config):
    # He's rule: the variance of the output is of the order of that of the input.
    config = config.model_copy(update={"width": 32})
    with torch.no_grad():
        assert 0.2 < network(config)(periods(20, 320)).std() < 5


def test_periods_that_a_filter_would_reach_around_are_refused():
    with pytest.raises(InputError, match="found 31 samples, expected at least 32"):
        network(CONFIGS[0])(periods(1, 31))


def test_a_linear_estimate_is_for_one_architecture_alone():
    linear = LinearEstimate(torch.eye(2, 12), torch.eye(2), torch.ones(7), torch.tensor(4))
    with pytest.raises(InputError, match="SignalUNet: found a linear estimate, expected none"):
        build_signal_denoiser(CONFIGS[0], 0, linear=linear)
    with pytest.raises(InputError, match="CycleUNet: found no linear estimate, expected one"):
        build_signal_denoiser(CycleUNetConfig(name="CycleUNet"), 0)
