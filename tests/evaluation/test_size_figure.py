"""Metrics by grid size: panels, order of bins, and pooled rows apart."""

import numpy as np
import pandas as pd
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.size_figure import size_figure
from mpipipe.evaluation.summary import summarise
from tests.evaluation.drawings import size_records


@pytest.fixture(scope="module")
def summary():
    return summarise(size_records("accelerated_calibration", factor=2))


def lines(axes):
    return [container.lines[0] for container in axes.containers]


def test_noise_free_beside_noisy_with_shared_axes(summary, provenance):
    figure = size_figure(summary, provenance)
    assert [axes.get_title() for axes in figure.axes] == ["noise-free", "σ = 0.1", "", ""]
    assert [axes.get_ylabel() for axes in figure.axes] == ["PSNR (dB)", "", "SSIM", ""]
    assert [axes.get_xlabel() for axes in figure.axes[2:]] == ["average grid size (voxels)"] * 2
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    assert [text.get_text() for text in figure.axes[2].get_xticklabels()] == [
        "[12,18]",
        "(18,24]",
        "(24,30]",
        "all",
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Biharmonic", "PConvUNet"]


def test_values_are_those_of_the_summary(summary, provenance):
    axes = size_figure(summary, provenance).axes[1]
    chosen = summary[(summary["metric"] == "psnr_db") & (summary["sigma"] == 0.1)]
    first, pooled, *_ = lines(axes)
    own = chosen[chosen["method"] == "Biharmonic"].set_index("size_bin")["mean"]
    np.testing.assert_allclose(first.get_ydata(), own[["[12,18]", "(18,24]", "(24,30]"]])
    np.testing.assert_allclose(pooled.get_ydata(), own[["all"]])
    assert np.all(np.diff(first.get_xdata()) == 1)
    assert pooled.get_xdata()[0] > first.get_xdata()[-1] + 1


def test_each_region_has_a_column(provenance):
    both = pd.concat([size_records("inpainting", region=region) for region in ("all", "missing")])
    figure = size_figure(summarise(both), provenance)
    assert [axes.get_title() for axes in figure.axes[:4]] == [
        "noise-free, missing voxels",
        "noise-free, all voxels",
        "σ = 0.1, missing voxels",
        "σ = 0.1, all voxels",
    ]


def test_a_method_may_lack_a_noise_level(summary, provenance):
    partial = summary[(summary["method"] == "PConvUNet") | (summary["sigma"] == 0)]
    figure = size_figure(partial, provenance, metrics=["psnr_db"])
    assert [len(lines(axes)) for axes in figure.axes] == [4, 2]
    assert len(figure.legends[0].get_texts()) == 2


def test_mistakes_are_one_clear_line(summary, provenance):
    other = summary.assign(factor=4)
    for message, wrong, metrics in (
        ("no row with metric 'mse'", summary, ["mse"]),
        ("factor: found 2 values", pd.concat([summary, other]), ["ssim"]),
        ("size_bin: found a row without a bin", summary.assign(size_bin=""), ["ssim"]),
    ):
        with pytest.raises(InputError, match=message):
            size_figure(wrong, provenance, metrics=metrics)
