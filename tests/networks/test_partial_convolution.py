"""Partial convolution against its definition, voxel by voxel, and what follows from it for the U-Net."""

from itertools import product

import pytest
import torch
from torch.nn import functional

from mpipipe.config.networks import PConvUNetConfig
from mpipipe.networks.partial_convolution import PartialConvolution
from mpipipe.networks.registry import build_network, num_parameters

DIMENSION = pytest.mark.parametrize("dimension", [2, 3])


def layer(dimension, inputs, kernel=3, stride=1):
    made = PartialConvolution(dimension, inputs, 4, kernel, stride)
    generator = torch.Generator().manual_seed(1)
    for parameter in made.parameters():
        parameter.data.normal_(generator=generator)
    return made


def parts(dimension, features=(3,), share=0.4, size=(6, 5, 4), seed=2):
    generator = torch.Generator().manual_seed(seed)
    shape = size[:dimension]
    return [
        (
            torch.randn(2, n, *shape, generator=generator),
            (torch.rand(2, 1, *shape, generator=generator) < share).float(),
        )
        for n in features
    ]


def by_definition(made, given):
    """W · (X ⊙ M) · (window size / Σ M) + b where Σ M > 0, and the new mask, in double precision."""
    x = torch.cat([x for x, _ in given], 1).double()
    m = torch.cat([m.expand_as(x) for x, m in given], 1).double()
    weight, bias = made.convolution.weight.double(), made.bias.double()
    kernel, stride, grid = made.kernel, made.stride, x.shape[2:]
    coarse = tuple((n + stride - 1) // stride for n in grid)
    out, mask = torch.zeros(len(x), len(bias), *coarse).double(), torch.zeros(len(x), 1, *coarse).double()
    for b in range(len(x)):
        for place in product(*map(range, coarse)):
            total, value = 0.0, torch.zeros(len(bias)).double()
            for step in product(range(kernel), repeat=len(grid)):
                at = tuple(stride * p + s - kernel // 2 for p, s in zip(place, step, strict=True))
                if all(0 <= a < n for a, n in zip(at, grid, strict=True)):
                    seen = m[(b, slice(None), *at)]
                    total += seen.sum().item()
                    value += weight[(..., *step)] @ torch.where(seen > 0, x[(b, slice(None), *at)], 0)
            if total > 0:
                out[(b, slice(None), *place)] = value * (x.shape[1] * kernel ** len(grid) / total) + bias
                mask[(b, 0, *place)] = 1
    return out, mask


@DIMENSION
@pytest.mark.parametrize(
    ("kernel", "stride", "features"), [(3, 1, (3,)), (3, 2, (2,)), (5, 2, (1,)), (3, 1, (2, 3))]
)
def test_layer_is_its_definition(dimension, kernel, stride, features):
    made, given = layer(dimension, sum(features), kernel, stride), parts(dimension, features, share=0.1)
    with torch.no_grad():
        got, expected = made(*given), by_definition(made, given)
    torch.testing.assert_close(got[0], expected[0].float(), rtol=1e-4, atol=1e-4)
    assert torch.equal(got[1], expected[1].float())
    assert 0 < got[1].mean() < 1 or stride == 2


@DIMENSION
def test_full_mask_gives_a_convolution_rescaled_at_the_border(dimension):
    made, ((x, _),) = layer(dimension, 3), parts(dimension)
    got, mask = made((x, torch.ones_like(x[:, :1])))
    convolve = {2: functional.conv2d, 3: functional.conv3d}[dimension]
    bias = made.bias.view(-1, *(1,) * dimension)
    ordinary = convolve(x, made.convolution.weight, padding=1)
    inner = (..., *(slice(1, -1),) * dimension)
    torch.testing.assert_close(got[inner], (ordinary + bias)[inner])
    # In a corner two of three voxels lie on the grid along each axis.
    corner = (..., *(0,) * dimension)
    torch.testing.assert_close(got[corner], ordinary[corner] * 1.5**dimension + made.bias)
    assert torch.equal(mask, torch.ones_like(mask))


@DIMENSION
def test_mask_grows_by_a_voxel_on_each_side(dimension):
    made, mask = layer(dimension, 1), torch.zeros(1, 1, *(9,) * dimension)
    mask[(..., *(4,) * dimension)] = 1
    for reach in range(1, 5):
        mask = made((torch.zeros_like(mask), mask))[1]
        expected = torch.zeros_like(mask)
        expected[(..., *(slice(4 - reach, 5 + reach),) * dimension)] = 1
        assert torch.equal(mask, expected)


@DIMENSION
@pytest.mark.parametrize("normalisation", ["batch", "none"])
@pytest.mark.parametrize("hidden", [1e6, float("inf"), float("nan")])
def test_missing_voxels_change_neither_output_nor_gradients(dimension, normalisation, hidden):
    config = PConvUNetConfig(widths=(4, 6), kernels=(3, 3), normalisation=normalisation)
    ((x, mask),) = parts(dimension, (2,), share=0.7, size=(9, 7, 5))
    outcomes = []
    for value in (0.0, hidden):
        network = build_network(config, dimension, seed=3)
        y = network(torch.where(mask > 0, x, value), mask)
        y.square().sum().backward()
        outcomes.append([y, *(p.grad for p in network.parameters())])
    assert all(torch.isfinite(a).all() and torch.equal(a, b) for a, b in zip(*outcomes, strict=True))


@DIMENSION
def test_every_measured_voxel_counts(dimension):
    network = build_network(PConvUNetConfig(widths=(4, 6), kernels=(3, 3)), dimension, seed=4).eval()
    ((x, mask),) = parts(dimension, (2,), share=0.7)
    x.requires_grad_()
    network(x, mask).square().sum().backward()
    assert torch.equal(x.grad.abs().amax(1, keepdim=True) > 0, mask > 0)


def test_nothing_measured_gives_zeros():
    network = build_network(PConvUNetConfig(widths=(4, 6), kernels=(3, 3)), 3, seed=5)
    assert not network(torch.randn(2, 2, 5, 4, 3), torch.zeros(2, 1, 5, 4, 3)).any()


def test_unet_fills_a_hole_of_any_size():
    network = build_network(PConvUNetConfig(widths=(4, 4, 4), kernels=(3, 3, 3)), 2, seed=6)
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, PartialConvolution) and part.bias is not None:
                part.bias.fill_(1)
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., 0, 0] = 1
    # Three halvings of 8 voxels leave one, which has seen the corner.
    assert (network(torch.zeros(1, 2, 8, 8), mask) != 0).all()


@DIMENSION
@pytest.mark.parametrize("normalises", [True, False])
def test_default_sizes_have_the_parameters_of_the_published_layers(dimension, normalises):
    encoder = [(2, 64, 7), (64, 128, 5), (128, 256, 5), (256, 512, 3)]
    decoder = [(512 + 256, 256, 3), (256 + 128, 128, 3), (128 + 64, 64, 3)]
    last = (64 + 2) * 2 * 3**dimension + 2
    count = sum(a * b * k**dimension for a, b, k in encoder + decoder) + last
    # A bias each, or scale and shift of a norm, which the first layer has not.
    count += sum(b for _, b, _ in encoder + decoder) + normalises * sum(
        b for _, b, _ in encoder[1:] + decoder
    )
    config = PConvUNetConfig(normalisation="batch" if normalises else "none")
    assert num_parameters(build_network(config, dimension, seed=0)) == count
