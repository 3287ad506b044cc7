"""Scores of a matrix against a reference, by numbers worked out by hand and by scikit-image."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from mpipipe.errors import InputError
from mpipipe.evaluation.matrix_score import score_components, score_table
from tests.training.networks import noise


def test_numbers_of_a_known_error():
    truth = np.ones((2, 8, 8), np.complex64)
    truth[1] *= 1e-12j
    estimate = 1.1 * truth
    scores = score_components(estimate, truth)
    # An error of a tenth of the peak: −10 log10 0.01 = 20 dB, whatever the unit and the phase.
    np.testing.assert_allclose(scores["psnr_db"], 20, atol=1e-4)
    np.testing.assert_allclose(scores["nrmse"], 0.1, rtol=1e-5)


def test_similarity_is_that_of_scikit_image_for_real_and_imaginary_part():
    truth, estimate = noise((3, 9, 8)), noise((3, 9, 8), seed=1)
    found = score_components(estimate, truth)["ssim"]
    for n in range(3):
        peak = np.abs(truth[n]).max()
        parts = [
            structural_similarity(part(estimate[n] / peak), part(truth[n] / peak), data_range=2)
            for part in (np.real, np.imag)
        ]
        assert found[n] == pytest.approx(np.mean(parts), abs=1e-5)


def test_single_voxels_along_an_axis_do_not_count_and_small_grids_have_no_similarity():
    truth, estimate = noise((2, 8, 9)), noise((2, 8, 9), seed=1)
    flat = score_components(estimate, truth)
    thick = score_components(estimate[..., None], truth[..., None])
    np.testing.assert_array_equal(flat, thick)
    assert score_components(estimate[:, :6], truth[:, :6])["ssim"].isna().all()


def test_means_of_each_channel_and_of_all():
    scores = score_components(noise((5, 8, 8)), noise((5, 8, 8), seed=1)).assign(channel=[0, 0, 2, 2, 2])
    table = score_table(scores, ["x", "y", "z"]).set_index("channel")
    assert list(table["components"]) == [2, 0, 3, 5]
    assert table.loc["z", "psnr_db"] == pytest.approx(np.mean(scores["psnr_db"][2:]))
    assert table.loc["all", "nrmse_std"] == pytest.approx(np.std(scores["nrmse"], ddof=1))
    assert np.isnan(table.loc["y", "ssim"])


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match=r"restored: found shape \(2, 8, 8\), expected the reference's"):
        score_components(noise((2, 8, 8)), noise((3, 8, 8)))
