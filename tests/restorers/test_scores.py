"""The shipped restorers on matrices of no split: they do what their cards say."""

import numpy as np
import pytest

from mpipipe.restoration.downsampling import downsample
from mpipipe.restoration.masks import draw_missing
from mpipipe.restorers.choice import choose_card
from mpipipe.restorers.front import prepare
from mpipipe.storage.pretrained import read_cards
from tests.restorers.matrices import drawn_matrices, every, psnr, white, with_background

MATRICES, COMPONENTS = 6, 16


@pytest.mark.parametrize("method", [None, "DCT-F (one phase)"])
def test_denoising_in_a_plane_is_as_good_as_the_card_says(method):
    card = choose_card(read_cards(), "denoise", 2, method=method)
    for score in (card.test[0], card.test[-1]):
        found, noisy = [], []
        for matrix in drawn_matrices(MATRICES, COMPONENTS):
            observed = with_background(matrix, score.sigma)
            restorer = prepare("denoise", matrix.truth.shape[1:], method=method, device="cpu")
            found.append(psnr(restorer.restore(observed, score.sigma).values, matrix.truth))
            noisy.append(psnr(observed, matrix.truth))
        # A cut of the background has σ exactly.
        np.testing.assert_allclose(noisy, -20 * np.log10(score.sigma), atol=1e-3)
        assert min(np.subtract(found, noisy)) > 2
        # The mean of six matrices against the mean of the test split, in standard errors.
        assert abs(np.mean(found) - score.psnr_db) < 3 * score.psnr_db_std / np.sqrt(MATRICES)


def test_upsampling_is_as_good_as_the_card_says_and_beats_the_spline():
    sigma = 0.1
    (score,) = [one for one in choose_card(read_cards(), "upsample", 2).test if one.sigma == sigma]
    found: dict[str | None, list[float]] = {None: [], "Bicubic": []}
    for matrix in drawn_matrices(4, COMPONENTS, refinement=2.0):
        coarse = downsample(matrix.truth, 2)
        observed = coarse + white(coarse.shape, sigma)
        for method, scores in found.items():
            restorer = prepare(
                "upsample", coarse.shape[1:], method=method, grid=matrix.truth.shape[1:], device="cpu"
            )
            scores.append(psnr(restorer.restore(observed, sigma).values, matrix.truth))
    assert np.mean(found[None]) > np.mean(found["Bicubic"])
    assert abs(np.mean(found[None]) - score.psnr_db) < 3 * score.psnr_db_std / np.sqrt(4)


def test_in_space_every_task_restores():
    truth = every((14, 13, 12), count=24)
    sigma = 0.1
    noisy = truth + white(truth.shape, sigma)
    grid = truth.shape[1:]
    for method in (None, "DCT-F (one phase)"):
        restored = prepare("denoise", grid, method=method, device="cpu").restore(noisy, sigma).values
        assert psnr(restored, truth) > psnr(noisy, truth) + 3
    completed = {
        method: psnr(
            prepare("complete", grid, method=method, device="cpu").restore(noisy, sigma).values, truth
        )
        for method in (None, "Tricubic")
    }
    assert completed[None] > completed["Tricubic"]
    known = ~draw_missing(grid, 0.1, np.random.default_rng(0))
    lost = np.where(known, truth, np.nan).astype(np.complex64)
    whole = prepare("inpaint", grid, known=known).restore(lost).values
    zero = psnr(np.where(known, truth, 0), truth)
    assert psnr(whole, truth) > zero + 5


@pytest.mark.slow
def test_denoising_in_space_is_as_good_as_the_card_says():
    """Matrices of the training's Lissajous sequence take half a minute each to simulate."""
    matrices = drawn_matrices(3, COMPONENTS, dimension=3)
    for method in (None, "DCT-F (one phase)"):
        score = choose_card(read_cards(), "denoise", 3, method=method).test[1]
        found = []
        for matrix in matrices:
            observed = matrix.truth + white(matrix.truth.shape, score.sigma)
            restorer = prepare("denoise", matrix.truth.shape[1:], method=method, device="cpu")
            found.append(psnr(restorer.restore(observed, score.sigma).values, matrix.truth))
        assert abs(np.mean(found) - score.psnr_db) < 3 * score.psnr_db_std / np.sqrt(3)
        assert min(found) > -20 * np.log10(score.sigma)
