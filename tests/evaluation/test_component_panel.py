"""Examples of all problems: which planes, which edges, which voxels are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.complex_colour import complex_colours
from mpipipe.evaluation.component_axes import extent_of, measured_extent, mm_text, panel_size
from mpipipe.evaluation.component_panel import component_panel
from tests.evaluation.drawings import example, extent

VOLUME = (9, 8, 7)


def panels(figure):
    """Axes that hold an image, in the order of drawing."""
    return [axes for axes in figure.axes if axes.images]


def titles(figure):
    return [axes.get_title() for axes in panels(figure) if axes.get_title()]


def drawn_colours(axes):
    """Colours of the plane that is drawn, ``(x, y, colour)``."""
    return np.swapaxes(np.asarray(axes.images[0].get_array()), 0, 1)


def test_columns_and_error_maps(provenance):
    figure = component_panel([example(measured=True, names=("DCT-F", "DnCNN (phase-aligned)"))], provenance)
    assert titles(figure) == ["Truth", "Noisy", "DCT-F", "DnCNN\n(phase-aligned)"]
    assert len(panels(figure)) == 4 + 3 + 1  # components, errors of all but the truth, colour key
    written = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert {"14.0 dB", "20.0 dB", "21.0 dB"} <= set(written)
    assert "|error|" in [axes.get_title() for axes in figure.axes]


def test_error_maps_are_the_modulus_of_the_difference(provenance):
    item = example(names=("DCT-F", "DnCNN"))
    errors = [
        axes.images[0]
        for axes in panels(component_panel([item], provenance))
        if axes.images[0].cmap.name == "inferno"
    ]
    assert len(errors) == 2
    for image, estimate in zip(errors, item.estimates.values(), strict=True):
        np.testing.assert_allclose(image.get_array().T, np.abs(estimate - item.truth), atol=1e-6)
        assert (image.norm.vmin, image.norm.vmax) == (0, pytest.approx(0.2, rel=1e-5))


def test_a_volume_is_shown_where_it_is_strongest(provenance):
    item = example(VOLUME)
    item.truth[4, 3, 5] = 1.2
    figure = component_panel([item], provenance)
    np.testing.assert_allclose(drawn_colours(panels(figure)[0]), complex_colours(item.truth[:, :, 5]))
    assert "slice z = 4.0 mm" in figure.texts[1].get_text()  # voxels of 2 mm, 7 around the origin


def test_measured_voxels_lie_where_they_were_measured(provenance):
    item = example(VOLUME, factor=2)
    item.truth[4, 3, 3] = 1.2  # between the measured slices 2 and 4
    figure = component_panel([item], provenance)
    measured = panels(figure)[1]
    assert measured.get_title() == "Measured\n(every 2nd voxel)"
    left, right, low, high = measured.images[0].get_extent()
    centres = left + (np.arange(5) + 0.5) * (right - left) / 5
    np.testing.assert_allclose(centres, -8 + 4 * np.arange(5))  # of voxels 0, 2, 4, 6 and 8
    centres = low + (np.arange(4) + 0.5) * (high - low) / 4
    np.testing.assert_allclose(centres, -7 + 4 * np.arange(4))
    assert measured.get_xlim() == (-9, 9)
    assert "z = 2.0 mm" in [text.get_text() for text in measured.texts]
    np.testing.assert_allclose(drawn_colours(measured), complex_colours(item.observed[:, :, 2]))


def test_gaps_are_transparent_and_the_slice_shows_them(provenance):
    item = example(VOLUME)
    known = np.ones(VOLUME, bool)
    known[:, :, 2] = False  # a whole slice, in which nothing would be left to see
    known[:4, :, 3] = known[:1, :, 5] = False
    item = replace(item, observed=np.where(known, item.truth, 0), known=known)
    figure = component_panel([item], provenance)
    assert "slice z = 0.0 mm" in figure.texts[1].get_text()
    measured = panels(figure)[1]
    assert measured.get_title() == "Measured\n(with gaps)"
    np.testing.assert_array_equal(drawn_colours(measured)[..., 3], known[:, :, 3])
    assert measured.patch.get_hatch()
    error = next(axes.images[0] for axes in panels(figure) if axes.images[0].cmap.name == "inferno")
    np.testing.assert_array_equal(np.ma.getmaskarray(error.get_array()).T, ~known[:, :, 3])


def test_edges_of_measured_grids():
    assert measured_extent((0, 10), (10,), 1) == (0, 10)
    assert measured_extent((0, 10), (10,), 2) == (-0.5, 9.5)
    assert measured_extent((0, 9, 0, 18), (9, 9), 4) == (-1.5, 10.5, -3, 21)
    assert extent_of((34, 30)) == (-17, 17, -15, 15)
    assert extent_of((34, 30), (1, -2)) == (-16, 18, -17, 13)
    assert [mm_text(value) for value in (-0.04, -1.25, 3)] == ["0.0 mm", "−1.2 mm", "3.0 mm"]


def test_oblong_fields_are_compressed():
    assert panel_size((0, 10, 0, 8), 1.0, 2.0) == (1.0, 0.8)
    assert panel_size((0, 10, 0, 1), 1.0, 2.0) == (1.0, 0.5)
    assert panel_size((0, 1, 0, 10), 1.0, 1.5) == (0.75, 1.5)


def test_mistakes_are_one_clear_line(provenance):
    item = example(VOLUME, factor=2)
    for message, wrong in {
        r"examples: observed: found shape \(9, 8, 7\), expected \(5, 4, 4\)": replace(
            item, observed=item.truth
        ),
        r"examples: known: found shape \(2, 2\)": replace(item, known=np.ones((2, 2), bool)),
        r"examples: DnCNN: found shape \(4, 4\)": replace(
            item, estimates=item.estimates | {"DnCNN": np.zeros((4, 4), np.complex64)}
        ),
        "examples: truth: found an image with 3 axes and the edges": replace(item, extent_mm=extent((9, 8))),
        r"found '' beside 'Measured\\n\(every 2nd voxel\)'": replace(item, observed=None),
    }.items():
        with pytest.raises(InputError, match=message):
            component_panel([item, wrong], provenance)
