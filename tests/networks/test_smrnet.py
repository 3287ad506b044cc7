import numpy as np
import pytest
import torch

from mpipipe.config.networks import SMRnetConfig
from mpipipe.networks.dense import ResidualDenseBlock
from mpipipe.networks.registry import build_network
from mpipipe.networks.resampling import nearest


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 2)])
@pytest.mark.parametrize("factor", [2, 4])
def test_nearest_repeats_every_voxel(shape, factor):
    image = torch.randn(2, 3, *shape)
    expected = image.numpy()
    for axis in range(2, image.ndim):
        expected = np.repeat(expected, factor, axis)
    assert np.array_equal(nearest(image, factor).numpy(), expected)


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("factor", [2, 4])
def test_a_voxel_acts_around_its_own_place(dimension, factor):
    network = build_network(SMRnetConfig(factor=factor, width=3, blocks=1, growth=2), dimension, seed=1)
    with torch.no_grad():
        for block in network.blocks:
            for parameter in block.parameters():
                parameter.zero_()
        network.smooth.weight.zero_()
    x = torch.randn(1, 2, *(9,) * dimension)
    moved = x.clone()
    moved[(0, slice(None), *(4,) * dimension)] += 1
    changed = (network(moved) - network(x))[0].abs().amax(0).nonzero().double()
    centre = 4 * factor + (factor - 1) / 2
    # One convolution on the coarse grid, one at each finer grid, and two at the finest.
    reach = {2: 2 + 1 + 2, 4: 4 + 2 + 1 + 2}[factor]
    half = (factor - 1) / 2 + reach
    assert changed.amin(0).tolist() == [centre - half] * dimension
    assert changed.amax(0).tolist() == [centre + half] * dimension


def test_dense_block_sees_all_features_before():
    block = ResidualDenseBlock(2, width=3, growth=2, layers=2, fusion_kernel=1, slope=0.2, scale=0.5)
    x = torch.randn(1, 3, 6, 5)
    one = torch.nn.functional.leaky_relu(block.growing[0](x), 0.2)
    two = torch.nn.functional.leaky_relu(block.growing[1](torch.cat([x, one], 1)), 0.2)
    expected = x + 0.5 * block.fusion(torch.cat([x, one, two], 1))
    torch.testing.assert_close(block(x), expected)
