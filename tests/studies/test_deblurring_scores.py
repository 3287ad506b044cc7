from math import inf

import numpy as np
import pytest

from mpipipe.studies.deblurring_scores import TestData as Data
from mpipipe.studies.deblurring_scores import score
from mpipipe.studies.xspace_scan import Scan

PHANTOMS = ["lambda", "fork"]


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    truth = rng.random((2, 9, 9), dtype=np.float32)
    windows = rng.random((3, 9, 9), dtype=np.float32)
    noise = rng.standard_normal((5, 2, 9, 9)).astype(np.float32)
    return Data(PHANTOMS, Scan(truth, _both(truth), 1.0), Scan(windows, _both(windows), 1.0), noise, peak=2.0)


def _both(truth):
    return np.repeat(truth[:, None], 2, axis=1)


def first_image(images, _snr):
    return images[:, 0]


def test_each_phantom_snr_and_repetition_has_its_records(data):
    frame = score(first_image, data, [10, 20], 4, 2, method="Network", train_snr=15, repeat=1)
    psnr = frame[frame["metric"] == "psnr_db"]
    assert (
        set(psnr["method"]) == {"Network"} and set(psnr["train_snr"]) == {15.0} and set(psnr["repeat"]) == {1}
    )
    counts = psnr.groupby(["table", "phantom", "test_snr"]).size().to_dict()
    assert counts == {
        ("train_vs_test_snr", "", 10.0): 4,
        ("train_vs_test_snr", "", 20.0): 4,
        ("train_vs_test_snr", "", inf): 1,
        ("phantoms", "fork", 10.0): 2,
        ("phantoms", "fork", 20.0): 2,
        ("phantoms", "fork", inf): 1,
        ("phantoms", "windows", 10.0): 3,
        ("phantoms", "windows", 20.0): 3,
        ("phantoms", "windows", inf): 3,
    }


def test_psnr_is_that_of_the_noise_and_grows_with_the_snr(data):
    frame = score(first_image, data, [10, 20], 4, 2, method="TV")
    assert frame["train_snr"].isna().all()
    own = frame[(frame["metric"] == "psnr_db") & (frame["table"] == "train_vs_test_snr")]
    # Twice the SNR is half the error of the same fields, whatever the image.
    low, high = (own[own["test_snr"] == snr].sort_values("item")["value"].to_numpy() for snr in (10, 20))
    np.testing.assert_allclose(high - low, 20 * np.log10(2), atol=1e-4)
    truth, error = data.scan.truth[0], 2.0 / 10 * data.noise[:4, 0]
    expected = 10 * np.log10(truth.max() ** 2 / (error**2).mean(axis=(1, 2)))
    np.testing.assert_allclose(low, expected, atol=1e-4)


def test_a_method_is_told_the_snr(data):
    told = []
    score(lambda images, snr: told.append(snr) or images[:, 0], data, [7], 1, 1, method="Wiener")
    assert told == [7, 7, 7, inf, inf, inf]
