"""Images in rows and columns: what is shown is what was given, and all of it can be read."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.figures import render
from mpipipe.evaluation.image_grid import WIDEST, GridRow, image_grid
from tests.evaluation.legible import assert_legible

EXTENT = (-19.0, 19.0, -19.0, 19.0)
NINE = ["Truth", "ART", "ADMM_L1", "ADMM_TV", "ADMM_L1TV", "PP-MPI", "DIP", "ADMM-Net", "DERnet"]


def rows(count, columns=9, shape=(19, 19), label="phantom", lines=1):
    rng = np.random.default_rng(0)
    score = "\n".join(["27.3 dB", "SSIM 0.93"][:lines])
    return [
        GridRow(f"{label} {k}" if label else "", list(rng.random((columns, *shape))), ["", *[score] * (columns - 1)])
        for k in range(count)
    ]  # fmt: skip


def test_images_stand_upright_and_share_one_scale(provenance):
    given = rows(2, 3, (5, 4))
    figure = image_grid(["a", "b", "c"], given, (-5, 5, -4, 4), provenance, peak=2.0)
    *panels, bar = figure.axes
    assert len(panels) == 6
    flat = [image for row in given for image in row.images]
    for axes, image in zip(panels, flat, strict=True):
        (drawn,) = axes.images
        assert drawn.origin == "lower" and drawn.get_clim() == (0, 2)
        np.testing.assert_array_equal(drawn.get_array(), image.T)
        assert tuple(drawn.get_extent()) == (-5, 5, -4, 4)
    assert bar.get_ylim() == (0, 2)
    assert bar.get_ylabel().replace("\n", " ") == "concentration, relative to the calibration sample"


def test_errors_are_taken_to_the_first_image_and_have_a_bar_of_their_own(provenance):
    given = rows(2, 3)
    figure = image_grid(["Truth", "b", "c"], given, EXTENT, provenance, error_peak=0.5)
    errors = [axes for axes in figure.axes if axes.images and axes.images[0].get_clim() == (0, 0.5)]
    expected = [np.abs(image - row.images[0]) for row in given for image in row.images[1:]]
    assert len(errors) == 4
    for axes, error in zip(errors, expected, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), error.T)
    bars = [axes for axes in figure.axes if axes.get_ylabel() and not axes.images]
    assert [axes.get_ylim() for axes in bars] == [(0, 1), (0, 0.5)]


@pytest.mark.parametrize("edge", [2.2, 11.0, 22.0, 38.0, 41.7, 130.0])
def test_ticks_are_round_and_well_inside(provenance, edge):
    extent = (-edge / 2, edge / 2) * 2
    figure = image_grid(NINE, rows(1), extent, provenance)
    for ticks in (figure.axes[0].get_xticks(), figure.axes[0].get_yticks()):
        assert ticks[1] == 0 and ticks[2] == -ticks[0]
        assert 0.2 * edge / 2 <= ticks[2] <= 0.6 * edge / 2
        assert f"{ticks[2]:.0e}"[0] in "125"


def test_many_columns_have_broken_titles_and_fewer_ticks(provenance):
    titles = [*NINE, "ADMM-Net (small ρ)", "DERnet (Tikhonov start)"]
    figure = image_grid(titles, rows(2, 11, lines=2), EXTENT, provenance, error_peak=0.5)
    assert_legible(figure)
    assert figure.get_figwidth() <= WIDEST + 1e-9
    drawn = {text.get_text() for text in figure.texts}
    assert {"ADMM-Net\n(small ρ)", "DERnet\n(Tikhonov\nstart)", "ADMM_\nL1TV", "ADMM_L1"} <= drawn
    assert list(figure.axes[0].get_xticks()) == [-10, 10] and len(figure.axes[0].get_yticks()) == 3


def test_a_grid_away_from_the_origin_has_ticks_of_its_own(provenance):
    figure = image_grid(["a"], rows(1, 1), (100, 120, -33, -13), provenance)
    assert list(figure.axes[0].get_xticks()) == [105, 110, 115]
    assert list(figure.axes[0].get_yticks()) == [-30, -25, -20]


@pytest.mark.parametrize(
    ("count", "lines", "error_peak", "label", "extent"),
    [
        (3, 1, 0.5, "phantom", EXTENT),
        (1, 1, 0.5, "phantom", EXTENT),
        (4, 1, None, "SNR 20 dB", EXTENT),
        (1, 2, None, "C-shape", (-11.0, 11.0, -11.0, 11.0)),
        (2, 2, None, "parallel\ncylinders", (-11.0, 11.0, -11.0, 11.0)),
        (5, 0, None, "", EXTENT),
    ],
)
def test_all_that_is_written_can_be_read(provenance, count, lines, error_peak, label, extent):
    figure = image_grid(
        NINE, rows(count, lines=lines, label=label), extent, provenance, error_peak=error_peak
    )
    assert figure.get_figwidth() <= WIDEST + 1e-9
    assert provenance.line in [text.get_text() for text in figure.texts]
    assert_legible(figure)


def test_pixels_are_square(provenance):
    given = rows(2, 4, (6, 12))
    figure = image_grid(list("abcd"), given, (-3, 3, -6, 6), provenance)
    box = figure.axes[0].get_position()
    size = box.width * figure.get_figwidth(), box.height * figure.get_figheight()
    assert size[1] == pytest.approx(2 * size[0])


def test_same_figure_same_bytes(provenance):
    make = [image_grid(NINE, rows(2), EXTENT, provenance, error_peak=0.5) for _ in range(2)]
    assert render(make[0], dpi=50) == render(make[1], dpi=50)


def test_mistakes_are_one_clear_line(provenance):
    good, other = rows(1, 3), rows(1, 3, (18, 19))
    for message, given in {
        "rows: found none": [],
        "rows: phantom 0: found 2 images and 2 scores, expected 3": rows(1, 2),
        "found 3 images and 1 scores": [GridRow("x", good[0].images, ["1"])],
        r"found shape \(18, 19\), expected \(19, 19\)": [*good, *other],
        "found an image with 3 axes": [GridRow("x", [np.zeros((2, 2, 2))] * 3)],
    }.items():
        with pytest.raises(InputError, match=message):
            image_grid(["a", "b", "c"], given, EXTENT, provenance)
