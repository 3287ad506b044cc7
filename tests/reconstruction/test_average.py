import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import mse
from mpipipe.reconstruction.average import average, estimate, fit_gain


def problem(items=4):
    rng = np.random.default_rng(0)
    truth = rng.random((items, 5, 6)) * np.array([1, 2, 0.5, 3])[:items, None, None]
    return rng.normal(1, 1, (items, 2, 5, 6)) * truth[:, None] * 1e-3, truth


def test_average_is_the_clipped_mean():
    images, _ = problem()
    found = average(images)
    np.testing.assert_allclose(found, np.maximum((images[:, 0] + images[:, 1]) / 2, 0), rtol=1e-5, atol=1e-9)
    assert (found == 0).any()
    assert found.dtype == np.float32


def test_gain_minimises_the_error_over_the_squared_peak():
    images, truth = problem()
    peak = truth.max(axis=(1, 2))
    best = minimize_scalar(lambda gain: np.mean(mse(estimate(images, gain), truth) / peak**2))
    assert fit_gain(images, truth) == pytest.approx(best.x, rel=1e-4)


def test_gain_of_a_known_scale_and_of_scaled_scenes():
    images, truth = problem()
    assert fit_gain(images, 7 * average(images)) == pytest.approx(7, rel=1e-6)
    size = np.array([1, 10, 0.1, 4])
    scaled = fit_gain(images * size[:, None, None, None], truth * size[:, None, None])
    assert scaled == pytest.approx(fit_gain(images, truth), rel=1e-6)


def test_scenes_of_nothing_take_no_part():
    images, truth = problem()
    more = fit_gain(np.concatenate([images, images[:1]]), np.concatenate([truth, 0 * truth[:1]]))
    assert more == pytest.approx(fit_gain(images, truth))
    assert fit_gain(0 * images, truth) == 0


def test_bad_input():
    images, truth = problem()
    with pytest.raises(InputError, match=r"images: found shape \(4, 5, 6\)"):
        average(truth)
    with pytest.raises(InputError, match="images: found NaN"):
        estimate(np.full((1, 2, 3, 3), np.nan), 1.0)
    with pytest.raises(InputError, match=r"truth: found shape \(3, 5, 6\)"):
        fit_gain(images, truth[:3])
    with pytest.raises(InputError, match="truth: found NaN"):
        fit_gain(images, np.where(truth > 1, np.nan, truth))
    with pytest.raises(InputError, match="truth: found no scene"):
        fit_gain(images, 0 * truth)
