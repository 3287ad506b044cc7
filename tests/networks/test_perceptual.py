import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.ndimage import correlate, gaussian_filter
from torch import nn

from mpipipe.config.deblurrer import PerceptualConfig
from mpipipe.errors import InputError
from mpipipe.networks.perceptual import (
    VGG16_SHAPES,
    FixedFilterBank,
    PerceptualLoss,
    Vgg16Relu12,
    build_features,
)


def images(count=2, shape=(9, 7), seed=0):
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(seed))


def vgg16_filters(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {name: 0.2 * torch.randn(shape, generator=generator) for name, shape in VGG16_SHAPES.items()}


def channels_of_vessels(count=12, size=64, seed=0):
    """Bars of random width, direction and height on nothing, and what a point spread of 3 pixels makes of them."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(*[np.arange(size) - size / 2] * 2, indexing="ij")
    truth = np.zeros((count, size, size))
    for image in truth:
        for _ in range(4):
            angle, place, half = rng.uniform(0, np.pi), rng.uniform(-25, 25), rng.uniform(1, 4)
            image[np.abs(x * np.cos(angle) + y * np.sin(angle) - place) < half] = rng.uniform(0.3, 1)
    blurred = np.stack([gaussian_filter(image, 3) for image in truth])
    return [torch.tensor(part, dtype=torch.float32) for part in (truth, blurred)]


FEATURES = {
    "filter_bank": lambda: FixedFilterBank(8),
    "vgg16": lambda: Vgg16Relu12(vgg16_filters()),
}


@pytest.mark.parametrize(("source", "channels"), [("filter_bank", 8), ("vgg16", 64)])
def test_features_are_maps_of_the_image_that_no_training_changes(source, channels):
    features = FEATURES[source]()
    maps = features(images())
    assert maps.shape == (2, channels, 9, 7)
    assert (maps >= 0).all()
    assert maps.any()
    assert not list(features.parameters())
    assert not features.state_dict()
    assert not any(buffer.requires_grad for buffer in features.buffers())


@pytest.mark.parametrize("source", FEATURES)
def test_the_gradient_reaches_the_estimate(source):
    estimate, truth = images(seed=1).requires_grad_(), images(seed=2)
    PerceptualLoss(FEATURES[source](), pixel_weight=0.0)(estimate, truth).backward()
    assert (estimate.grad != 0).float().mean() > 0.9


def test_the_gradient_is_that_of_differences():
    bank = FixedFilterBank(5).double()
    loss, truth = PerceptualLoss(bank), images(1, (5, 4), seed=2).double()
    for name in ("weight1", "bias1", "weight2", "bias2"):
        setattr(bank, name, getattr(bank, name).double())
    estimate, direction = images(1, (5, 4), seed=1).double().requires_grad_(), images(1, (5, 4), seed=3) - 0.5
    loss(estimate, truth).backward()
    step = 1e-4  # the features' part is summed in float32
    with torch.no_grad():
        difference = loss(estimate + step * direction, truth) - loss(estimate - step * direction, truth)
    assert difference.item() / (2 * step) == pytest.approx((estimate.grad * direction).sum().item(), rel=0.02)


def test_features_are_two_correlations_with_relu():
    bank, image = FixedFilterBank(4, seed=2), images(1, (6, 5))
    seen = image.numpy().astype(np.float64)
    for weight in (bank.weight1.numpy(), bank.weight2.numpy()):
        maps = [
            sum(correlate(x, k, mode="constant") for x, k in zip(seen, kernels, strict=True))
            for kernels in weight
        ]
        seen = np.maximum(maps, 0)
    np.testing.assert_allclose(bank(image)[0].numpy(), seen, rtol=1e-4, atol=1e-6)


def test_vgg16_sees_grey_images_as_imagenet_has_them():
    filters, image = vgg16_filters(), images()
    layers = nn.Sequential(
        nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU()
    )
    layers.load_state_dict({name.removeprefix("features."): values for name, values in filters.items()})
    colours = [
        (image - mean) / std for mean, std in zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True)
    ]
    with torch.no_grad():
        expected = layers(torch.stack(colours, dim=1))
    torch.testing.assert_close(Vgg16Relu12(filters)(image), expected, rtol=1e-4, atol=1e-5)


def test_filters_of_the_bank_are_orthonormal():
    few, many = FixedFilterBank(9), FixedFilterBank(16)
    first = few.weight1.reshape(9, 9)
    torch.testing.assert_close(first @ first.T, torch.eye(9), atol=1e-5, rtol=0)
    frame = many.weight1.reshape(16, 9)  # more filters than pixels: a tight frame
    torch.testing.assert_close(frame.T @ frame, torch.eye(9), atol=1e-5, rtol=0)
    second = many.weight2.reshape(16, -1)
    product = second @ second.T
    torch.testing.assert_close(
        product, product[0, 0] * torch.eye(16), atol=1e-4 * float(product[0, 0]), rtol=0
    )


def test_the_bank_follows_from_its_seed():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    one, same, other = (FixedFilterBank(8, seed)(images()) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)


def test_features_of_the_bank_scale_with_the_image():
    bank = FixedFilterBank(8)
    assert torch.equal(bank(4 * images()), 4 * bank(images()))


@pytest.mark.parametrize(("channels", "seed"), [(8, 0), (16, 0), (64, 0), (16, 1), (64, 7)])
def test_both_terms_of_the_loss_are_of_one_order(channels, seed):
    """On scenes that the unit was not chosen on: sharp channels, and the same ones blurred."""
    truth, blurred = channels_of_vessels()
    bank = FixedFilterBank(channels, seed)
    pixels = PerceptualLoss(bank, 1.0, 0.0)(blurred, truth)
    features = PerceptualLoss(bank, 0.0, 1.0)(blurred, truth)
    assert 0.5 < features / pixels < 2


@pytest.mark.parametrize("source", FEATURES)
@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.5, 3.0), (2.0, 0.0), (0.0, 2.0)])
def test_the_loss_is_the_weighted_sum_of_mean_absolute_differences(source, weights):
    features, estimate, truth = FEATURES[source](), images(seed=1), images(seed=2)
    pixels = np.abs((estimate - truth).numpy()).mean()
    maps = np.abs((features(estimate) - features(truth)).numpy()).mean()
    loss = PerceptualLoss(features, *weights)
    expected = weights[0] * pixels + weights[1] * maps
    assert loss(estimate, truth).item() == pytest.approx(expected, rel=1e-5)
    assert loss(truth, truth).item() == 0


def test_the_loss_is_float32_in_mixed_precision():
    estimate, truth = images(seed=1), images(seed=2)
    loss = PerceptualLoss(FixedFilterBank(8))
    exact = loss(estimate, truth)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = loss(estimate, truth)
    assert mixed.dtype == torch.float32
    assert mixed.item() == pytest.approx(exact.item(), rel=0.02)


def test_features_are_built_by_name():
    assert build_features(PerceptualConfig(channels=5)).weight2.shape == (5, 5, 3, 3)
    config = PerceptualConfig(source="vgg16", weights="vgg16.safetensors")
    assert isinstance(build_features(config, vgg16_filters()), Vgg16Relu12)
    with pytest.raises(InputError, match="found vgg16 without its filters"):
        build_features(config)


def test_unfit_filters_are_refused():
    filters = vgg16_filters()
    with pytest.raises(InputError, match=r"VGG16: found no features\.2\.bias"):
        Vgg16Relu12({k: v for k, v in filters.items() if k != "features.2.bias"})
    with pytest.raises(
        InputError, match=r"features\.0\.weight of shape \(64, 1, 3, 3\), expected \(64, 3, 3, 3\)"
    ):
        Vgg16Relu12({**filters, "features.0.weight": torch.zeros(64, 1, 3, 3)})
    with pytest.raises(InputError, match=r"features\.0\.bias .*not finite"):
        Vgg16Relu12({**filters, "features.0.bias": torch.full((64,), torch.nan)})


def test_the_configuration_says_which_features_ran():
    assert PerceptualConfig().described == "fixed random filters (64 channels, seed 0)"
    assert "VGG16 relu1_2" in PerceptualConfig(source="vgg16", weights="w").described
    assert PerceptualConfig(perceptual_weight=0).described == "none"
    with pytest.raises(ValidationError, match="expected the path of VGG16's filters"):
        PerceptualConfig(source="vgg16")
    with pytest.raises(ValidationError, match="a weight of 0 for both terms"):
        PerceptualConfig(pixel_weight=0, perceptual_weight=0)
