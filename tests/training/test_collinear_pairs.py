import numpy as np
import pytest
import torch

from mpipipe.errors import InputError
from mpipipe.physics.particle import Particle
from mpipipe.physics.point_spread import collinear_point_spread
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.trajectory import field_free_point_m, field_free_point_velocity_m_per_s, sample_times_s
from mpipipe.training.collinear_pairs import (
    CollinearPairs,
    normalised_pairs,
    stack_pairs,
    transformed,
    typical_maximum,
)
from tests.training.deblurring_case import (
    GRID,
    collinear_images,
    held_out,
    noise_fields,
    scenes,
)


def test_input_and_target_are_those_of_equation_1():
    truth, collinear = held_out()
    pairs = normalised_pairs(truth, collinear, unit=7.0)
    scale = [max((image[0] + image[1]).reshape(-1)) / 2 for image in collinear.astype(np.float64)]
    for i in range(len(truth)):
        np.testing.assert_allclose(pairs.given[i].numpy() * scale[i], collinear[i], rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(pairs.truth[i].numpy() * scale[i] * 7, truth[i], rtol=1e-5)
    np.testing.assert_allclose(pairs.given.numpy().mean(axis=1).max(axis=(1, 2)), 1, rtol=1e-6)
    assert pairs.given.dtype == pairs.truth.dtype == torch.float32


def test_pairs_do_not_depend_on_the_unit_of_concentration():
    truth, collinear = held_out()
    one, other = normalised_pairs(truth, collinear), normalised_pairs(16 * truth, 16 * collinear)
    assert torch.equal(one.given, other.given)
    assert torch.equal(one.truth, other.truth)


@pytest.mark.parametrize("empty", [np.zeros((2, *GRID)), -np.ones((2, *GRID))])
def test_images_without_a_positive_scale_are_zero(empty):
    truth, collinear = held_out()
    collinear[1] = empty
    pairs = normalised_pairs(truth, collinear)
    assert not pairs.given[1].any()
    assert not pairs.truth[1].any()
    assert pairs.given[0].any()
    assert torch.isfinite(pairs.truth).all()


def test_typical_maximum_is_the_median_over_images_with_particles():
    truth = scenes(5)
    truth[3] = 0
    collinear = collinear_images(truth)
    ratios = [truth[i].max() / collinear[i].mean(axis=0).max() for i in (0, 1, 2, 4)]
    assert typical_maximum(stack_pairs(truth, collinear)) == pytest.approx(np.median(ratios), rel=1e-6)
    with pytest.raises(InputError, match="found no image with particles"):
        typical_maximum(stack_pairs(0 * truth, 0 * collinear))


def test_noise_is_a_field_of_either_sign_times_sigma():
    stacked, fields = stack_pairs(scenes(1), collinear_images(scenes(1))).repeat(400, axis=0), noise_fields(3)
    pairs = CollinearPairs(fields, 0.004)(stacked, np.random.default_rng(0))
    scale = stacked[0, 0].max() / pairs.truth.numpy().max(axis=(1, 2))
    noise = (pairs.given.numpy() * scale[:, None, None, None] - stacked[:, 1:]) / 0.004
    weights = np.einsum("icxy,fcxy->if", noise, fields) / np.einsum("fcxy,fcxy->f", fields, fields)
    chosen = np.abs(weights).argmax(axis=1)
    sign = np.sign(weights[np.arange(400), chosen])
    np.testing.assert_allclose(noise, sign[:, None, None, None] * fields[chosen], atol=1e-3)
    counts = np.bincount(3 * (sign > 0) + chosen, minlength=6)  # six outcomes of equal probability
    assert np.abs(counts - 400 / 6).max() < 5 * np.sqrt(400 * 5 / 36)


def test_noise_free_pairs_are_the_clean_ones():
    truth, collinear = scenes(), collinear_images(scenes())
    pairs = CollinearPairs(noise_fields(), 0.0)(stack_pairs(truth, collinear), np.random.default_rng(0))
    expected = normalised_pairs(truth, collinear)
    assert torch.equal(pairs.given, expected.given)
    assert torch.equal(pairs.truth, expected.truth)


def acquired(scene, pixel_m=1e-3):
    """Pair of a scene (x, y) by the point-spread functions along both diagonals."""
    axis = pixel_m * np.arange(len(scene))
    x, y = np.meshgrid(axis, axis, indexing="ij")
    positions = np.stack([x, y], axis=-1)
    offsets = positions[None, None] - positions[:, :, None, None]
    particle, gradient = Particle(core_diameter_nm=25), (3, 3, -6)
    images = [
        np.einsum("uvxy,xy->uv", collinear_point_spread(particle, gradient, offsets, direction), scene)
        for direction in ((1, 1), (-1, 1))
    ]
    return np.stack([scene, *images])


@pytest.mark.parametrize("mirror_x", [False, True])
@pytest.mark.parametrize("mirror_y", [False, True])
@pytest.mark.parametrize("transpose", [False, True])
def test_transformed_pairs_are_those_of_the_transformed_scene(mirror_x, mirror_y, transpose):
    scene = np.random.default_rng(0).random((7, 7))
    other = np.flip(scene, [axis for axis, flipped in enumerate((mirror_x, mirror_y)) if flipped])
    other = other.T if transpose else other
    pair = acquired(scene)
    np.testing.assert_allclose(transformed(pair, mirror_x, mirror_y, transpose), acquired(other), rtol=1e-10)
    # The two point-spread functions differ, so a swap that is missing would show.
    assert np.abs(pair[1] - pair[2]).max() > 0.01 * pair[1].max()


def test_half_a_period_later_one_coordinate_has_changed_its_sign():
    scanner = Scanner(
        gradient_T_per_m=(3, 3, -6),
        drive_amplitude_mT=(30, 30, 0),
        divider=(900, 891, 1),
        base_frequency_Hz=22.275e6,
        waveform="sine",
    )
    time = sample_times_s(scanner)
    half = len(time) // 2
    for vector in (field_free_point_m(scanner, time), field_free_point_velocity_m_per_s(scanner, time)):
        later = np.roll(vector, -half, axis=0)[:, :2]
        np.testing.assert_allclose(later, vector[:, :2] * (-1, 1), atol=1e-9 * np.abs(vector).max())


def test_augmented_pairs_are_the_eight_symmetries():
    truth = scenes(1)
    stacked = stack_pairs(truth, collinear_images(truth)).repeat(200, axis=0)
    pairs = CollinearPairs(noise_fields(), 0.0, augment=True)(stacked, np.random.default_rng(0))
    found = {tuple(image.flatten().tolist()) for image in pairs.given}
    turns = np.stack(np.unravel_index(np.arange(8), (2, 2, 2)), axis=1).astype(bool)
    expected = np.stack([transformed(stacked[0], *turn) for turn in turns])
    given = normalised_pairs(expected[:, 0], expected[:, 1:]).given
    assert found == {tuple(image.flatten().tolist()) for image in given}
    assert len(found) == 8
    plain = CollinearPairs(noise_fields(), 0.0)(stacked, np.random.default_rng(0))
    assert len({tuple(image.flatten().tolist()) for image in plain.given}) == 1
