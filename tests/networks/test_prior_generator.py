import pytest
import torch

from mpipipe.config.image_prior import GeneratorConfig
from mpipipe.networks.prior_generator import PriorGenerators

CONFIG = GeneratorConfig(widths=(4, 6), inputs=3)


def perturbed(images):
    """Generators with weights of their own."""
    generators = PriorGenerators(CONFIG, (7, 5), images, seed=0)
    with torch.no_grad():
        for parameter in generators.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    return generators


def test_all_start_alike():
    images = PriorGenerators(CONFIG, (7, 5), 3, seed=0)()
    assert images.shape == (3, 7, 5)
    torch.testing.assert_close(images[1], images[0])
    torch.testing.assert_close(images[2], images[0])
    other = PriorGenerators(CONFIG, (7, 5), 1, seed=1)()
    assert not torch.allclose(other[0], images[0])


def test_each_equals_a_single_one_with_its_weights():
    together = perturbed(3)
    images = together()
    for index in range(3):
        alone = PriorGenerators(CONFIG, (7, 5), 1, seed=0)
        with torch.no_grad():
            for own, shared in zip(alone.parameters(), together.parameters(), strict=True):
                own.copy_(shared.chunk(3)[index])
        torch.testing.assert_close(alone()[0], images[index])


def test_no_weight_is_shared():
    generators = perturbed(3)
    generators()[1].sum().backward()
    for parameter in generators.parameters():
        first, second, third = parameter.grad.chunk(3)
        assert not first.any()
        assert not third.any()
        # The bias before a normalisation changes nothing, up to rounding.
        assert second.any()


def test_output_is_positive():
    assert (perturbed(2)() > 0).all()


def test_number_of_weights():
    # Convolutions 3→4, 4→6 and (4+6)→4 of side 3, one of side 1 to one channel; scale and shift of three layers.
    convolutions = (3 * 9 + 1) * 4 + (4 * 9 + 1) * 6 + (10 * 9 + 1) * 4 + (4 + 1)
    single = PriorGenerators(CONFIG, (7, 5), 1, seed=0)
    assert sum(p.numel() for p in single.parameters()) == convolutions + 2 * (4 + 6 + 4)
    double = PriorGenerators(CONFIG, (7, 5), 2, seed=0)
    assert sum(p.numel() for p in double.parameters()) == 2 * sum(p.numel() for p in single.parameters())


@pytest.mark.parametrize("grid", [(19, 19), (11, 11), (2, 9), (8, 8)])
@pytest.mark.parametrize("widths", [(4,), (4, 5), (4, 5, 6)])
def test_any_grid(grid, widths):
    images = PriorGenerators(GeneratorConfig(widths=widths, inputs=2), grid, 2, seed=0)()
    assert images.shape == (2, *grid)
    assert torch.isfinite(images).all()


def test_global_random_state_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    PriorGenerators(CONFIG, (7, 5), 2, seed=4)
    assert torch.equal(torch.rand(3), expected)
