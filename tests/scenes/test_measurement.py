from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.scenes.measurement import coarsen, measure
from mpipipe.scenes.phantoms import PHANTOMS
from mpipipe.scenes.render import render


def smooth_matrix(shape, field=(34.0, 30.0), components=12):
    """Rows that are plane waves: known at every position, so on any grid."""
    rng = np.random.default_rng(0)
    waves, phases = rng.uniform(-0.4, 0.4, (components, 2)), rng.uniform(0, 6.28, components)
    x, y = (((np.arange(n) + 0.5) / n - 0.5) * edge for n, edge in zip(shape, field, strict=True))
    return np.exp(1j * (waves[:, :1, None] * x[:, None] + waves[:, 1:, None] * y + phases[:, None, None]))


def test_signal_is_the_sum_over_voxels():
    S = smooth_matrix((6, 5)).astype(np.complex64)
    c = np.random.default_rng(1).random((3, 6, 5))
    expected = np.einsum("mxy,bxy->bm", S, c)
    np.testing.assert_allclose(measure(S, c), expected, rtol=1e-5)
    np.testing.assert_allclose(measure(S, c[0]), expected[0], rtol=1e-5)
    np.testing.assert_allclose(measure(S, c, 2), expected / 4, rtol=1e-5)
    assert measure(S, c).dtype == np.complex64
    volume = np.random.default_rng(2).random((4, 3, 2, 5)) + 0j
    assert measure(volume, np.ones((3, 2, 5)), 3) == pytest.approx(volume.sum(axis=(1, 2, 3)) / 27)


def test_signal_converges_to_the_integral_as_the_grid_is_refined():
    """Midpoint rule with area fractions: second order, and the same scale on every grid."""
    signals = []
    for factor in (1, 2, 4, 8, 16):
        shape = (17 * factor, 15 * factor)
        signals.append(measure(smooth_matrix(shape), render(PHANTOMS["snake"], shape), factor))
    errors = [np.linalg.norm(one - signals[-1]) / np.linalg.norm(signals[-1]) for one in signals[:-1]]
    assert errors[0] < 0.03
    assert all(fine < coarse for coarse, fine in pairwise(errors))
    assert errors[3] < errors[0] / 50  # second order from 1 to 8 times the grid: 64


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), a=st.floats(-3, 3), b=st.floats(-3, 3))
def test_measurement_is_linear(seed, a, b):
    S = smooth_matrix((6, 5))
    c, d = np.random.default_rng(seed).random((2, 6, 5))
    np.testing.assert_allclose(measure(S, a * c + b * d), a * measure(S, c) + b * measure(S, d), atol=1e-11)


def test_measurement_has_its_adjoint_in_single_precision():
    S = smooth_matrix((6, 5)).astype(np.complex64)
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(6, 5)), rng.normal(size=12) + 1j * rng.normal(size=12)
    adjoint = np.tensordot(S.conj().transpose(1, 2, 0), y, 1) / 4
    np.testing.assert_allclose(np.vdot(y, measure(S, x, 2)), np.vdot(adjoint, x), rtol=1e-5)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), refinement=st.integers(1, 4))
def test_coarsening_keeps_the_total(seed, refinement):
    fine = np.random.default_rng(seed).random((2, 3 * refinement, 4 * refinement, 2 * refinement))
    coarse = coarsen(fine, refinement, axes=3)
    assert coarse.shape == (2, 3, 4, 2)
    np.testing.assert_allclose(coarse.sum(axis=(1, 2, 3)) * refinement**3, fine.sum(axis=(1, 2, 3)))
    np.testing.assert_allclose(coarsen(np.kron(coarse[0], np.ones((refinement,) * 3)), refinement), coarse[0])


def test_coarse_phantom_is_the_coarsened_fine_one():
    fine, coarse = (render(PHANTOMS["snake"], shape, depth=6) for shape in ((34, 30), (17, 15)))
    np.testing.assert_allclose(coarsen(fine, 2), coarse, atol=1e-3)


@pytest.mark.parametrize(
    "arguments",
    [
        (np.ones((3, 4, 5)), np.ones((5, 4))),
        (np.ones((3, 4, 5)), np.ones((2, 2, 4, 5))),
        (np.ones(3), np.ones(3)),
        (np.full((3, 4, 5), np.nan), np.ones((4, 5))),
        (np.ones((3, 4, 5)), np.full((4, 5), np.inf)),
        (np.ones((3, 4, 5)), np.ones((4, 5)), 0),
    ],
)
def test_measurements_that_do_not_fit_are_refused(arguments):
    with pytest.raises(InputError, match="found"):
        measure(*arguments)


@pytest.mark.parametrize("refinement", [0, 3])
def test_uneven_grids_are_not_coarsened(refinement):
    with pytest.raises(InputError, match=r"concentration: found grid \(6, 4\)"):
        coarsen(np.ones((6, 4)), refinement)
