import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mpipipe.config.train import DnCNNConfig
from mpipipe.errors import InputError
from mpipipe.networks.masking import MaskedBatchNorm
from mpipipe.networks.registry import NETWORKS, build_network, num_parameters

SMALL = {
    "DnCNN": DnCNNConfig(depth=4, width=6),
    "DnCNN masked": DnCNNConfig(depth=4, width=6, border="masked"),
    "DnCNN plain": DnCNNConfig(depth=4, width=6, normalisation="none"),
    "DnCNN plain masked": DnCNNConfig(depth=4, width=6, normalisation="none", border="masked"),
}
EVERY = pytest.mark.parametrize("config", SMALL.values(), ids=SMALL)
DIMENSION = pytest.mark.parametrize("dimension", [2, 3])


def images(dimension, size=(9, 7, 5), batch=3, seed=0):
    return torch.randn(batch, 2, *size[:dimension], generator=torch.Generator().manual_seed(seed))


def test_every_network_is_tested():
    assert {config.name for config in SMALL.values()} == set(NETWORKS)


@EVERY
@DIMENSION
@pytest.mark.parametrize("size", [(9, 7, 5), (12, 12, 12), (1, 3, 2)])
def test_output_has_the_shape_of_the_input(config, dimension, size):
    network, x = build_network(config, dimension, seed=1), images(dimension, size)
    y = network(x)
    assert y.shape == x.shape
    assert y.dtype == torch.float32
    assert torch.isfinite(y).all()


@EVERY
@DIMENSION
def test_one_batch_trains(config, dimension):
    network, x = build_network(config, dimension, seed=2), images(dimension)
    truth, optimiser = torch.zeros_like(x), torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(150):
        loss = (network(x) - truth).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())
    assert losses[-1] < 0.5 * losses[0]


@EVERY
@DIMENSION
def test_weights_survive_safetensors(config, dimension, tmp_path):
    network, x = build_network(config, dimension, seed=3), images(dimension)
    network(x)  # moves running statistics
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, tmp_path / "w.safetensors")
    other = build_network(config, dimension, seed=4)
    other.load_state_dict(load_file(tmp_path / "w.safetensors"))
    assert torch.equal(network.eval()(x), other.eval()(x))


@EVERY
def test_seed_decides_the_weights_and_leaves_the_global_state(config):
    before = torch.get_rng_state()
    one, same, other = (build_network(config, 2, seed=s).state_dict() for s in (5, 5, 6))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("config", [c for c in SMALL.values() if c.border == "masked"])
@DIMENSION
@pytest.mark.parametrize("training", [False, True])
def test_padding_of_a_masked_network_changes_nothing(config, dimension, training):
    network, x = build_network(config, dimension, seed=7).train(training), images(dimension)
    rng = np.random.default_rng(8)
    size = tuple(n + int(extra) for n, extra in zip(x.shape[2:], rng.integers(1, 6, dimension), strict=True))
    offset = tuple(int(rng.integers(0, s - n + 1)) for s, n in zip(size, x.shape[2:], strict=True))
    inside = tuple(slice(o, o + n) for o, n in zip(offset, x.shape[2:], strict=True))
    padded = torch.randn(len(x), 2, *size, generator=torch.Generator().manual_seed(9))
    valid = torch.zeros(len(x), 1, *size)
    padded[(slice(None), slice(None), *inside)] = x
    valid[(slice(None), slice(None), *inside)] = 1
    got = network(padded, valid)[(slice(None), slice(None), *inside)]
    torch.testing.assert_close(got, network(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("dimension", "count"), [(2, 558_210), (3, 1_668_738)])
def test_published_dncnn_has_its_parameters(dimension, count):
    assert num_parameters(build_network(DnCNNConfig(), dimension, seed=0)) == count


def test_published_dncnn_has_its_layers():
    network = build_network(DnCNNConfig(), 2, seed=0)
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [64] * 16 + [2]
    assert {c.kernel_size for c in convolutions} == {(3, 3)}
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules()) == 15


def test_output_is_the_input_minus_a_predicted_noise():
    network, x = build_network(SMALL["DnCNN plain"], 2, seed=0).eval(), images(2)
    with torch.no_grad():
        for parameter in network.convolutions[-1].parameters():
            parameter.zero_()
    assert torch.equal(network(x), x)


@pytest.mark.parametrize("training", [True, False])
def test_masked_norm_without_mask_is_pytorchs(training):
    ours, theirs, x = MaskedBatchNorm(4), torch.nn.BatchNorm2d(4), 3 + 2 * torch.randn(5, 4, 6, 7)
    for _ in range(3):
        a, b = ours.train()(x), theirs.train()(x)
    if not training:
        a, b = ours.eval()(x), theirs.eval()(x)
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.running_var, theirs.running_var, rtol=1e-4, atol=1e-5)


def test_wrong_dimension_is_refused():
    with pytest.raises(InputError, match="found dimension 4"):
        build_network(DnCNNConfig(), 4, seed=0)
