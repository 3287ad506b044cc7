"""Kaczmarz: zeros, units, symmetries, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.reconstruction.kaczmarz import solve
from tests.reconstruction.kaczmarz_case import config
from tests.reconstruction.systems import random_system


@pytest.mark.parametrize("regularization", [0.0, 1.0])
def test_zero_rows_are_skipped(regularization):
    A, b = random_system(13)
    A[::4] = 0
    kept = np.abs(A).sum(axis=1) > 0
    found = solve(A, b, config(regularization=regularization))
    np.testing.assert_array_equal(
        found.image, solve(A[kept], b[kept], config(regularization=regularization)).image
    )


@pytest.mark.parametrize("regularization", [0.0, 1.0])
def test_nothing_gives_nothing(regularization):
    A, b = random_system(14)
    for matrix, signal in ((A, 0 * b), (0 * A, b)):
        found = solve(matrix, signal, config(regularization=regularization))
        np.testing.assert_array_equal(found.image, 0)
        assert found.relative_residual == 0


def test_an_empty_batch_gives_no_image():
    A, b = random_system(21)
    found = solve(A, b[None][:0], config())
    assert found.image.shape == (0, A.shape[1])
    assert np.shape(found.relative_residual) == (0,)


@pytest.mark.parametrize("factor", [1e-30, 1e-12, 1e12, 1e30])
@pytest.mark.parametrize("dtype, tolerance", [(np.complex64, 1e-4), (np.complex128, 1e-10)])
def test_the_unit_of_the_matrix_does_not_matter(factor, dtype, tolerance):
    A, b = random_system(15)
    plain = solve(A, b, config(normalization="relative"))
    scaled = solve((A * factor).astype(dtype), (b * factor).astype(dtype), config(normalization="relative"))
    np.testing.assert_allclose(scaled.image, plain.image, rtol=0, atol=tolerance * plain.image.max())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), scale=st.floats(1e-6, 1e6), positive=st.booleans())
def test_image_scales_with_the_signal(seed, scale, positive):
    A, b = random_system(seed)
    chosen = config(normalization="relative", regularization=0.1, positive=positive, iterations=5)
    np.testing.assert_allclose(
        solve(A, scale * b, chosen).image, scale * solve(A, b, chosen).image, rtol=1e-9, atol=1e-12 * scale
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), scale=st.floats(1e-6, 1e6))
def test_image_scales_inversely_with_the_matrix_at_relative_lambda(seed, scale):
    A, b = random_system(seed)
    chosen = config(normalization="relative", regularization=0.1, iterations=5)
    np.testing.assert_allclose(
        solve(scale * A, b, chosen).image * scale, solve(A, b, chosen).image, rtol=1e-9, atol=1e-12
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), phase=st.floats(0, 2 * np.pi), real=st.booleans())
def test_a_common_phase_cancels(seed, phase, real):
    A, b = random_system(seed)
    turn = np.exp(1j * phase)
    chosen = config(real=real, positive=real, iterations=5)
    np.testing.assert_allclose(
        solve(A * turn, b * turn, chosen).image, solve(A, b, chosen).image, rtol=0, atol=1e-10
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_a_permutation_of_voxels_permutes_the_image(seed):
    A, b = random_system(seed)
    order = np.random.default_rng(seed).permutation(A.shape[1])
    found = solve(A[:, order], b, config(iterations=5)).image
    np.testing.assert_allclose(found, solve(A, b, config(iterations=5)).image[order], rtol=0, atol=1e-11)


def test_real_matrices_and_integers_are_taken():
    np.testing.assert_allclose(
        solve([[2, 0], [0, 4]], [2, 8], config(regularization=0, iterations=1)).image, [1, 2]
    )


def broken(what, where):
    A, b = random_system(16)
    {"matrix": A, "signal": b}[what][where] = np.nan
    return A, b


@pytest.mark.parametrize(
    "arguments, line",
    [
        (lambda A, b: (A, b[:-1]), r"signal: found shape \(23,\), expected \(24,\) or .* shape \(24, 10\)"),
        (lambda A, b: (A[0], b), r"matrix: found shape \(10,\), expected \(component, voxel\)"),
        (lambda A, b: (A[:, :0], b), r"matrix: found shape \(24, 0\)"),
        (lambda A, b: (A, b[None, None]), r"signal: found shape \(1, 1, 24\)"),
        (lambda A, b: broken("matrix", (3, 4)), "matrix: found NaN or infinity"),
        (lambda A, b: broken("signal", 2), "signal: found NaN or infinity"),
        (lambda A, b: (A * np.inf, b), "matrix: found NaN or infinity"),
        (lambda A, b: (A.astype(str), b), "matrix: found dtype .*, expected numbers"),
    ],
)
def test_bad_arrays_are_named_in_one_line(arguments, line):
    with pytest.raises(InputError, match=line) as error, np.errstate(invalid="ignore"):
        solve(*arguments(*random_system(16)), config())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "weights, line",
    [(np.ones(3), r"found shape \(3,\)"), (-np.ones(24), "found -1"), (np.full(24, np.nan), "found nan")],
)
def test_bad_weights_are_named(weights, line):
    with pytest.raises(InputError, match=f"weights: {line}"):
        solve(*random_system(17), config(), weights=weights)
