from functools import reduce
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.restoration.normalise import peak_modulus, to_unit_peak
from mpipipe.restoration.phase import aligning_rotation, best_phase, phase_spread, project_on_phase


def noise(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


@pytest.mark.parametrize("grid", [(6, 5), (3, 4, 2)])
def test_no_angle_explains_more(grid):
    image = noise((5, *grid))
    distance = np.linalg.norm((image - project_on_phase(image)).reshape(5, -1), axis=1)
    for angle in np.linspace(0, np.pi, 721):
        turned = np.exp(-1j * angle) * image
        other = np.linalg.norm(turned.imag.reshape(5, -1), axis=1)
        assert np.all(distance <= other * (1 + 1e-6))


def test_image_of_one_phase_is_a_fixed_point():
    image = (noise((4, 7, 6)).real * np.exp(1j * np.array([0.1, 1.5, -1.2, 3.0]))[:, None, None]).astype("c8")
    np.testing.assert_allclose(project_on_phase(image), image, atol=1e-6)
    np.testing.assert_allclose(best_phase(image), [0.1, 1.5, -1.2, 3.0 - np.pi], atol=1e-6)


def test_projection_is_idempotent_and_orthogonal():
    image = noise((3, 8, 8), 1)
    projected = project_on_phase(image)
    np.testing.assert_allclose(project_on_phase(projected), projected, atol=1e-6)
    inner = np.sum((image - projected) * projected.conj(), axis=(1, 2)).real
    np.testing.assert_allclose(inner, 0, atol=1e-4)


def test_zero_image_stays_zero():
    assert np.all(project_on_phase(np.zeros((2, 3, 3), np.complex64)) == 0)


@settings(deadline=None, max_examples=50)
@given(phase=st.floats(-10, 10), exponent=st.integers(-18, 18), seed=st.integers(0, 99))
def test_projection_commutes_and_alignment_cancels_scale_and_phase(phase, exponent, seed):
    image, scale = noise((3, 6, 7), seed), 10.0**exponent
    factor = np.complex64(scale * np.exp(1j * phase))
    turned = factor * image
    np.testing.assert_allclose(project_on_phase(turned), factor * project_on_phase(image), atol=1e-5 * scale)
    aligned = image * aligning_rotation(image)
    np.testing.assert_allclose(turned * aligning_rotation(turned), scale * aligned, atol=1e-5 * scale)
    np.testing.assert_allclose(np.abs(aligning_rotation(image)), 1, rtol=1e-6)


def odd_components(grid):
    """One component of each parity along each axis, and one that changes sign after half its period."""
    position = [(2 * np.arange(n) + 1 - n) / n for n in grid]
    shapes = [(1 - x**2, np.sin(2 * x), np.cos(2 * np.pi * x)) for x in position]
    return np.stack([reduce(np.multiply.outer, waves) for waves in product(*shapes)]).astype(np.complex64)


@pytest.mark.parametrize("grid", [(9, 12), (12, 30), (5, 6, 7)])
@pytest.mark.parametrize("angle", [0.1, 1.4, 2.0, 3.1, -2.5])
def test_alignment_cancels_the_phase_of_odd_components(grid, angle):
    image = odd_components(grid)
    aligned = image * aligning_rotation(image)
    turned = np.complex64(np.exp(1j * angle)) * image
    np.testing.assert_allclose(turned * aligning_rotation(turned), aligned, atol=2e-6)
    np.testing.assert_allclose(aligned.imag, 0, atol=1e-6)


@pytest.mark.parametrize("grid", [(9, 12), (5, 6, 7)])
def test_alignment_does_not_depend_on_the_place_in_a_patch(grid):
    image = np.concatenate([odd_components(grid), noise((5, *grid))])
    rotation = aligning_rotation(image)
    for before, after in ((0, 9), (9, 0), (3, 20)):
        padded = np.pad(image, [(0, 0)] + [(before, after)] * len(grid))
        np.testing.assert_allclose(aligning_rotation(padded), rotation, atol=1e-5)


def test_alignment_makes_the_squares_real_and_positive():
    image = noise((6, 9, 4), 2)
    aligned = image * aligning_rotation(image)
    squares = np.sum(aligned.astype(complex) ** 2, axis=(1, 2))
    np.testing.assert_allclose(squares.imag, 0, atol=1e-4)
    assert np.all(squares.real > 0)


def test_unit_peak_and_undo():
    image = noise((4, 5, 6), 3) * 9
    image[2] = 0
    unit, peak = to_unit_peak(image), peak_modulus(image)
    np.testing.assert_allclose(np.abs(unit).max(axis=(1, 2)), [1, 1, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(unit * peak, image, rtol=1e-6)
    assert unit.dtype == np.complex64


def test_phase_spread_of_a_line_an_ellipse_and_a_circle():
    turn = np.exp(2j * np.pi * np.arange(24).reshape(4, 6) / 24)
    line = np.exp(0.7j) * turn.real
    ellipse = 3 * turn.real + 1j * turn.imag  # Σ s² = 12 (9 - 1), Σ |s|² = 12 (9 + 1)
    found = phase_spread(np.stack([line, ellipse, turn, 0 * turn]))
    np.testing.assert_allclose(found, [0, 1 - 8 / 10, 1, 0], atol=1e-12)


def test_phase_spread_is_twice_the_share_of_energy_off_the_best_phase():
    image = noise((5, 6, 7), 4)
    off = np.sum(np.abs(image - project_on_phase(image)) ** 2, axis=(1, 2))
    np.testing.assert_allclose(
        phase_spread(image), 2 * off / np.sum(np.abs(image) ** 2, axis=(1, 2)), rtol=1e-4
    )
