"""Which frequencies of an MDF file are read."""

import numpy as np
import pytest

import mpipipe
from mpipipe.errors import InputError
from mpipipe.storage.mdf_selection import select_frequencies
from tests.storage.mdf_writer import contents, write
from tests.storage.test_mdf_matrix import simulated


def test_frequencies_by_ratio_band_and_mixing_order(tmp_path):
    rng = np.random.default_rng(0)
    snr = rng.uniform(0, 10, (3, 85))
    path = write(tmp_path / "a.mdf", contents(simulated()) | {"/calibration/snr": snr[None]})
    S = simulated()
    step = 2.5e6 / 168
    for arguments, kept in (
        ({"snr_threshold": 8.0}, [k for k in range(85) if max(snr[:, k]) >= 8]),
        ({"band_Hz": (10 * step, 20 * step)}, range(10, 21)),
        ({"max_mixing_order": 1}, [0, 21, 24, 28]),
        ({"max_mixing_order": 1, "band_Hz": (22 * step, 1e9)}, [24, 28]),
    ):
        found = mpipipe.read_mdf(path, **arguments)
        np.testing.assert_array_equal(found, S.isel(frequency=list(kept)))
        np.testing.assert_array_equal(found["snr"], snr[:, list(kept)])
        assert found["frequency"].values.tolist() == list(kept)
    for arguments, line in (
        ({"snr_threshold": 11.0}, "found none of 85 frequencies with snr_threshold 11.0"),
        ({"band_Hz": (1e9, 2e9)}, "found none of 85 frequencies"),
    ):
        with pytest.raises(InputError, match=line):
            mpipipe.read_mdf(path, **arguments)


def test_selections_that_need_what_is_not_there(tmp_path):
    without = contents(simulated())
    del without["/calibration/snr"], without["/acquisition/gradient"]
    path = write(tmp_path / "a.mdf", without)
    with pytest.raises(InputError, match="no signal-to-noise ratio"):
        mpipipe.read_mdf(path, snr_threshold=2)
    with pytest.raises(InputError, match="no mixing orders"):
        mpipipe.read_mdf(path, max_mixing_order=2)
    del without["/calibration/method"]
    with pytest.raises(InputError, match="found a measurement, expected a system matrix"):
        mpipipe.read_mdf(write(tmp_path / "b.mdf", without), snr_threshold=2)
    assert select_frequencies(np.arange(3), np.arange(3.0)).all()
