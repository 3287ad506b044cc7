import pytest
import torch
from torch import nn

from mpipipe.training.normalised import NormalisedDenoiser, NormalisedReconstructor


class Spy(nn.Module):
    """A network that keeps what it sees and is not linear."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs, self.seen = outputs, None

    def forward(self, given):
        self.seen = given
        return (given.flatten(1)[:, : self.outputs] ** 2 + 1).view(-1, 1, 2, self.outputs // 2).squeeze(1)


class Square(nn.Module):
    def forward(self, given):
        return given**2 + 1


def signals():
    values = torch.randn(3, 4, dtype=torch.complex64, generator=torch.Generator().manual_seed(0))
    values[1] = 0
    return values


@pytest.mark.parametrize("scale", [2.0**-40, 8.0, 2.0**60])
def test_reconstruction_is_homogeneous(scale):
    network = NormalisedReconstructor(Spy(4), 4)
    assert torch.equal(network(scale * signals()), scale * network(signals()))


def test_reconstructor_sees_channels_of_unit_modulus():
    spy = Spy(4)
    NormalisedReconstructor(spy, 4)(signals())
    moduli = torch.linalg.vector_norm(spy.seen, dim=1).amax(1)
    torch.testing.assert_close(moduli, torch.tensor([1.0, 0.0, 1.0]))
    peak = signals()[0].abs().max()
    torch.testing.assert_close(spy.seen[0, 0], signals()[0].real / peak)
    torch.testing.assert_close(spy.seen[0, 1], signals()[0].imag / peak)


def test_a_zero_signal_gives_a_zero_image():
    image = NormalisedReconstructor(Spy(4), 4)(signals())
    assert not image[1].any()
    assert image[0].all()


def test_equalised_components_have_unit_mean_square():
    spy = Spy(4)
    network = NormalisedReconstructor(spy, 4)
    given = signals() * torch.tensor([1, 1e-3, 1e3, 0])
    network.equalise(given)
    network(given)
    mean_square = spy.seen.square().sum(1)[[0, 2]].mean(0)  # the signal of zeros does not count
    torch.testing.assert_close(mean_square, torch.tensor([1.0, 1.0, 1.0, 0.0]))
    torch.testing.assert_close(network(16 * given), 16 * network(given), rtol=0, atol=0)


@pytest.mark.parametrize("scale", [2.0**-40, 8.0])
def test_denoising_is_homogeneous(scale):
    images = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    network = NormalisedDenoiser(Square())
    assert torch.equal(network(scale * images), scale * network(images))
    peak = images[0].max()
    torch.testing.assert_close(network(images)[0], (images[0] / peak) ** 2 * peak + peak)


def test_an_image_without_positive_values_is_denoised_to_zero():
    image = -torch.rand(2, 4, 5)
    image[1] = 0
    assert not NormalisedDenoiser(Square())(image).any()
