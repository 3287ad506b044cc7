"""Measured components before and after: what is drawn where, on which scale, and what is refused."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.complex_colour import complex_colours
from mpipipe.evaluation.restored_panel import RestoredComponent, restored_panel
from tests.training.networks import noise

PROVENANCE = Provenance(scale="smoke", digest="0" * 16, seed=1)
PLANE, SPACE = (0.0, 6.0, -2.0, 3.0), (0.0, 6.0, -2.0, 3.0, 1.0, 9.0)


def pictures(figure):
    """Return what each panel shows, without the colour key, from the top left."""
    return [axes.images[0].get_array() for axes in figure.axes if axes.images and axes.get_xlim()[0] > -1.5]


def test_a_row_has_the_scale_of_the_measured_component():
    first, second = noise((2, 6, 5))
    rows = [
        RestoredComponent(one, {"half": one / 2, "turned": 1j * one}, label)
        for one, label in ((1e6 * first, "a"), (1e-6 * second, "b"))
    ]
    figure = restored_panel(rows, PLANE, PROVENANCE, length_unit="step")
    shown = pictures(figure)
    assert len(shown) == 6
    for row, image in enumerate((first, second)):
        unit = image / np.abs(image).max()
        for column, expected in enumerate((unit, unit / 2, 1j * unit)):
            colours = np.swapaxes(complex_colours(expected), 0, 1)
            np.testing.assert_allclose(shown[3 * row + column], colours, atol=1e-5)
    texts = [text.get_text() for text in figure.texts]
    assert "a" in texts and "b" in texts and PROVENANCE.line in texts
    assert [axes.get_title() for axes in figure.axes[:3]] == ["Measured", "half", "turned"]
    assert figure.axes[3].get_xlabel() == "x / step"


def test_of_a_volume_the_slice_through_the_strongest_voxel():
    image = noise((6, 5, 4))
    image[2, 3, 1] = 50
    figure = restored_panel([RestoredComponent(image, {"same": image}, "a")], SPACE, PROVENANCE)
    expected = np.swapaxes(complex_colours(image[..., 1] / 50), 0, 1)
    for shown in pictures(figure):
        np.testing.assert_allclose(shown, expected, atol=1e-5)
    # Slices of 2 mm from 1 mm on: the second is centred at 4 mm.
    assert "a\nz = 4.0 mm" in [text.get_text() for text in figure.texts]


@pytest.mark.parametrize(
    ("components", "extent", "line"),
    [
        ([], PLANE, "components: found none"),
        ([RestoredComponent(noise((6, 5)), {})], SPACE, "components: found"),
        ([RestoredComponent(noise((6, 5)), {"a": noise((5, 6))})], PLANE, "components: a: found shape"),
        (
            [RestoredComponent(noise((6, 5)), {name: noise((6, 5))}) for name in "ab"],
            PLANE,
            "components: found methods",
        ),
    ],
)
def test_what_does_not_fit_is_refused(components, extent, line):
    with pytest.raises(InputError, match=line):
        restored_panel(components, extent, PROVENANCE)
