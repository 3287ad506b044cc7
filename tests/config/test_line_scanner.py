import numpy as np
import pytest
from pydantic import ValidationError

from mpipipe.config.line_scanner import LineScanner
from mpipipe.config.perceptron import PerceptronConfig, PerceptronTraining, modern_training


def test_default_is_the_published_scanner():
    config = LineScanner()
    assert config.scanner.drive_frequency_Hz[0] == 20e3
    position = config.grid.axes_m()[0]
    np.testing.assert_allclose(position[[0, 64, 128]], [-0.016, 0, 0.016], atol=1e-12)
    # Saturation of 0.6 T / mu0.
    assert config.particle.saturation_A_per_m * 4e-7 * np.pi == pytest.approx(0.6, rel=1e-5)


@pytest.mark.parametrize(
    ("section", "key", "value", "found"),
    [
        ("scanner", "drive_amplitude_mT", (32, 1, 0), "32.0, 1.0, 0.0"),
        ("scanner", "waveform", "sine", "sine"),
        ("scanner", "phase_rad", (0.1, 0, 0), "0.1"),
        ("scanner", "gradient_T_per_m", (0, 1, -1), "gradient_T_per_m 0"),
        ("particle", "anisotropy_J_per_m3", 100, "anisotropy_J_per_m3 100"),
    ],
)
def test_what_gives_harmonics_of_other_phases_is_refused(section, key, value, found):
    tree = LineScanner().model_dump()
    tree[section][key] = value
    with pytest.raises(ValidationError, match=found):
        LineScanner.model_validate(tree)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"harmonics": 2048}, "harmonics: found 2048"),
        ({"diameters_nm": (20, 0)}, "diameters_nm"),
        ({"grid": {"shape": (5, 5), "field_of_view_mm": (1, 1)}}, "one axis"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, found):
    with pytest.raises(ValidationError, match=found):
        LineScanner.model_validate(change)


def test_published_training_is_the_default():
    training = PerceptronTraining()
    assert (training.optimiser, training.learning_rate, training.cost) == ("SGD", 0.5, "squared")
    assert (training.network.hidden_units, training.network.activation) == (0, "sigmoid")


@pytest.mark.parametrize(
    "change",
    [
        {"cost": "cross_entropy", "network": {"activation": "linear"}},
        {"initial_scale": 0, "network": {"hidden_units": 3}},
    ],
)
def test_trainings_that_cannot_work_are_refused(change):
    with pytest.raises(ValidationError, match="found"):
        PerceptronTraining.model_validate(change)


@pytest.mark.parametrize("network", [{}, {"activation": "linear"}, {"hidden_units": 200}])
def test_modern_training_is_a_valid_training(network):
    training = modern_training(PerceptronConfig(**network))
    assert PerceptronTraining.model_validate(training.model_dump()) == training
