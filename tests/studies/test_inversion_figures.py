"""Figures of the inversion study: right trainings in the right panel, with the paper's numbers beside them."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.records import concatenate_records
from mpipipe.studies import inversion_learning_figures as learning
from mpipipe.studies import inversion_physics_figures as physics
from mpipipe.studies import inversion_weight_figures as weights
from mpipipe.studies.inversion_methods import MULTI, SINGLE, Training
from mpipipe.studies.inversion_regularised import regularised_figure
from tests.evaluation.legible import assert_legible
from tests.studies import inversion_inputs as given

RUN = Provenance(scale="smoke", digest="0123456789abcdef", seed=7)


def titles(result):
    return [axes.get_title(loc="left") for axes in result.figure.axes]


def labels(result):
    return [text.get_text() for text in result.figure.legends[0].get_texts()]


def test_every_figure_is_legible():
    curves, columns = given.curves(), given.columns()
    found = [
        physics.point_spread_figure(given.neighbours(), RUN),
        physics.spectra_figure(given.system(), RUN),
        learning.learning_by_size_figure(curves, RUN),
        learning.learning_by_diameter_figure(curves, RUN),
        learning.learning_by_units_figure(curves, given.records(), RUN),
        weights.reconstructions_figure(given.patterns(), given.X, RUN),
        weights.weights_figure(columns, RUN),
        weights.sigmoid_and_linear_figure(columns, RUN),
        regularised_figure(given.comparisons(), RUN),
    ]
    assert [result.name for result in found] == [
        "point_spread", "spectra", "learning_by_size", "learning_by_diameter", "learning_by_units", "reconstructions",
        "weights", "sigmoid_and_linear", "regularised",
    ]  # fmt: skip
    for result in found:
        assert result.caption.endswith(RUN.sentence) and "  " not in result.caption
        assert_legible(result.figure)


def test_figures_of_a_smoke_run_are_legible():
    few = [Training(SINGLE, "Adam", 40.0, 200, 0), Training(MULTI, "Adam", 40.0, 200, 16)]
    curves = [given.curve(one, points=2) for one in few]
    comparisons = concatenate_records([given.regularised("Tikhonov", [1e-3, 2e-3])])
    for result in (
        learning.learning_by_diameter_figure(curves, RUN),
        learning.learning_by_units_figure(curves, given.records(few), RUN),
        weights.weights_figure(given.columns(3), RUN),
        regularised_figure(comparisons, RUN),
    ):
        assert_legible(result.figure)


def test_widths_stand_beside_those_that_the_paper_states():
    """The given widths are 1.25 mm at 30 nm and 0.27 mm at 50 nm."""
    result = physics.point_spread_figure(given.neighbours(), RUN)
    left, right = result.figure.axes
    marks = next(line for line in right.lines if line.get_marker() == "s")
    np.testing.assert_allclose(marks.get_xydata(), [(30, 1.0), (50, 0.25)])
    assert "states 1 mm at 30 nm (formula 1.25 mm) and 0.25 mm at 50 nm (formula 0.27 mm)" in result.caption
    assert "0.25 mm apart" in result.caption
    assert [line.get_ydata().max() for line in left.lines[:2]] == pytest.approx([1.0, 1.0])


def test_curves_of_a_sweep_stand_in_the_panel_of_their_network():
    result = learning.learning_by_diameter_figure(given.curves(), RUN)
    assert titles(result) == [
        "Single-layer, SGD", "Single-layer, Adam", "Multi-layer, 200 units,\nSGD", "Multi-layer, 200 units,\nAdam",
    ]  # fmt: skip
    assert labels(result) == [
        "20",
        "30",
        "35",
        "40",
        "50",
        "training",
        "validation",
        "paper, training, at the end",
    ]
    axes = result.figure.axes[0]
    known = given.curve(Training(SINGLE, "SGD", 20.0, 30000, 0))
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), known.train_mse)
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), known.validation_mse)
    assert axes.lines[1].get_linestyle() == "--" and axes.get_yscale() == axes.get_xscale() == "log"
    printed = [panel.lines[-1].get_ydata()[0] for panel in result.figure.axes]
    assert printed == [7.16e-5, 7.16e-5, 8.17e-7, 8.17e-7]


def test_what_the_paper_does_not_print_has_no_line():
    few = [given.curve(Training(SINGLE, "Adam", 40.0, size, 0)) for size in (200, 400)]
    result = learning.learning_by_size_figure(few, RUN)
    assert labels(result) == ["200", "400", "training", "validation"]
    assert len(result.figure.axes[0].lines) == 4


def test_errors_at_the_end_stand_against_the_hidden_units_beside_the_printed_ones():
    result = learning.learning_by_units_figure(given.curves(), given.records(), RUN)
    *_, axes = result.figure.axes
    assert titles(result)[-1] == "At the end"
    lines = {c.get_label(): c.lines[0].get_xydata() for c in axes.containers}
    assert list(lines) == ["SGD, training", "SGD, test", "Adam, training", "Adam, test"]
    np.testing.assert_allclose(lines["Adam, test"], [(units, 2e-4 / (1 + units)) for units in given.UNITS])
    np.testing.assert_allclose(lines["SGD, training"], [(units, 1e-4 / (1 + units)) for units in given.UNITS])
    printed = {line.get_label(): line.get_xydata() for line in axes.lines if line.get_marker() in "os"}
    np.testing.assert_allclose(printed["paper, training"], [(123, 6.19e-6), (200, 8.17e-7)])
    np.testing.assert_allclose(printed["paper, test"], [(123, 2.06e-4), (200, 1.77e-6)])
    assert {text.get_text() for text in axes.texts} == {"121: jump in the paper", "129 voxels"}


def test_methods_stand_in_a_panel_for_each_noise_level():
    result = regularised_figure(given.comparisons(), RUN, note="Tuned on other scenes.")
    assert titles(result) == ["noise-free", "SNR 40 dB", "SNR 30 dB", "SNR 20 dB"]
    assert labels(result) == ["Single-layer", "Multi-layer", "Truncated SVD", "Tikhonov"]
    lines = {c.get_label(): c.lines[0].get_xydata() for c in result.figure.axes[0].containers}
    np.testing.assert_allclose(lines["Tikhonov"], [(d, 2 * 10 ** (-d / 10)) for d in (20, 30, 40)])
    assert "Tuned on other scenes." in result.caption and "n = 3 test scenes" in result.caption


def test_captions_say_what_is_compared():
    columns = given.columns()
    result = weights.sigmoid_and_linear_figure(columns, RUN, amplitude_mm=12.0)
    assert "A = 12 mm" in result.caption and "central 80 %" in result.caption
    edges = [line.get_xdata()[0] for line in result.figure.axes[0].lines if len(line.get_xdata()) == 2]
    assert edges == pytest.approx([-9.6, 9.6])
    assert "independently 0 or 1" in weights.reconstructions_figure(given.patterns(), given.X, RUN).caption


def test_what_is_missing_is_one_clear_line():
    single = [given.curve(Training(SINGLE, "Adam", 40.0, 200, 0))]
    with pytest.raises(InputError, match="found none among 1 that vary hidden_units"):
        learning.learning_by_units_figure(single, given.records(), RUN)
    with pytest.raises(InputError, match="found none among 0 that vary n_train"):
        learning.learning_by_size_figure([], RUN)
    with pytest.raises(InputError, match="found no MSE of table 'regularised'"):
        regularised_figure(given.records(), RUN)
