import numpy as np
import pytest

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.encoding_array import reconstruct_phantoms, refine_bilinear
from mpipipe.reconstruction.kaczmarz import solve
from mpipipe.storage.matlab import read_encoding_array
from tests.reconstruction.systems import tikhonov


@pytest.fixture(scope="module")
def data(measured_dir):
    return read_encoding_array(measured_dir / "encoding_array")


def test_refinement_is_exact_for_bilinear_maps_and_keeps_the_calibration():
    rng = np.random.default_rng(0)
    a, b, c, d = rng.normal(size=(4, 6, 1, 1)) + 1j * rng.normal(size=(4, 6, 1, 1))

    def bilinear(x, y):
        return a + b * x[:, None] + c * y + d * x[:, None] * y

    coarse = bilinear(np.linspace(0, 1, 8), np.linspace(0, 1, 5))
    fine = bilinear(np.linspace(0, 1, 15), np.linspace(0, 1, 7))
    np.testing.assert_allclose(refine_bilinear(coarse, (15, 7)), fine, atol=1e-14)
    rough = rng.normal(size=(6, 8, 8)).astype(np.complex64)
    np.testing.assert_allclose(refine_bilinear(rough, (15, 15))[:, ::2, ::2], rough, rtol=1e-6)
    assert refine_bilinear(rough, (15, 15)).dtype == np.complex64
    with pytest.raises(InputError, match="system_matrix: found shape"):
        refine_bilinear(rough[0], (15, 15))


def test_calibration_is_the_one_described(data):
    S = data.system_matrix.reshape(40, 64)
    values = np.linalg.svd(S, compute_uv=False)
    assert round(float(np.linalg.norm(S)), 2) == 37256.74
    assert float(f"{values[0] / values[-1]:.2e}") == 1.06e4
    assert float(f"{values[0]:.2e}") == 3.44e4
    assert float(f"{values[-1]:.2e}") == 3.25


def test_relative_residuals_of_the_phantoms(data):
    found = reconstruct_phantoms(data.system_matrix, data.signals)
    assert {name: round(float(one.relative_residual), 4) for name, one in found.items()} == {
        "b1": 0.0232,
        "b2": 0.0250,
    }
    for one in found.values():
        assert one.image.shape == (15, 15)
        assert one.image.min() >= 0


@pytest.mark.parametrize("name, limit", [("b1", 5e-7), ("b2", 1.6e-6)])
def test_free_iteration_reaches_tikhonov(data, name, limit):
    A = refine_bilinear(data.system_matrix, (15, 15)).reshape(40, -1)
    free = KaczmarzConfig(regularization=5e-2, iterations=3000, real=False, positive=False)
    reference = tikhonov(A, data.signals[name], 5e-2 * np.linalg.norm(A) ** 2 / A.shape[1])
    error = np.linalg.norm(solve(A, data.signals[name], free).image - reference) / np.linalg.norm(reference)
    assert error < limit


def test_free_iteration_reaches_tikhonov_on_the_calibration_grid(data):
    A = data.system_matrix.reshape(40, -1)
    b = np.stack(list(data.signals.values()))
    free = KaczmarzConfig(regularization=5e-2, iterations=3000, real=False, positive=False)
    reference = np.stack([tikhonov(A, one, 5e-2 * np.linalg.norm(A) ** 2 / 64) for one in b])
    np.testing.assert_allclose(
        solve(A, b, free).image, reference, rtol=0, atol=1e-11 * np.abs(reference).max()
    )
