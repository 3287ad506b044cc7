"""Trainings side by side: mean and band over the noise levels, and no method under another's name."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.training_grid import training_grid
from tests.evaluation.legible import assert_legible


def history(shift=0.0, validated=True):
    losses = [{"step": s, "loss": 1 / s} for s in (10, 20, 30)]
    scores = [{"step": s, "psnr_db": {"20": s + shift, "35": s + 6.0 + shift}} for s in (15, 30)]
    return losses + (scores if validated else [])


def test_the_line_is_the_mean_over_the_levels_and_the_band_their_range(provenance):
    figure = training_grid({"one": {"DERnet": history()}}, provenance)
    loss, score = figure.axes
    np.testing.assert_allclose(loss.lines[0].get_ydata(), [0.1, 0.05, 1 / 30])
    np.testing.assert_array_equal(score.lines[0].get_xdata(), [15, 30])
    np.testing.assert_array_equal(score.lines[0].get_ydata(), [18, 33])
    (band,) = score.collections
    corners = {(float(x), float(y)) for x, y in band.get_paths()[0].vertices}
    assert corners == {(15, 15), (30, 30), (15, 21), (30, 36)}


def test_each_data_set_has_a_row_and_methods_their_names(provenance):
    histories = {
        "Open MPI-like": {"DERnet": history(), "PP-MPI": history(2, validated=False)},
        "in-house-like": {"DERnet": history(1), "ADMM-Net": history(-4)},
    }
    figure = training_grid(histories, provenance, labels={"PP-MPI": "PP-MPI's denoiser"})
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Open MPI-like: training loss",
        "Open MPI-like: validation PSNR (dB)",
        "in-house-like: training loss",
        "in-house-like: validation PSNR (dB)",
    ]
    assert [len(axes.lines) for axes in figure.axes] == [2, 1, 2, 2]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["PP-MPI's denoiser", "ADMM-Net", "DERnet"]
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    for message, given in {
        "histories: found none": {},
        "found none, expected at least one network in each row": {"one": {}},
        "one: DERnet: found no entry with a loss": {"one": {"DERnet": history()[3:]}},
    }.items():
        with pytest.raises(InputError, match=message):
            training_grid(given, provenance)
