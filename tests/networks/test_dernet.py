"""DERnet: the counts and widths of the paper, and its equations."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from mpipipe.config.reconstructors import DERnetConfig
from mpipipe.networks.reconstructors import build_reconstructor
from mpipipe.networks.registry import num_parameters
from tests.networks.systems import box_images, normalised_signals, random_matrix

SMALL = DERnetConfig(unet_width=16)
OPENMPI, IN_HOUSE = (839, (19, 19)), (139, (11, 11))


@pytest.mark.parametrize(("system", "count"), [(OPENMPI, 9_692_128), (IN_HOUSE, 538_208)])
def test_domain_transformation_has_the_published_weights(system, count):
    network = build_reconstructor(DERnetConfig(), random_matrix(*system), seed=0)
    assert num_parameters(network.mapping.domain_transformation) == count
    assert network.mapping.domain_transformation.bias is None


def test_all_weights_are_those_of_the_layers():
    def convolutions(*sizes):
        return sum(
            a * b * k * k + 2 * b for a, b, k in sizes
        )  # with the two weights of a norm in place of a bias

    def attention(width):
        hidden = width // 4
        return 2 * width * hidden + hidden + width + 2 * 49 + 2

    signal = 2 * 8 * 3 + 8 + 8 * 8 * 3 + 8
    branches = convolutions((4, 4, 1), (4, 4, 3), (4, 4, 5)) + 16 * 16 * 9 + 16
    fusion = convolutions((16, 8, 3), (8, 8, 3))
    widths = (32, 32, 32, 64, 128)
    steps = list(pairwise(widths))
    encoder = convolutions(*((a, b, 3) for fine, w in [(8, 32), *steps] for a, b in ((fine, w), (w, w))))
    up = sum(coarse * fine * 4 + fine for fine, coarse in steps)
    decoder = convolutions(*((a, fine, 3) for fine, _ in steps for a in (2 * fine, fine)))
    output = 32 * 8 + 8 + 8 * 8 * 9 + 8 + 8 * 9 + 1
    expected = (
        9_692_128
        + signal
        + branches
        + attention(16)
        + fusion
        + encoder
        + up
        + decoder
        + attention(8)
        + output
    )
    network = build_reconstructor(DERnetConfig(), random_matrix(*OPENMPI), seed=0)
    assert num_parameters(network) == expected


@pytest.mark.parametrize(("system", "levels"), [(OPENMPI, 4), (IN_HOUSE, 3)])
def test_features_have_the_published_widths(system, levels):
    components, grid = system
    network, shapes = build_reconstructor(DERnetConfig(), random_matrix(*system), seed=0).eval(), {}
    parts = {
        "U0": network.mapping.signal_layers,
        "I1": network.mapping.to_grid,
        "I2": network.mapping.gather,
        "I3": network.mapping,
        "bottom": network.unet.encoder[-1],
        "U-Net": network.unet,
    }
    for name, part in parts.items():
        part.register_forward_hook(
            lambda module, inputs, output, name=name: shapes.update({name: output.shape[1:]})
        )
    network(torch.randn(2, 2, components))
    assert len(network.unet.encoder) == levels + 1
    assert shapes == {
        "U0": (8, components),
        "I1": (4, *grid),
        "I2": (16, *grid),
        "I3": (8, *grid),
        "bottom": (128, 2, 2),
        "U-Net": (8, *grid),
    }


def test_domain_transformation_is_a_matrix_times_the_signal_in_c_order():
    mapping = build_reconstructor(SMALL, random_matrix(), seed=1).mapping.eval()
    signal = torch.randn(3, 2, 30)
    seen = []
    mapping.to_grid.register_forward_hook(lambda module, inputs, output: seen.append(output.detach().numpy()))
    with torch.no_grad():
        mapping(signal)
        filtered = mapping.signal_layers[2](mapping.signal_layers[1](signal)).numpy()
    W = mapping.domain_transformation.weight.detach().numpy()
    expected = np.stack([(W @ item.reshape(-1)).reshape(4, 7, 5) for item in filtered])
    np.testing.assert_allclose(seen[0], expected, rtol=1e-4, atol=1e-6)


def test_signal_layers_are_linear_between_dropouts():
    layers = build_reconstructor(
        DERnetConfig(dropout_signal=0.1), random_matrix(), seed=1
    ).mapping.signal_layers
    assert [type(layer) for layer in layers] == [nn.Dropout, nn.Conv1d, nn.Conv1d, nn.Dropout]
    assert (layers[0].p, layers[3].p) == (0.1, 0.05)
    assert {layers[i].kernel_size for i in (1, 2)} == {(3,)}


@pytest.mark.parametrize("system", [(30, (7, 5)), (1, (2, 3)), (2, (5, 1))])
def test_joined_linear_part_is_the_layers_one_after_the_other(system):
    components, grid = system
    network = build_reconstructor(SMALL, random_matrix(*system), seed=1)
    mapping, signal = network.mapping, torch.randn(6, 2, components)
    with torch.no_grad():
        apart = network.eval()(signal)
        mapping.join_linear_part()
        taken = []
        mapping.domain_transformation.register_forward_hook(lambda *_: taken.append(1))
        torch.testing.assert_close(network(signal), apart, rtol=1e-4, atol=1e-5 * float(apart.max()))
        assert not taken
    assert mapping.joined_weight.shape == (4 * grid[0] * grid[1], 2 * components)
    network.train()(signal).sum().backward()  # what learns is the layers
    assert taken
    assert mapping.domain_transformation.weight.grad is not None


def test_joined_linear_part_is_not_rounded_to_bfloat16():
    mapping, signal = (
        build_reconstructor(SMALL, random_matrix(), seed=1).mapping.eval(),
        torch.randn(6, 2, 30),
    )
    mapping.join_linear_part()
    seen = []
    mapping.to_grid.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0].detach()))
    with torch.no_grad():
        mapping(signal)
        with torch.autocast("cpu", torch.bfloat16):
            mapping(signal)
    assert torch.equal(*seen)


def test_joined_linear_part_is_no_state_and_follows_what_is_loaded():
    one, other = (build_reconstructor(SMALL, random_matrix(), seed).eval() for seed in (1, 2))
    names = set(one.state_dict())
    one.mapping.join_linear_part()
    assert set(one.state_dict()) == names
    one.load_state_dict(other.state_dict())
    signal = torch.randn(3, 2, 30)
    with torch.no_grad():
        torch.testing.assert_close(one(signal), other(signal), rtol=1e-4, atol=1e-6)


def test_branches_see_one_three_and_five_voxels():
    branches = build_reconstructor(SMALL, random_matrix(), seed=2).mapping.branches.eval()
    for branch, side in zip(branches, (1, 3, 5), strict=True):
        x = torch.randn(1, 4, 9, 9)
        moved = x.clone()
        moved[0, :, 4, 4] += 10 * torch.randn(4)
        with torch.no_grad():
            changed = (branch[0](moved) - branch[0](x)).abs().amax((0, 1)) > 0
        expected = torch.zeros(9, 9, dtype=torch.bool)
        expected[4 - side // 2 : 5 + side // 2, 4 - side // 2 : 5 + side // 2] = True
        assert torch.equal(changed, expected)


def test_unet_is_a_residual():
    network = build_reconstructor(SMALL, random_matrix(), seed=3).eval()
    signal, _ = normalised_signals(random_matrix(), box_images(3, (7, 5)))
    with torch.no_grad():
        features = network.mapping(signal)
        full = network.output(features + network.unet(features))[:, 0] / network.gain
        torch.testing.assert_close(network(signal), full)
        network.unet.last.weight.zero_()
        network.unet.last.bias.zero_()
        torch.testing.assert_close(network(signal), network.output(features)[:, 0] / network.gain)
    assert not torch.equal(network(signal), full)


def test_dropout_acts_in_training_only():
    network = build_reconstructor(SMALL, random_matrix(), seed=4)
    signal, _ = normalised_signals(random_matrix(), box_images(8, (7, 5)))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.equal(network.mapping.signal_layers(signal), network.mapping.signal_layers(signal))
    network.eval()
    assert torch.equal(network.mapping.signal_layers(signal), network.mapping.signal_layers(signal))
    undropped = build_reconstructor(
        DERnetConfig(unet_width=16, dropout_signal=0, dropout_features=0), random_matrix(), seed=4
    )
    assert torch.equal(undropped(signal), undropped(signal))


def test_no_seed_starts_with_images_of_zeros():
    signal, _ = normalised_signals(random_matrix(), box_images(8, (7, 5)))
    for seed in range(30):
        network = build_reconstructor(SMALL, random_matrix(), seed)
        assert (network(signal) > 0).float().mean() > 0.1
