import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.reconstruction.weighting import row_norms, row_weights
from tests.reconstruction.systems import random_system


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("unit", [1e-30, 1.0, 1e30])
def test_row_norms_in_double_precision(dtype, unit):
    A, _ = random_system(0, 300, 7)
    A = (A * unit).astype(dtype)
    expected = np.sqrt(np.sum(np.abs(A.astype(complex) / unit) ** 2, axis=1)) * unit
    np.testing.assert_allclose(row_norms(A), expected, rtol=1e-13)


def test_row_norm_weights_make_rows_of_unit_norm():
    A, _ = random_system(1)
    A[3] = 0
    norms = np.linalg.norm(A * row_weights(A, "row_norm")[:, None], axis=1)
    np.testing.assert_allclose(norms, np.arange(len(A)) != 3, rtol=1e-14)


def test_background_weights_are_one_for_equal_noise_and_inverse_otherwise():
    A, _ = random_system(2)
    np.testing.assert_allclose(row_weights(A, "background", np.full(24, 0.3)), 1)
    sigma = np.random.default_rng(0).uniform(1, 2, 24)
    np.testing.assert_allclose(row_weights(A, "background", sigma) * sigma, sigma.mean())


@pytest.mark.parametrize("sigma", [None, np.ones(3), np.zeros(24), np.full(24, np.nan)])
def test_background_weights_need_a_positive_value_a_component(sigma):
    with pytest.raises(InputError, match="background_std"):
        row_weights(random_system(3)[0], "background", sigma)
