from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from mpipipe.config.background import BackgroundConfig
from mpipipe.config.calibration import CalibrationConfig, default_calibrations
from mpipipe.errors import InputError
from mpipipe.physics.system_function import simulate_rows
from mpipipe.reconstruction.calibration import simulate_calibration

CONFIGS = default_calibrations()
WHITE = BackgroundConfig(
    drift_level=0, jump_level=0, low_frequency_exponent=0, channel_spread=0, frequency_spread=0
)


@cache
def calibration(name, seed=0):
    return simulate_calibration(CONFIGS[name], BackgroundConfig(), np.random.default_rng(seed))


@cache
def noise_free(name):
    config = CONFIGS[name]
    rows = simulate_rows(config.scanner, config.particle, config.grid, keep_above=config.keep_above)
    places = zip(rows.channel.tolist(), rows.frequency.tolist(), strict=True)
    return dict(zip(places, rows.values, strict=True))


def places(found):
    return list(zip(found.channel.tolist(), found.frequency.tolist(), strict=True))


@pytest.mark.parametrize("name, shape", [("openmpi", (839, 19, 19)), ("inhouse", (139, 11, 11))])
def test_sizes_are_those_of_the_paper(name, shape):
    found = calibration(name)
    assert found.matrix.shape == shape
    assert found.matrix.dtype == np.complex64
    assert places(found) == sorted(set(places(found)))
    assert found.threshold == found.snr.min()


def test_threshold_of_the_open_mpi_rows_is_near_the_papers():
    """839 rows of an SNR above 1.5."""
    assert calibration("openmpi").threshold == pytest.approx(1.5, abs=0.1)


def test_inhouse_rows_are_the_first_thirteen_harmonics_of_25_kilohertz():
    scanner = CONFIGS["inhouse"].scanner
    assert min(scanner.drive_frequency_Hz[:2]) == 25e3
    frequency_Hz = scanner.frequency_Hz(calibration("inhouse").frequency)
    assert frequency_Hz.min() >= 12.5e3
    assert frequency_Hz.max() <= 337.5e3


def test_fields_reach_the_edge_of_the_inhouse_field_of_view():
    config = CONFIGS["inhouse"]
    reach_mm = [
        2 * a / g
        for a, g in zip(config.scanner.drive_amplitude_mT, config.scanner.gradient_T_per_m, strict=True)
    ]
    np.testing.assert_allclose(reach_mm[:2], config.grid.field_of_view_mm)
    assert sum(config.scanner.gradient_T_per_m) == pytest.approx(0)


@pytest.mark.parametrize("name", CONFIGS)
def test_the_matrix_is_the_noise_free_one_within_its_noise(name):
    """σ averages `matrix_noise` of the largest value, over components near 1 of the series' mean level."""
    found, truth = calibration(name), noise_free(name)
    difference = found.matrix - np.stack([truth[place] for place in places(found)])
    peak = max(np.abs(values).max() for values in truth.values())
    sigma = np.sqrt(np.mean(np.abs(difference) ** 2, axis=(1, 2)))
    assert sigma.min() > 0
    assert np.median(sigma) == pytest.approx(CONFIGS[name].matrix_noise * peak, rel=0.4)


def test_kept_rows_are_the_strong_ones():
    """Of equally noisy rows those with the largest plateau win: no row left out is much stronger than one that is kept."""
    found = simulate_calibration(CONFIGS["openmpi"], WHITE, np.random.default_rng(1))
    truth = noise_free("openmpi")
    kept = set(places(found))
    largest = {place: np.abs(values).max() for place, values in truth.items()}
    weakest_tenth = np.quantile([largest[place] for place in kept], 0.1)
    left = [value for place, value in largest.items() if place not in kept]
    assert len(left) == len(truth) - 839
    assert np.mean(np.array(left) < weakest_tenth) > 0.7
    assert np.median(left) < np.median([largest[place] for place in kept]) / 5


def test_more_noise_lowers_the_threshold():
    config = CONFIGS["inhouse"]
    loud = config.model_copy(update={"matrix_noise": 10 * config.matrix_noise})
    found = simulate_calibration(loud, BackgroundConfig(), np.random.default_rng(0))
    assert found.threshold == pytest.approx(calibration("inhouse").threshold / 10, rel=0.1)


def test_seed_decides():
    again = simulate_calibration(CONFIGS["inhouse"], BackgroundConfig(), np.random.default_rng(0))
    assert again.matrix.tobytes() == calibration("inhouse").matrix.tobytes()
    assert not np.array_equal(again.matrix, calibration("inhouse", 1).matrix)


def test_too_many_rows_are_refused():
    config = CONFIGS["inhouse"].model_copy(update={"components": 5000})
    with pytest.raises(InputError, match="components: found 5000, expected at most"):
        simulate_calibration(config, BackgroundConfig(), np.random.default_rng(0))


@pytest.mark.parametrize(
    "fields, line",
    [
        ({"grid": {"shape": (3, 3, 3), "field_of_view_mm": (1, 1, 1)}}, "grid: found 3 axes"),
        ({"harmonics": (0, 3)}, "harmonics: found"),
        ({"harmonics": (4, 3)}, "harmonics: found"),
        ({"matrix_noise": 0}, "greater than 0"),
        ({"rows": 3}, "rows"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields, line):
    with pytest.raises(ValidationError, match=line):
        CalibrationConfig(**fields)
