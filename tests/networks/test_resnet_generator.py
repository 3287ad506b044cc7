import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from mpipipe.config.deblurrer import ResNetConfig
from mpipipe.errors import InputError
from mpipipe.networks.deblurrers import build_deblurrer
from mpipipe.networks.registry import num_parameters
from mpipipe.networks.resnet_generator import ResNetGenerator, _dropped
from mpipipe.storage.weights import write_weights

TINY = ResNetConfig(width=4, blocks=2, dropout=0.5)


def images(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def sequential(config, inputs, outputs):
    """The published generator as a plain list of PyTorch's layers."""
    w = config.width

    def convolved(convolution, width):
        return [convolution, nn.InstanceNorm2d(width), nn.ReLU()]

    def block():
        layers = [
            nn.ReflectionPad2d(1),
            *convolved(nn.Conv2d(4 * w, 4 * w, 3), 4 * w),
            nn.ReflectionPad2d(1),
            nn.Conv2d(4 * w, 4 * w, 3),
            nn.InstanceNorm2d(4 * w),
        ]
        return Residual(nn.Sequential(*layers))

    def up(a, b):
        return convolved(nn.ConvTranspose2d(a, b, 3, stride=2, padding=1, output_padding=1), b)

    return nn.Sequential(
        nn.ReflectionPad2d(3),
        *convolved(nn.Conv2d(inputs, w, 7), w),
        *convolved(nn.Conv2d(w, 2 * w, 3, stride=2, padding=1), 2 * w),
        *convolved(nn.Conv2d(2 * w, 4 * w, 3, stride=2, padding=1), 4 * w),
        *(block() for _ in range(config.blocks)),
        *up(4 * w, 2 * w),
        *up(2 * w, w),
        nn.ReflectionPad2d(3),
        nn.Conv2d(w, outputs, 7),
    )


class Residual(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        return x + self.layers(x)


def test_published_generator_has_its_number_of_parameters():
    ends = (3 * 64 * 49 + 64) + (64 * 3 * 49 + 3)
    down = (64 * 128 * 9 + 128) + (128 * 256 * 9 + 256)
    up = (256 * 128 * 9 + 128) + (128 * 64 * 9 + 64)
    blocks = 9 * 2 * (256 * 256 * 9 + 256)
    published = num_parameters(ResNetGenerator(ResNetConfig(), inputs=3, outputs=3))
    assert published == ends + down + up + blocks == 11_378_179  # "11.378 M"
    # One channel less at the input, two at the output.
    ours = num_parameters(build_deblurrer(ResNetConfig(), seed=0))
    assert ours == published - 64 * 49 - 2 * (64 * 49 + 1) == 11_368_769


@pytest.mark.parametrize("shape", [(12, 16), (8, 8), (20, 12)])
def test_layers_are_those_of_the_published_generator(shape):
    ours, theirs = build_deblurrer(TINY, seed=3).eval(), sequential(TINY, 2, 1).eval()
    with torch.no_grad():
        for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            other.copy_(one)
    x = images(3, 2, *shape)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 5), (7, 10), (13, 9), (30, 8), (80, 80)])
def test_any_side_is_kept(shape):
    network = build_deblurrer(TINY, seed=0)
    assert network(images(1, 2, *shape)).shape == (1, 1, *shape)


@pytest.mark.parametrize("shape", [(9, 12), (11, 10), (13, 7)])
def test_sides_are_reflected_to_multiples_of_four(shape):
    network, x = build_deblurrer(TINY, seed=0).eval(), images(2, 2, *shape)
    missing = [(0, 0), (0, 0), *((0, -n % 4) for n in shape)]
    larger = torch.from_numpy(np.pad(x.numpy(), missing, mode="reflect"))
    torch.testing.assert_close(network(x), network(larger)[..., : shape[0], : shape[1]])


def test_too_small_images_are_refused():
    with pytest.raises(InputError, match="ResNet: found 4 × 9 pixels, expected at least 5"):
        build_deblurrer(TINY, seed=0)(images(1, 2, 4, 9))


def test_output_is_linear_in_the_last_layer_and_has_either_sign():
    network, x = build_deblurrer(TINY, seed=0).eval(), images(1, 2, 12, 12)
    with torch.no_grad():
        before = network(x)
        network.last.weight.mul_(1024)
        assert (before < 0).any()
        assert torch.equal(network(x), 1024 * before)
        assert network(x).abs().max() > 1


def test_absolute_scale_is_lost_inside():
    """Why images are normalised before, and scaled back after the network."""
    network, x = build_deblurrer(TINY, seed=0).double().eval(), images(1, 2, 12, 12).double()
    # 1e-5 in the denominator of the first normalisation is what is left of it.
    torch.testing.assert_close(network(1000 * x), network(2000 * x), rtol=1e-6, atol=1e-6)


def test_dropout_keeps_the_mean_and_follows_the_seed():
    ones = torch.ones(20, 10, 30, 30)
    torch.manual_seed(1)
    dropped = _dropped(ones, 0.3)
    torch.manual_seed(1)
    assert torch.equal(_dropped(ones, 0.3), dropped)
    np.testing.assert_allclose(dropped.unique().numpy(), [0, 1 / 0.7], rtol=1e-6)
    deviation = np.sqrt(0.3 * 0.7 / ones.numel())
    assert (dropped == 0).double().mean().item() == pytest.approx(0.3, abs=5 * deviation)
    assert _dropped(ones.bfloat16(), 0.5).dtype == torch.bfloat16


def test_dropout_acts_in_training_only():
    network, x = build_deblurrer(TINY, seed=0), images(1, 2, 12, 12)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))
    without = build_deblurrer(TINY.model_copy(update={"dropout": 0.0}), seed=0)
    torch.testing.assert_close(without(x), network(x))


@pytest.mark.parametrize("normalisation", ["instance", "none"])
def test_weights_follow_from_the_seed(normalisation):
    config = TINY.model_copy(update={"normalisation": normalisation})
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    one, same, other = (build_deblurrer(config, seed).state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["first.weight"], other["first.weight"])


def test_initial_weights_have_the_published_deviation():
    weights = build_deblurrer(ResNetConfig(width=16), seed=0).blocks[0].convolutions[0].weight.detach()
    count = weights.numel()
    assert weights.std().item() == pytest.approx(0.02, rel=5 / np.sqrt(2 * count))
    assert weights.mean().item() == pytest.approx(0, abs=5 * 0.02 / np.sqrt(count))


def test_saved_weights_give_the_same_images(tmp_path):
    network, x = build_deblurrer(TINY, seed=3).eval(), images(2, 2, 10, 12)
    write_weights(tmp_path / "weights.safetensors", network.state_dict())
    loaded = build_deblurrer(TINY, seed=4).eval()
    loaded.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    assert torch.equal(loaded(x), network(x))


def test_every_weight_but_the_idle_biases_gets_a_gradient():
    network = build_deblurrer(TINY, seed=0)
    network(images(2, 2, 12, 12)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        # A bias before a normalisation shifts all that the mean takes away again.
        if name.endswith("weight") or name == "last.bias":
            assert parameter.grad.abs().max() > 0, name


def test_without_normalisation_features_keep_their_size_and_what_they_depend_on():
    config = ResNetConfig(width=16, blocks=9, dropout=0, normalisation="none")
    plain = build_deblurrer(config, seed=0).eval()
    x = torch.randn(2, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        hidden = plain.first(nn.functional.pad(x, (3,) * 4, mode="reflect")).relu()
        assert 0.5 < (hidden.square().mean() / x.square().mean()).item() < 2
        # Nothing but biases of zero and homogeneous layers: twice the input is twice the output.
        torch.testing.assert_close(plain(2 * x), 2 * plain(x), rtol=1e-4, atol=1e-6)
        normalised = build_deblurrer(config.model_copy(update={"normalisation": "instance"}), seed=0).eval()
        assert (normalised(2 * x) - 2 * normalised(x)).abs().max() > 0.1 * normalised(x).abs().max()
