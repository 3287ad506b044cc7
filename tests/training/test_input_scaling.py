import numpy as np
import pytest

from mpipipe.config.line_scanner import LineScanner
from mpipipe.errors import InputError
from mpipipe.physics.line_spectrum import line_spectra, line_system_matrix
from mpipipe.scenes.binary_lines import random_lines
from mpipipe.training.input_scaling import InputScaling


@pytest.fixture
def spectra():
    return np.random.default_rng(0).standard_normal((50, 4)) * [1e-6, 1, 100, 3e7] + [1e-5, 0, 500, 0]


def test_feature_scale_divides_each_harmonic_and_keeps_its_mean(spectra):
    scaled = InputScaling.fit("feature_scale", spectra).apply(spectra)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(scaled.mean(axis=0), spectra.mean(axis=0) / spectra.std(axis=0), rtol=1e-5)


def test_feature_standard_has_no_mean_either(spectra):
    scaled = InputScaling.fit("feature_standard", spectra).apply(spectra)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)


def test_sample_max_takes_the_unit_of_each_spectrum_away(spectra):
    scaling = InputScaling.fit("sample_max", spectra)
    scaled = scaling.apply(spectra)
    np.testing.assert_allclose(np.abs(scaled).max(axis=1), 1, rtol=1e-6)
    units = np.geomspace(1e-9, 1e9, 50)[:, None]
    np.testing.assert_allclose(scaling.apply(units * spectra), scaled, rtol=1e-6)
    assert not scaling.apply(np.zeros((1, 4))).any()


def test_global_scale_keeps_ratios_of_harmonics(spectra):
    scaled = InputScaling.fit("global_scale", spectra).apply(spectra)
    np.testing.assert_allclose(scaled * spectra.std(), spectra, rtol=1e-6)


def test_statistics_are_those_of_the_fitted_scenes(spectra):
    scaling = InputScaling.fit("feature_standard", spectra[:30])
    other = (spectra[30:] - spectra[:30].mean(axis=0)) / spectra[:30].std(axis=0)
    np.testing.assert_allclose(scaling.apply(spectra[30:]), other, rtol=1e-5, atol=1e-6)


def test_rounding_errors_of_small_particles_do_not_become_data():
    """Twice the samples of a period change nothing but rounding, which the scale of the weakest harmonics magnifies."""
    coarse = LineScanner()
    fine = coarse.scanner.model_copy(update={"divider": (8192, 1, 1), "base_frequency_Hz": 8192 * 20e3})
    scenes = random_lines(2000, 129, np.random.default_rng(0))
    spectra, again = (
        line_spectra(line_system_matrix(config, 20), scenes)
        for config in (coarse, coarse.model_copy(update={"scanner": fine}))
    )
    difference = {}
    for floor in (0, 1e-12):
        scaling = InputScaling.fit("feature_scale", spectra, floor)
        difference[floor] = np.abs(scaling.apply(spectra) - scaling.apply(again)).max(axis=0)
    assert difference[0][-5:].min() > 1  # rounding alone: standard deviations are 1
    assert difference[1e-12].max() < 0.05


@pytest.mark.parametrize("normalisation", ["feature_scale", "feature_standard", "global_scale"])
def test_spectra_without_variation_are_refused(normalisation):
    with pytest.raises(InputError, match="do not differ"):
        InputScaling.fit(normalisation, np.zeros((3, 2)))


def test_unknown_names_are_refused(spectra):
    with pytest.raises(InputError, match=r"normalisation: found 'max', expected one of feature_scale"):
        InputScaling.fit("max", spectra)


@pytest.mark.parametrize(
    "bad", [np.ones(4), np.ones((2, 5)), np.full((2, 4), np.nan), np.ones((2, 4)) + 1j, np.ones((0, 4))]
)
def test_spectra_that_do_not_fit_are_refused(spectra, bad):
    with pytest.raises(InputError, match="spectra: found"):
        InputScaling.fit("global_scale", spectra).apply(bad)
