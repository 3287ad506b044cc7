"""Solvers behind one call: settings that are tried, what is factorised once, and the nearest noise level."""

import numpy as np
import pytest

from mpipipe.config.reconstruction import Search, Solvers
from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import psnr_db
from mpipipe.reconstruction import admm, factorisation, kaczmarz
from mpipipe.studies import reconstructors
from mpipipe.studies.reconstructors import TunedSolver, candidates, measure_images, solver, try_settings

GRID = (5, 4)


@pytest.fixture
def matrix():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((40, *GRID)) + 1j * rng.standard_normal((40, *GRID))
    return values.astype(np.complex64)


@pytest.fixture
def images():
    return np.random.default_rng(2).random((6, *GRID), dtype=np.float32)


def test_signals_are_the_products_with_noise_of_the_asked_norm(matrix, images):
    clean = np.einsum("mxy,nxy->nm", matrix, images)
    many = np.repeat(images[:1], 4000, axis=0)
    measured = measure_images(matrix, many, 20.0, np.random.default_rng(0))
    noise = measured.signal - clean[0]
    assert np.allclose(measured.noise_norm, 0.1 * np.linalg.norm(clean[0]), rtol=1e-5)
    # 4000 signals of 40 components: the mean square is known to 0.25 %, five of which are allowed.
    assert np.mean(np.sum(np.abs(noise) ** 2, axis=1)) == pytest.approx(
        measured.noise_norm[0] ** 2, rel=0.0125
    )


def test_candidates_are_every_combination():
    search = Search(admm_mu=(1.0, 2.0), admm_scale=(3.0,), noise_factor=(1.0, 1.1), tv_share=(0.2, 0.4, 0.6))
    assert len(candidates("ADMM_L1", search)) == 4
    tried = candidates("ADMM_L1TV", search)
    assert len({tuple(sorted(one.items())) for one in tried}) == len(tried) == 12
    assert {one["tv_share"] for one in tried} == {0.2, 0.4, 0.6}


@pytest.mark.parametrize("method", ["ART", "ADMM_L1", "ADMM_TV", "ADMM_L1TV"])
def test_a_solver_behind_the_call_is_the_solver(method, matrix, images):
    measured = measure_images(matrix, images, 30.0, np.random.default_rng(0))
    flat, solvers = matrix.reshape(40, -1), Solvers()
    settings = {"regularization": 0.02} if method == "ART" else {"mu": 50.0, "scale": 3.0}
    found, iterations = solver(method, solvers, matrix)(measured.signal, measured.noise_norm, settings)
    if method == "ART":
        config = solvers.art.model_copy(update=settings)
        expected = kaczmarz.solve(flat, measured.signal, config).image
    else:
        penalty = {"ADMM_L1": "l1", "ADMM_TV": "tv", "ADMM_L1TV": "l1_tv"}[method]
        config = solvers.admm.model_copy(update={**settings, "penalty": penalty})
        expected = admm.solve(flat, measured.signal, config, grid=GRID, noise_norm=measured.noise_norm).image
    assert iterations == config.iterations
    np.testing.assert_array_equal(found, expected.reshape(-1, *GRID))


def test_a_matrix_is_factorised_once_a_scale(matrix, images, monkeypatch):
    calls = []

    def counted(flat, scale):
        calls.append(scale)
        return factorisation.factorise(flat, scale)

    monkeypatch.setattr(reconstructors, "factorise", counted)
    measured = measure_images(matrix, images, 30.0, np.random.default_rng(0))
    tuned = TunedSolver("ADMM_L1", {30.0: {"mu": 10.0, "scale": 2.0}}, Solvers(), matrix)
    for _ in range(3):
        tuned.apply(measured.signal, measured.noise_norm, 30.0)
    assert calls == [2.0]


def test_a_factorised_matrix_of_another_shape_is_refused(matrix, images):
    measured = measure_images(matrix, images, 30.0, np.random.default_rng(0))
    other = factorisation.factorise(matrix[:30].reshape(30, -1), 10.0)
    with pytest.raises(InputError, match="system: found 30 components and 20 voxels"):
        admm.solve(matrix.reshape(40, -1), measured.signal, Solvers().admm, grid=GRID, system=other)


def test_settings_are_those_of_the_nearest_level(matrix, images):
    measured = measure_images(matrix, images, 24.0, np.random.default_rng(0))
    levels = {20.0: {"iterations": 1}, 25.0: {"iterations": 3}, 35.0: {"iterations": 5}}
    tuned = TunedSolver("ART", levels, Solvers(), matrix)
    assert [tuned.apply(measured.signal, measured.noise_norm, snr)[1] for snr in (10.0, 23.0, 99.0)] == [
        1,
        3,
        5,
    ]


def test_trying_settings_scores_each(matrix, images):
    measured = measure_images(matrix, images, np.inf, np.random.default_rng(0))
    tried = [{"regularization": value, "iterations": 200} for value in (1e-6, 1.0)]
    mild, strong = try_settings("ART", tried, Solvers(), matrix, measured)
    assert mild["settings"] == tried[0] and mild["iterations"] == 200
    # Without noise the image comes back; a strong penalty shrinks it.
    assert mild["psnr_db"] > 40 > strong["psnr_db"]


def test_stops_of_the_deep_image_prior_come_from_one_run(matrix, images):
    measured = measure_images(matrix, images[:2], 30.0, np.random.default_rng(0))
    tried = [{"iterations": 3}, {"iterations": 12}]
    early, late = try_settings("DIP", tried, Solvers(), matrix, measured)
    found, _ = solver("DIP", Solvers(), matrix)(measured.signal, measured.noise_norm, {"iterations": 12})
    expected = psnr_db(found, measured.truth, peak=measured.truth.max(axis=(1, 2))).mean()
    assert (early["iterations"], late["iterations"]) == (3, 12)
    assert late["psnr_db"] == pytest.approx(expected, abs=1e-3)


def test_stops_of_plug_and_play_come_from_one_run_and_are_those_of_their_own(matrix, images):
    measured = measure_images(matrix, images, 30.0, np.random.default_rng(0))
    calls = []

    def denoiser(points):
        calls.append(1)
        return 0.9 * points

    tried = [{"iterations": n, "scale": s, "noise_factor": 1.0} for n in (9, 2, 5) for s in (3, 10)]
    scored = list(try_settings("PP-MPI", tried, Solvers(), matrix, measured, denoiser))
    assert len(calls) == 2 * 9
    run = solver("PP-MPI", Solvers(), matrix, denoiser)
    for settings, one in zip(tried, scored, strict=True):
        found, iterations = run(measured.signal, measured.noise_norm, settings)
        expected = psnr_db(found, measured.truth, peak=measured.truth.max(axis=(1, 2))).mean()
        assert one == {
            "settings": settings,
            "psnr_db": pytest.approx(expected, abs=0),
            "iterations": iterations,
        }


def test_plug_and_play_needs_a_denoiser(matrix, images):
    with pytest.raises(InputError, match="PP-MPI: found no denoiser"):
        solver("PP-MPI", Solvers(), matrix)
    measured = measure_images(matrix, images, 30.0, np.random.default_rng(0))
    with pytest.raises(InputError, match="PP-MPI: found no denoiser"):
        list(try_settings("PP-MPI", [], Solvers(), matrix, measured))


def test_a_network_has_no_settings(matrix):
    with pytest.raises(InputError, match="method: found 'DERnet'"):
        solver("DERnet", Solvers(), matrix)
