"""Scores of images against closed forms."""

import numpy as np

from mpipipe.studies.image_scores import image_scores


def test_scores_do_not_depend_on_the_unit_and_have_the_truths_maximum_as_peak():
    rng = np.random.default_rng(0)
    truth = rng.random((3, 9, 8), dtype=np.float32)
    error = np.float32(0.1) * truth.max(axis=(1, 2), keepdims=True)
    first = image_scores(truth + error, truth)
    np.testing.assert_allclose(first["psnr_db"], 20.0, atol=1e-4)
    norms = np.linalg.norm(truth.reshape(3, -1), axis=1)
    np.testing.assert_allclose(first["nrmse"], error[:, 0, 0] * np.sqrt(72) / norms, rtol=1e-5)
    scale = np.array([1.0, 7.0, 1e-3], np.float32)[:, None, None]
    second = image_scores(scale * (truth + error), scale * truth)
    for metric, values in first.items():
        np.testing.assert_allclose(second[metric], values, rtol=1e-4)


def test_the_truth_itself_scores_best():
    truth = np.random.default_rng(0).random((2, 8, 8), dtype=np.float32)
    scores = image_scores(truth, truth)
    assert np.all(scores["nrmse"] == 0) and np.all(np.isinf(scores["psnr_db"]))
    np.testing.assert_allclose(scores["ssim"], 1, atol=1e-6)
