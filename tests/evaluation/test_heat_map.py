"""Heat maps: the number of a cell stands in it, on one scale, and can be read on its colour."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from mpipipe.errors import InputError
from mpipipe.evaluation.figures import render
from mpipipe.evaluation.heat_map import COLOURS, WIDEST, HeatBlock, heat_map
from tests.evaluation.legible import assert_legible

NAMES = {"column_label": "test SNR", "value_label": "PSNR (dB)"}


def labels(count):
    return [str(5 * (k + 1)) for k in range(count)]


def block(rows=3, columns=4, seed=0, label="training SNR", **more):
    values = np.random.default_rng(seed).uniform(10, 30, (rows, columns))
    return HeatBlock(labels(rows), values, label, **more)


def test_numbers_stand_in_their_cells_on_one_scale(provenance):
    blocks = [block(marked=[(1, 2)]), block(2, seed=1, label="")]
    figure = heat_map(labels(4), blocks, provenance, **NAMES)
    *panels, bar = figure.axes
    whole = np.concatenate([one.values for one in blocks])
    for axes, one in zip(panels, blocks, strict=True):
        (image,) = axes.images
        assert image.origin == "lower"
        np.testing.assert_array_equal(image.get_array(), one.values)
        assert image.get_clim() == (whole.min(), whole.max())
        written = {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in axes.texts}
        assert written == {place: f"{value:.1f}" for place, value in np.ndenumerate(one.values)}
        assert [tick.get_text() for tick in axes.get_yticklabels()] == list(one.rows)
    assert bar.get_ylim() == (whole.min(), whole.max()) and bar.get_ylabel() == "PSNR (dB)"
    assert [axes.get_xlabel() for axes in panels] == ["", "test SNR"]


def test_marked_cells_have_a_frame_around_them(provenance):
    figure = heat_map(labels(4), [block(marked=[(1, 2), (0, 3)])], provenance, **NAMES)
    frames = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    middles = {
        (round(f.get_y() + f.get_height() / 2, 6), round(f.get_x() + f.get_width() / 2, 6)) for f in frames
    }
    assert middles == {(1, 2), (0, 3)}
    assert all(f.get_width() < 1 and f.get_height() < 1 for f in frames)


def test_numbers_have_the_contrast_of_readable_text_on_every_colour(provenance):
    """At least 4.5:1, the contrast ratio that WCAG 2.1 asks of text."""

    def luminance(colour):
        encoded = np.array(to_rgb(colour))
        linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    values = np.linspace(0, 1, 120).reshape(6, 20)
    figure = heat_map(labels(20), [HeatBlock(labels(6), values)], provenance, spec=".2f", **NAMES)
    texts = figure.axes[0].texts
    for text, value in zip(texts, values.ravel(), strict=True):
        pair = sorted([luminance(text.get_color()), luminance(mpl.colormaps[COLOURS](float(value))[:3])])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5
    assert {text.get_color() for text in texts} == {"white", "black"}


def test_a_missing_number_is_a_dash_and_no_colour(provenance):
    one = block()
    one.values[1, 1] = np.nan
    figure = heat_map(labels(4), [one], provenance, **NAMES)
    (image,) = figure.axes[0].images
    assert image.get_array().mask.sum() == 1 and image.get_array().mask[1, 1]
    assert [t.get_text() for t in figure.axes[0].texts].count("–") == 1


@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 3), (8, 9), (9, 14)])
def test_all_that_is_written_can_be_read(provenance, rows, columns):
    methods = HeatBlock(["Richardson-Lucy", "retinal scene,\nSNR 15"], block(2, columns).values)
    figure = heat_map(labels(columns), [block(rows, columns), methods], provenance, **NAMES)
    assert figure.get_figwidth() <= WIDEST + 1e-9
    assert provenance.line in [text.get_text() for text in figure.texts]
    assert_legible(figure)


def test_same_figure_same_bytes(provenance):
    make = [heat_map(labels(4), [block(marked=[(0, 0)])], provenance, **NAMES) for _ in range(2)]
    assert render(make[0], dpi=50) == render(make[1], dpi=50)


def test_mistakes_are_one_clear_line(provenance):
    for message, given in {
        "blocks: found none": [],
        r"found numbers of shape \(3, 5\), expected \(3, 4\)": [block(columns=5)],
        "blocks: found no number": [HeatBlock(["1"], np.full((1, 4), np.nan))],
    }.items():
        with pytest.raises(InputError, match=message):
            heat_map(labels(4), given, provenance, **NAMES)
