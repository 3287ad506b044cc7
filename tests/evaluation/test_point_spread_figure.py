"""A gridded point source: the difference is that of the arrays, in percent of the theory's peak."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.point_spread_figure import PointSource, point_spread_figure
from tests.evaluation.legible import assert_legible

SIZE, EXTENT = 16, (-10.0, 10.0, -10.0, 10.0)


def source(errors=(), peak=5.0, pixel=(7, 9)):
    """A Gaussian of each partition with its maximum at the source, and gridded values that are off at some pixels."""
    x, y = np.meshgrid(*[np.arange(SIZE)] * 2, indexing="ij")
    theory = np.stack([np.exp(-((x - pixel[0]) ** 2) / w - ((y - pixel[1]) ** 2) / 9) for w in (4, 9)])
    gridded = theory.copy()
    for place, error in errors:
        gridded[place] += error
    return PointSource(peak * gridded, peak * theory, EXTENT, pixel)


def test_differences_are_in_percent_of_the_peak_and_inside_means_the_central_half():
    given = source([((0, 4, 11), 0.02), ((1, 3, 8), -0.3)])  # pixels 4 to 11 of 16 are inside
    difference = given.difference_percent
    assert difference[0, 4, 11] == pytest.approx(2.0) and difference[1, 3, 8] == pytest.approx(-30.0)
    assert np.count_nonzero(np.abs(difference) > 1e-9) == 2
    assert given.inner_difference_percent == pytest.approx(2.0)


def test_images_difference_and_profiles_are_those_that_were_given(provenance):
    given = source([((0, 4, 11), 0.02), ((1, 3, 9), -0.3)])
    figure = point_spread_figure(given, provenance)
    shown = [np.asarray(axes.images[0].get_array()).T for axes in figure.axes if axes.images]
    expected = [
        image
        for k in (0, 1)
        for image in (given.gridded[k] / 5, given.theory[k] / 5, given.difference_percent[k])
    ]
    for found, image in zip(shown, expected, strict=True):
        np.testing.assert_allclose(found, image)
    limits = [axes.images[0].get_clim() for axes in figure.axes if axes.images]
    assert limits[:3] == [(0, 1), (0, 1), pytest.approx((-30, 30))]
    profiles = [axes for axes in figure.axes if axes.lines and not axes.images]
    for axes, k in zip(profiles, (0, 1), strict=True):
        theory, gridded = axes.lines
        np.testing.assert_allclose(theory.get_xdata(), -10 + (np.arange(SIZE) + 0.5) * 20 / SIZE)
        np.testing.assert_allclose(theory.get_ydata(), given.theory[k, :, 9] / 5)
        np.testing.assert_allclose(gridded.get_ydata(), given.gridded[k, :, 9] / 5)
        assert theory.get_ydata().max() == 1


def test_all_that_is_written_can_be_read(provenance):
    figure = point_spread_figure(source([((0, 8, 8), 0.01)]), provenance)
    assert figure.get_figwidth() <= 8.5
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    good = source()
    for message, wrong in {
        r"found gridded \(2, 16, 16\) and theory \(1, 16, 16\)": good.theory[:1],
        "found a theory with the maximum 0": np.zeros_like(good.theory),
    }.items():
        with pytest.raises(InputError, match=message):
            point_spread_figure(PointSource(good.gridded, wrong, EXTENT, (7, 9)), provenance)
