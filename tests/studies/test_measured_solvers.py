"""Every solver on measured signals of a matrix that it was not tuned for, and a network that is trained for it."""

import numpy as np
import pytest

from mpipipe.config.reconstruction import Solvers
from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.reconstruction.factorisation import factorise, noise_norms
from mpipipe.studies.measured_solvers import reconstruct_measured

GRID = (6, 5)


@pytest.fixture
def matrix():
    rng = np.random.default_rng(0)
    return (rng.standard_normal((40, *GRID)) + 1j * rng.standard_normal((40, *GRID))).astype(np.complex64)


def test_noise_is_what_no_image_explains(matrix):
    rng = np.random.default_rng(1)
    flat = matrix.reshape(40, -1)
    clean = rng.random((2000, 30)) @ flat.T
    sigma = 0.3
    noise = sigma * (rng.standard_normal(clean.shape) + 1j * rng.standard_normal(clean.shape)) / np.sqrt(2)
    found = noise_norms(factorise(flat, 5.0), (clean + noise).astype(np.complex64))
    # 2000 signals with 50 parts outside of the span: the mean square is known to 0.45 %, five of which are allowed.
    assert np.mean(found**2) == pytest.approx(40 * sigma**2, rel=0.0225)
    assert np.all(
        noise_norms(factorise(flat, 5.0), clean.astype(np.complex64)) < 1e-4 * np.linalg.norm(clean, axis=1)
    )


def test_each_method_gives_an_image_and_its_residual(matrix):
    rng = np.random.default_rng(2)
    truth = rng.random((2, *GRID), dtype=np.float32)
    signals = np.einsum("mxy,nxy->nm", matrix, truth).astype(np.complex64)
    training = ReconstructorTraining.model_validate(
        {
            "steps": 4,
            "batch": 4,
            "validate_every": 2,
            "equalise": True,
            "start_regularizations": [0.1, 0.01, 1e-3, 1e-4],
        }
    )
    solvers = Solvers.model_validate({"image_prior": {"iterations": 3}})
    found = reconstruct_measured(
        matrix,
        signals,
        {"ART": {"regularization": 1e-6, "iterations": 300}},
        solvers,
        None,
        training,
        rng.random((20, *GRID), dtype=np.float32),
        seed=0,
    )
    assert list(found) == ["ART", "ADMM_L1", "ADMM_TV", "ADMM_L1TV", "DIP", "DERnet (Tikhonov start)"]
    for made in found.values():
        assert made.images.shape == (2, *GRID) and made.images.min() >= 0
        flat = made.images.reshape(2, -1) @ matrix.reshape(40, -1).T
        expected = np.linalg.norm(flat - signals, axis=1) / np.linalg.norm(signals, axis=1)
        np.testing.assert_allclose(made.relative_residual, expected, rtol=1e-4)
    # Without noise, and with next to no penalty, the image is the truth.
    np.testing.assert_allclose(found["ART"].images, truth, atol=1e-2)
