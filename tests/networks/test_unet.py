"""The U-Net's way down and up again on grids of any size."""

import numpy as np
import pytest
import torch

from mpipipe.networks.unet import UNet, block, poolings


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ((19, 19), 4),
        ((11, 11), 3),
        ((19, 11), 3),
        ((40, 40), 4),
        ((5, 9), 2),
        ((3, 3), 1),
        ((2, 2), 0),
        ((1, 8), 0),
    ],
)
def test_poolings_leave_two_voxels(grid, expected):
    assert poolings(grid, most=4) == expected
    side = min(grid)
    for _ in range(expected):
        side = -(-side // 2)
    assert side >= 2 or min(grid) == 1


def test_poolings_are_no_more_than_asked_for():
    assert [poolings((19, 19), most) for most in (0, 1, 2, 3, 4, 8)] == [0, 1, 2, 3, 4, 4]


@pytest.mark.parametrize("grid", [(19, 19), (11, 11), (7, 5), (19, 4), (16, 16), (1, 1)])
def test_output_has_the_shape_of_the_input(grid):
    x = torch.randn(2, 8, *grid)
    for levels in range(poolings(grid, 4) + 1):
        assert UNet(8, 128, levels).eval()(x).shape == x.shape


def test_features_double_and_the_grid_halves():
    network, seen = UNet(8, 128, 4), []
    for layers in network.encoder:
        layers.register_forward_hook(lambda module, inputs, output: seen.append(output.shape[1:]))
    network(torch.randn(2, 8, 19, 19))
    assert seen == [(8, 19, 19), (16, 10, 10), (32, 5, 5), (64, 3, 3), (128, 2, 2)]


@pytest.mark.parametrize(("least", "expected"), [(1, [8, 16, 32]), (12, [12, 16, 32]), (64, [32, 32, 32])])
def test_finer_grids_have_the_least_width(least, expected):
    network = UNet(3, 32, 2, least)
    assert [layers[0].out_channels for layers in network.encoder] == expected
    assert [layers[0].out_channels for layers in network.decoder] == expected[-2::-1]


@pytest.mark.parametrize("grid", [(19, 19), (11, 11), (7, 5), (6, 9)])
@pytest.mark.parametrize("levels", [1, 2, 3])
def test_every_voxel_returns_to_its_place(grid, levels):
    # Without convolutions, each voxel gets the maximum of the block of voxels that it lies in.
    network = UNet(1, 1, levels)
    network.encoder = torch.nn.ModuleList(torch.nn.Identity() for _ in network.encoder)
    network.decoder = torch.nn.ModuleList(torch.nn.Conv2d(2, 1, 1) for _ in network.decoder)
    for layers in [*network.upsampling, network.last]:
        torch.nn.init.ones_(layers.weight)
        torch.nn.init.zeros_(layers.bias)
    for layers in network.decoder:
        layers.weight.data = torch.tensor([0.0, 1.0]).view(1, 2, 1, 1)
        torch.nn.init.zeros_(layers.bias)
    image, side = np.random.default_rng(0).standard_normal(grid).astype(np.float32), 2**levels
    expected = np.empty(grid, np.float32)
    for x in range(0, grid[0], side):
        for y in range(0, grid[1], side):
            expected[x : x + side, y : y + side] = image[x : x + side, y : y + side].max()
    got = network(torch.from_numpy(image)[None, None])[0, 0].detach()
    np.testing.assert_array_equal(got, expected)


def test_fine_features_skip_the_coarse_grid():
    network, x = UNet(3, 8, 2).eval(), torch.randn(1, 3, 9, 7)
    with torch.no_grad():
        for layers in network.upsampling:
            layers.weight.zero_()
            layers.bias.zero_()
    zeros = torch.zeros(1, 2, 9, 7)
    expected = network.last(network.decoder[-1](torch.cat([network.encoder[0](x), zeros], 1)))
    torch.testing.assert_close(network(x), expected)


def test_block_is_convolution_normalisation_relu_for_each_kernel():
    layers = block(4, 6, (1, 5))
    assert [type(layer).__name__ for layer in layers] == ["Conv2d", "BatchNorm2d", "ReLU"] * 2
    assert [(layers[i].in_channels, layers[i].out_channels, layers[i].kernel_size) for i in (0, 3)] == [
        (4, 6, (1, 1)),
        (6, 6, (5, 5)),
    ]
