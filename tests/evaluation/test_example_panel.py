"""Example system matrices: rows, slices and texts."""

from dataclasses import replace

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.complex_colour import complex_colours
from mpipipe.evaluation.example_panel import component_text, example_panel, matrix_text
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from tests.evaluation.drawings import extent, matrix


def test_one_row_a_matrix_and_the_slice_of_volumes_that_shows_most(provenance):
    flat, deep = matrix((12, 5), 3), matrix((9, 8, 7), 4)
    figure = example_panel([flat, deep], provenance)
    shown = max(range(7), key=lambda z: sum(np.abs(one[..., z]).max() for one in deep.components))
    drawn = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in drawn] == [*flat.titles, *deep.titles]
    for axes, plane in zip(drawn, [*flat.components, *deep.components[..., shown]], strict=True):
        picture = np.swapaxes(np.asarray(axes.images[0].get_array()), 0, 1)
        np.testing.assert_allclose(picture, complex_colours(plane))
        assert axes.get_xlabel() == "x / mm"
    assert drawn[0].get_ylabel() == "y / mm"
    assert tuple(drawn[3].images[0].get_extent()) == extent((9, 8))
    position = deep.extent_mm[4] + (shown + 0.5) * (deep.extent_mm[5] - deep.extent_mm[4]) / 7
    label = f"slice z = {position:.1f} mm".replace("-", "−")
    assert any(label in text.get_text() for text in figure.texts)
    assert len(figure.axes) == 8  # seven components and the colour key


def test_texts():
    scanner = Scanner(gradient_T_per_m=(-1, -1.25, 2.25), drive_amplitude_mT=(12, 5.55, 9))
    particle = Particle(core_diameter_nm=21.44, anisotropy_J_per_m3=1250.4, kind="fluid")
    grid = Grid(shape=(17, 15, 9), field_of_view_mm=(34, 30, 9))
    assert matrix_text(particle, scanner, grid).split("\n") == [
        "fluid, D = 21.4 nm",
        "K = 1250 J/m³",
        "G = −1.00, −1.25, 2.25 T/m",
        "A = 12.0, 5.5, 9.0 mT",
        "grid 17 × 15 × 9",
    ]
    assert component_text(1, 50_551.4, 2) == "y coil, 50.6 kHz\nmixing order 2"


def test_mistakes_are_one_clear_line(provenance):
    item = matrix((12, 5))
    for message, examples in {
        "examples: found none": [],
        "examples: 0: found 2 titles for 5 components": [replace(item, titles=("a", "b"))],
        r"examples: 1: found an image with 2 axes": [item, replace(item, extent_mm=extent((12, 5, 3)))],
    }.items():
        with pytest.raises(InputError, match=message):
            example_panel(examples, provenance)
