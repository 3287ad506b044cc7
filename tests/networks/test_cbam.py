"""CBAM against a computation with plain numpy."""

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from mpipipe.networks.cbam import CBAM, ChannelGate, SpatialGate


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def features(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def channel_weights(gate, x):
    first, _, second = gate.perceptron
    w1, b1, w2, b2 = (p.detach().numpy() for p in (first.weight, first.bias, second.weight, second.bias))

    def perceptron(pooled):
        return np.maximum(pooled @ w1.T + b1, 0) @ w2.T + b2

    return sigmoid(perceptron(x.mean((2, 3))) + perceptron(x.max((2, 3))))


def spatial_weights(gate, x):
    pooled = np.stack([x.max(1), x.mean(1)], 1)
    kernel = gate.convolution.weight.detach().numpy()[0]
    response = np.stack(
        [sum(correlate2d(p, k, "same") for p, k in zip(item, kernel, strict=True)) for item in pooled]
    )
    norm = gate.norm
    scaled = (response - norm.running_mean.item()) / np.sqrt(norm.running_var.item() + norm.eps)
    return sigmoid(scaled * norm.weight.item() + norm.bias.item())


@pytest.mark.parametrize(("width", "reduction", "hidden"), [(16, 4, 4), (8, 4, 2), (8, 16, 1)])
def test_channel_gate_is_its_definition(width, reduction, hidden):
    torch.manual_seed(1)
    gate, x = ChannelGate(width, reduction), features(3, width, 5, 7)
    assert gate.perceptron[0].out_features == hidden
    expected = x * channel_weights(gate, x)[:, :, None, None]
    np.testing.assert_allclose(gate(torch.from_numpy(x)).detach(), expected, rtol=1e-5, atol=1e-6)


def test_spatial_gate_is_its_definition():
    torch.manual_seed(2)
    gate, x = SpatialGate().eval(), features(3, 6, 9, 7)
    assert gate.convolution.kernel_size == (7, 7)
    assert gate.convolution.bias is None
    gate.norm.running_mean.fill_(0.3)
    gate.norm.running_var.fill_(2.5)
    gate.norm.weight.data.fill_(1.7)
    gate.norm.bias.data.fill_(-0.2)
    expected = x * spatial_weights(gate, x)[:, None]
    np.testing.assert_allclose(gate(torch.from_numpy(x)).detach(), expected, rtol=1e-5, atol=1e-6)


def test_channels_are_weighted_before_voxels():
    torch.manual_seed(3)
    module, x = CBAM(8, 4).eval(), features(2, 8, 11, 5)
    by_channel = x * channel_weights(module.channel, x)[:, :, None, None]
    expected = by_channel * spatial_weights(module.spatial, by_channel)[:, None]
    np.testing.assert_allclose(module(torch.from_numpy(x)).detach(), expected, rtol=1e-5, atol=1e-6)


def test_weights_do_not_depend_on_where_a_channel_peaks():
    torch.manual_seed(4)
    gate, x = ChannelGate(8, 4), torch.from_numpy(features(2, 8, 6, 5))
    torch.testing.assert_close(gate(x.flip(2)), gate(x).flip(2))
    order = torch.randperm(30)
    shuffled = x.flatten(2)[..., order].view_as(x)
    torch.testing.assert_close(gate(shuffled), gate(x).flatten(2)[..., order].view_as(x))
