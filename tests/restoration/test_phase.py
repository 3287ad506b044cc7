import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.restoration.normalise import peak_modulus, to_unit_peak
from mpipipe.restoration.phase import aligning_rotation, best_phase, project_on_phase


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
@given(phase=st.floats(-10, 10), scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_projection_commutes_and_alignment_cancels_scale_and_phase(phase, scale, seed):
    image = noise((3, 6, 7), seed)
    factor = np.complex64(scale * np.exp(1j * phase))
    turned = factor * image
    np.testing.assert_allclose(project_on_phase(turned), factor * project_on_phase(image), atol=1e-5 * scale)
    aligned = image * aligning_rotation(image)
    np.testing.assert_allclose(turned * aligning_rotation(turned), scale * aligned, atol=1e-5 * scale)
    np.testing.assert_allclose(np.abs(aligning_rotation(image)), 1, rtol=1e-6)


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
