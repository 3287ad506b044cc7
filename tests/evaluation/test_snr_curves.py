"""Curves against signal-to-noise ratios: points where their ratios are, and the noise-free test apart."""

import math

import numpy as np
import pandas as pd
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.snr_curves import snr_curves
from mpipipe.evaluation.snr_looks import snr_colours, snr_places, snr_text, snr_value
from mpipipe.evaluation.training_levels import training_levels
from tests.evaluation.legible import assert_legible

LEVELS = (5.0, 10.0, 20.0, math.inf)


def rows(shift=0.0, levels=LEVELS):
    found = pd.DataFrame({"test_snr": levels[::-1]})
    found["mean"] = [20 + shift + min(level, 40) / 10 for level in found["test_snr"]]
    return found.assign(ci95=[math.nan if math.isinf(level) else 0.5 for level in found["test_snr"]])


def test_ratios_have_names_and_places_to_scale():
    assert [snr_text(snr) for snr in LEVELS] == ["5", "10", "20", "noise-free"]
    assert [snr_value(one) for one in (None, "inf", 7)] == [math.inf, math.inf, 7.0]
    assert snr_places(LEVELS) == {5: 5, 10: 10, 20: 20, math.inf: 27.5}
    assert snr_places([math.inf]) == {math.inf: 1.5}


def test_colours_of_ratios_are_different_and_not_white():
    colours = snr_colours([40.0, 5.0, 10.0, 5.0])
    assert list(colours) == [5, 10, 40] and len(set(colours.values())) == 3
    brightness = [sum(int(c[k : k + 2], 16) for k in (1, 3, 5)) for c in colours.values()]
    assert brightness == sorted(brightness) and brightness[-1] < 3 * 180
    assert len(snr_colours([10.0])) == 1


def test_points_are_the_means_and_no_line_leads_to_the_noise_free_one(provenance):
    lines = {"TV": ("TV", rows()), "Network\nSNR 10": ("Network", rows(2, LEVELS[:3]))}
    axes = snr_curves(lines, "psnr_db", provenance).axes[0]
    finite, apart, other, nothing = (container.lines[0] for container in axes.containers)
    np.testing.assert_allclose(finite.get_xydata(), [(5, 20.5), (10, 21), (20, 22)])
    np.testing.assert_allclose(apart.get_xydata(), [(27.5, 24)])
    np.testing.assert_allclose(other.get_xydata(), [(5, 22.5), (10, 23), (20, 24)])
    assert len(nothing.get_xydata()) == 0
    whiskers = axes.containers[0].lines[2][0].get_segments()
    assert [tuple(segment[:, 1]) for segment in whiskers] == [(20, 21), (20.5, 21.5), (21.5, 22.5)]
    ticks = dict(zip(axes.get_xticks(), [t.get_text() for t in axes.get_xticklabels()], strict=True))
    assert ticks == {5: "5", 10: "10", 20: "20", 27.5: "noise-\nfree"}


def test_curves_can_be_read(provenance):
    names = ("Gridding", "Wiener", "Richardson-Lucy", "TV", "Network\ntrained at SNR 10")
    levels = (*np.arange(5.0, 41, 5), math.inf)
    figure = snr_curves(
        {n: (n.split("\n")[0], rows(k, levels)) for k, n in enumerate(names)}, "psnr_db", provenance
    )
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(names)
    assert_legible(figure)


def history(shift=0.0):
    losses = [{"step": s, "loss": (1 + shift) / s} for s in (10, 20, 30)]
    return losses + [{"step": s, "psnr_db": {"a": s + shift, "b": s + 2 + shift}} for s in (15, 30)]


def test_trainings_have_the_colour_of_their_ratio_and_the_dash_of_their_method(provenance):
    keys = [("Network (retinal scene)", 10.0), ("Network", 20.0), ("Network", 10.0)]
    figure = training_levels({key: history(k) for k, key in enumerate(keys)}, provenance)
    loss, score = figure.axes
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["Network, SNR 10", "Network, SNR 20", "Network (retinal scene), SNR 10"]
    np.testing.assert_allclose(loss.lines[0].get_ydata(), [0.3, 0.15, 0.1])
    np.testing.assert_allclose(score.lines[0].get_xydata(), [(15, 18), (30, 33)])  # mean of the two levels
    first, second, retinal = loss.lines
    assert first.get_color() == retinal.get_color() != second.get_color()
    assert [line.get_linestyle() for line in loss.lines] == ["-", "-", "--"]


@pytest.mark.parametrize("count", [1, 2, 8])
def test_trainings_can_be_read(provenance, count):
    histories = {("Network", 5.0 * (k + 1)): history(k / 10) for k in range(count)}
    figure = training_levels(histories | {("Network (retinal scene)", 15.0): history(0.5)}, provenance)
    assert figure.get_figwidth() <= 8.5
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    twice = pd.concat([rows(), rows()])
    for message, metric, lines in (
        ("lines: found none", "psnr_db", {}),
        ("metric: found 'db'", "db", {"TV": ("TV", rows())}),
        ("lines: TV: found 8 rows", "psnr_db", {"TV": ("TV", twice)}),
        ("lines: TV: found 0 rows", "psnr_db", {"TV": ("TV", twice[:0])}),
    ):
        with pytest.raises(InputError, match=message):
            snr_curves(lines, metric, provenance)
    with pytest.raises(InputError, match="histories: found none"):
        training_levels({}, provenance)
    with pytest.raises(InputError, match="histories: Network, SNR 5: found no entry with a loss"):
        training_levels({("Network", 5.0): history()[3:]}, provenance)
