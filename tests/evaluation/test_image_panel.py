"""Reconstructed images, of planes and of volumes."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.image_panel import PanelImage, image_panel
from tests.evaluation.drawings import volume

BOX = (-9.0, 9.0, -7.0, 7.0, -6.0, 6.0)


def test_central_slices_and_where_they_lie(provenance):
    values = volume()
    figure = image_panel([PanelImage("Phantom", values, {})], BOX, provenance)
    flat, side, front, bar = figure.axes
    np.testing.assert_array_equal(flat.images[0].get_array(), values[:, :, 2].T)  # 2 and 3 are equally near
    np.testing.assert_array_equal(side.images[0].get_array(), values[4])
    np.testing.assert_array_equal(front.images[0].get_array(), values[:, 3].T)
    positions = [axes.texts[0].get_text() for axes in (flat, side, front)]
    assert positions == ["z = −1.0 mm", "x = 0.0 mm", "y = 0.0 mm"]
    assert bar.get_ylabel().replace("\n", " ") == "concentration, relative to the calibration sample"


def test_an_image_may_have_a_grid_of_its_own(provenance):
    values = volume()
    own = (-10.0, 10.0, -8.0, 8.0, -7.0, 5.0)
    coarse = PanelImage("Observed voxels", values, {}, own)
    figure = image_panel([PanelImage("Phantom", values, {}), coarse], BOX, provenance)
    flat = figure.axes[3]
    assert flat.get_xlim() == BOX[:2]
    assert tuple(flat.images[0].get_extent()) == own[:4]
    np.testing.assert_array_equal(
        flat.images[0].get_array(), values[:, :, 3].T
    )  # at z = 0, nearest to the field's centre
    assert flat.texts[0].get_text() == "z = 0.0 mm"


def test_projections_are_maxima(provenance):
    values = volume()
    figure = image_panel([PanelImage("Phantom", values, {})], BOX, provenance, projection="maximum")
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), values.max(axis=2).T)
    assert not figure.axes[0].texts


def test_headings_name_method_and_scores(provenance):
    scores = {"PSNR": "24.1 dB", "SSIM": "0.93", "λ": "0.01"}
    images = [PanelImage("Phantom", np.eye(4), {}), PanelImage("SMRnet (spline residual)", np.eye(4), scores)]
    figure = image_panel(images, (0, 4, 0, 4), provenance)
    written = [text.get_text() for text in figure.texts]
    assert {"Phantom", "SMRnet\n(spline residual)", "PSNR 24.1 dB, SSIM 0.93\nλ 0.01"} <= set(written)
    assert figure.axes[0].get_ylabel() == "y / mm"
    assert [axes.get_xlabel() for axes in figure.axes[:2]] == ["x / mm"] * 2


@pytest.mark.parametrize("columns", [1, 3, 12])
def test_as_many_rows_as_are_needed(provenance, columns):
    images = [PanelImage(f"Method {k}", np.eye(4), {}) for k in range(12)]
    figure = image_panel(images, (0, 4, 0, 4), provenance, columns=columns)
    lower = {round(axes.get_position().y0, 6) for axes in figure.axes[:-1]}
    assert len(lower) == 12 / columns


def test_mistakes_are_one_clear_line(provenance):
    for message, images in {
        "images: found none": [],
        r"images: Phantom: found an image with 2 axes": [PanelImage("Phantom", np.eye(4), {})],
        r"images: Coarse: found an image with 3 axes and the edges \(0, 1\)": [
            PanelImage("Coarse", volume(), {}, (0, 1))
        ],
    }.items():
        with pytest.raises(InputError, match=message):
            image_panel(images, BOX, provenance)
