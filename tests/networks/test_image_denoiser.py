"""PP-MPI's denoiser."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from mpipipe.config.reconstructors import ImageDenoiserConfig
from mpipipe.networks.reconstructors import build_image_denoiser
from mpipipe.networks.registry import num_parameters
from tests.networks.systems import box_images

SMALL = ImageDenoiserConfig(blocks=2, layers=2, width=6, growth=4)


def noisy_images(grid=(11, 11), count=8, sigma=0.1):
    clean = torch.from_numpy(box_images(count, grid))[:, None]
    return clean, clean + sigma * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))


def test_default_has_the_published_parameters():
    assert num_parameters(build_image_denoiser(ImageDenoiserConfig(), seed=0)) == 58_393


@pytest.mark.parametrize("grid", [(19, 19), (11, 11), (7, 5), (1, 1)])
def test_output_has_the_shape_of_the_input_and_is_not_negative(grid):
    image = build_image_denoiser(SMALL, seed=1)(torch.randn(3, 1, *grid))
    assert image.shape == (3, 1, *grid)
    assert image.dtype == torch.float32
    assert image.min() >= 0


def test_it_starts_near_the_positive_part_of_the_input():
    _, noisy = noisy_images()
    residual = build_image_denoiser(ImageDenoiserConfig(), seed=2)(noisy) - noisy.relu()
    assert 0 < residual.square().mean() < 0.05 * noisy.square().mean()


def test_every_parameter_has_a_gradient():
    network = build_image_denoiser(SMALL, seed=3)
    network(noisy_images()[1]).square().mean().backward()
    assert {n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().max() > 0} == set()


def test_one_batch_trains():
    (clean, noisy), network = noisy_images(), build_image_denoiser(SMALL, seed=4)
    optimiser, losses = torch.optim.Adam(network.parameters(), 3e-3), []
    for _ in range(100):
        loss = (network(noisy) - clean).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    # Below half of the noise that is left once negative values are set to zero.
    assert losses[-1] < 0.5 * (noisy.relu() - clean).abs().mean()


def test_mixed_precision_gives_single_precision():
    network, (_, noisy) = build_image_denoiser(SMALL, seed=5), noisy_images()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = network(noisy)
    assert mixed.dtype == torch.float32
    assert 0 < (mixed - network(noisy)).abs().max() < 0.05


def test_weights_survive_safetensors_and_follow_from_the_seed(tmp_path):
    before = torch.get_rng_state()
    network, same, other = (build_image_denoiser(SMALL, seed) for seed in (6, 6, 7))
    assert torch.equal(before, torch.get_rng_state())
    _, noisy = noisy_images()
    assert torch.equal(network(noisy), same(noisy))
    assert not torch.equal(network(noisy), other(noisy))
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    other.load_state_dict(load_file(tmp_path / "w.safetensors"))
    assert torch.equal(network(noisy), other(noisy))
