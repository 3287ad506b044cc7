"""Windows, their attention against a direct sum over pairs of voxels, and what padding may change."""

import pytest
import torch

from mpipipe.config.networks import SwinIRConfig
from mpipipe.networks.attention import WindowAttention
from mpipipe.networks.registry import build_network
from mpipipe.networks.windows import Windowing, merge, partition, relative_positions


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_partition_cuts_windows_in_order():
    grid = torch.arange(4 * 6).view(1, 4, 6, 1)
    windows = partition(grid, 2)[0, :, :, 0]
    assert windows.tolist()[:4] == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11], [12, 13, 18, 19]]


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_windows_go_back_to_their_grid(shift):
    tokens = random(2, 8, 12, 3)
    assert torch.equal(merge(partition(tokens, 4), (8, 12)), tokens)
    windowing = Windowing.of(tokens.permute(0, 3, 1, 2), None, 4, shift)
    assert torch.equal(windowing.join(windowing.cut(tokens), (8, 12)), tokens)


@pytest.mark.parametrize("window", [2, 3, 8])
def test_relative_positions_tell_every_displacement(window):
    positions = relative_positions(window)
    found = {}
    for i in range(window**2):
        for j in range(window**2):
            displacement = (i // window - j // window, i % window - j % window)
            assert found.setdefault(displacement, positions[i, j].item()) == positions[i, j]
    assert sorted(found.values()) == list(range((2 * window - 1) ** 2))


@pytest.mark.parametrize("shift", [0, 2, 3])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_in_windows_is_a_sum_over_neighbours(shift, masked):
    window, heads, width, grid = 4, 2, 6, (8, 12)
    attention, tokens = WindowAttention(width, heads, window), random(2, *grid, width)
    attention.bias.data = random(*attention.bias.shape, seed=1)
    measured = None
    if masked:
        measured = (torch.rand(2, 1, *grid, generator=torch.Generator().manual_seed(2)) < 0.6).float()
        measured[..., 1::2] = 1  # a key in every window
    windowing = Windowing.of(tokens.permute(0, 3, 1, 2), measured, window, shift)
    with torch.no_grad():
        windows = attention(windowing.cut(tokens), windowing.pairs, windowing.keys)
        got = windowing.join(windows, grid)
        expected = by_definition(attention, tokens, measured, window, shift)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


def by_definition(attention, tokens, measured, window, shift):
    """Voxels see the measured ones of their window; the window borders lie at `shift` modulo the window."""
    heads, width = attention.heads, tokens.shape[-1]
    voxels = [(x, y) for x in range(tokens.shape[1]) for y in range(tokens.shape[2])]
    out = torch.zeros_like(tokens)
    for b in range(len(tokens)):
        q, k, v = attention.qkv(tokens[b]).view(*tokens.shape[1:3], 3, heads, -1).unbind(2)
        for i in voxels:
            home = [(a - shift) // window for a in i]
            keys = [j for j in voxels if [(a - shift) // window for a in j] == home]
            seen = [j for j in keys if measured is None or measured[b, 0][j] > 0]
            assert seen, "the mask must leave a key in every window"
            mixed = []
            for head in range(heads):
                index = [
                    (i[0] - j[0] + window - 1) * (2 * window - 1) + i[1] - j[1] + window - 1 for j in seen
                ]
                scores = torch.stack([q[i][head] @ k[j][head] for j in seen]) / (width // heads) ** 0.5
                weights = (scores + attention.bias[index, head]).softmax(0)
                mixed.append(weights @ torch.stack([v[j][head] for j in seen]))
            out[b][i] = attention.projection(torch.cat(mixed))
    return out


CONFIG = SwinIRConfig(embedding=12, depths=(2, 2), heads=3, window=4)


def lively(config, seed):
    """Return a network whose residual is not small."""
    network = build_network(config, 2, seed)
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        parameter.data.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return network


def test_padding_by_whole_windows_changes_nothing():
    network, x = lively(CONFIG, 1), random(2, 2, 8, 12)
    padded, measured = random(2, 2, 16, 24, seed=2), torch.zeros(2, 1, 16, 24)
    padded[..., 4:12, 8:20], measured[..., 4:12, 8:20] = x, 1
    torch.testing.assert_close(network(padded, measured)[..., 4:12, 8:20], network(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(9, 7), (5, 4), (1, 3)])
def test_own_padding_is_the_padding_of_a_patch(size):
    network, x = lively(CONFIG, 3), random(2, 2, *size)
    inside = (..., slice(size[0]), slice(size[1]))
    padded, measured = random(2, 2, 12, 8, seed=4), torch.zeros(2, 1, 12, 8)
    padded[inside], measured[inside] = x, 1
    torch.testing.assert_close(network(padded, measured)[inside], network(x), rtol=1e-4, atol=1e-4)


def test_shifted_windows_let_every_voxel_reach_the_next_window():
    # Perceptrons and attention only: without convolutions a voxel is seen within its windows alone.
    network, x = lively(SwinIRConfig(embedding=6, depths=(2,), heads=2, window=4), 5), random(1, 2, 12, 12)
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, torch.nn.Conv2d):
                part.weight[..., [0, 0, 0, 1, 1, 2, 2, 2], [0, 1, 2, 0, 2, 0, 1, 2]] = 0
    x.requires_grad_()
    network(x)[0, 0, 5, 5].backward()
    seen = (x.grad[0].abs().amax(0) > 0).nonzero()
    # The shifted window of voxel 5 is 2 … 5, and the plain windows of those are 0 … 7.
    assert (seen.amin(0).tolist(), seen.amax(0).tolist(), len(seen)) == ([0, 0], [7, 7], 64)
