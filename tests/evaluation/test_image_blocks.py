"""Blocks of images in lines of equal length, with a bar, or with a key of complex colours."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.complex_colour import complex_colours
from mpipipe.evaluation.image_blocks import BlockImage, ImageBlock, image_blocks
from mpipipe.evaluation.placed_image import Scale
from tests.evaluation.legible import assert_legible

EXTENT = (-5.0, 5.0, -4.0, 4.0)
SCALE = Scale("concentration", 0, 1)


def block(count, seed=0, label="phantom 1"):
    images = np.random.default_rng(seed).random((count, 5, 4))
    return ImageBlock(
        label, [BlockImage(f"method {k}", image, f"{k}.0 dB") for k, image in enumerate(images)]
    )


def pictures(figure):
    return [axes for axes in figure.axes if axes.images]


def test_lines_have_about_equal_length_and_images_stand_upright(provenance):
    figure = image_blocks([block(7)], EXTENT, provenance, scale=SCALE)
    own = pictures(figure)
    lines = [round(axes.get_position().y0, 6) for axes in own]
    assert [lines.count(up) for up in dict.fromkeys(lines)] == [4, 3]
    assert lines == sorted(lines, reverse=True)
    for axes, one in zip(own, block(7).images, strict=True):
        (drawn,) = axes.images
        np.testing.assert_array_equal(drawn.get_array(), one.image.T)
        assert tuple(drawn.get_extent()) == EXTENT and drawn.get_clim() == (0, 1)


def test_without_a_scale_hue_is_the_phase(provenance):
    rng = np.random.default_rng(1)
    component = (rng.random((5, 4)) * np.exp(2j * np.pi * rng.random((5, 4)))).astype(np.complex64)
    figure = image_blocks([ImageBlock("75 kHz", [BlockImage("Noisy", component)])], EXTENT, provenance)
    (drawn,) = pictures(figure)[0].images
    expected = np.swapaxes(complex_colours(component), 0, 1)
    np.testing.assert_allclose(drawn.get_array(), expected, atol=1e-6)
    assert any("angle: phase" in text.get_text() for axes in figure.axes for text in axes.texts)


@pytest.mark.parametrize(
    ("counts", "scale"), [((1,), SCALE), ((1,), None), ((16, 16), None), ((10, 10, 10), SCALE)]
)
def test_all_that_is_written_can_be_read(provenance, counts, scale):
    blocks = [block(count, k, f"{k}rd harmonic\n{75 * k} kHz") for k, count in enumerate(counts)]
    figure = image_blocks(blocks, EXTENT, provenance, scale=scale)
    assert figure.get_figwidth() < 9.2
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    odd = ImageBlock("phantom 2", [BlockImage("N2N", np.zeros((4, 5)))])
    for message, blocks in {
        "blocks: found none or an empty one": [],
        r"blocks: N2N: found shape \(4, 5\), expected \(5, 4\)": [block(2), odd],
    }.items():
        with pytest.raises(InputError, match=message):
            image_blocks(blocks, EXTENT, provenance, scale=SCALE)
    with pytest.raises(InputError, match="blocks: found none or an empty one"):
        image_blocks([ImageBlock("phantom", [])], EXTENT, provenance, scale=SCALE)
