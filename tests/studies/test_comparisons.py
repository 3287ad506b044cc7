import io

import numpy as np
import pytest
from matplotlib.image import imread

from mpipipe.evaluation.comparison import (
    MISSING,
    ComparedImage,
    ComparedImages,
    component_picture,
    concentration_picture,
    on_full_grid,
    png_of,
    shown_at_first,
)
from mpipipe.studies import matrix_comparisons


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def read(png):
    """Return a PNG as (x, y, 3) in 0…255, x to the right and y upwards."""
    return np.rint(255 * imread(io.BytesIO(png), format="png")[::-1, :, :3]).astype(np.uint8).swapaxes(0, 1)


def test_a_png_holds_the_picture_upright_and_its_bytes_repeat(rng):
    colours = rng.integers(0, 256, (5, 3, 3), dtype=np.uint8)
    png = png_of(colours)
    assert np.array_equal(read(png), colours) and png == png_of(colours.copy())


def test_colours_of_concentrations_run_from_dark_to_bright_and_are_cut():
    picture = concentration_picture(np.array([[-1.0, 0.0], [2.0, 3.0]]), 2.0).astype(int)
    assert np.array_equal(picture[0, 0], picture[0, 1]) and np.array_equal(picture[1, 0], picture[1, 1])
    assert picture[0, 0].sum() < 30 and picture[1, 0].sum() > 600
    assert np.array_equal(concentration_picture(np.zeros((1, 1)), 0.0)[0, 0], picture[0, 0])


def test_missing_voxels_of_a_component_are_grey():
    plane, known = np.array([[1.0, 1j]]), np.array([[True, False]])
    picture = component_picture(plane, known)
    assert tuple(picture[0, 1]) == MISSING and tuple(picture[0, 0]) != MISSING
    assert not component_picture(np.zeros((1, 1), complex)).any()


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_each_voxel_has_the_value_that_was_measured_nearest(factor):
    shape = (11, 9, 7)
    measured = [np.arange(0, size, factor) for size in shape]
    image = np.stack(np.meshgrid(*measured, indexing="ij"), axis=-1)
    full = on_full_grid(image, shape, factor)
    for place in np.ndindex(shape):
        for axis, found in enumerate(full[place]):
            distances = abs(measured[axis] - place[axis])
            assert found in measured[axis][distances == distances.min()]


def test_at_first_the_measurement_and_the_best_estimate_are_shown():
    picture = np.zeros((1, 1, 3), np.uint8)
    rated = [("Truth", None), ("Noisy", 40.0), ("A", 20.0), ("B", 30.0), ("True matrix", None)]
    images = tuple(ComparedImage(label, picture, quality) for label, quality in rated)
    assert shown_at_first(ComparedImages("a", "", "", (1, 1), images, "Noisy")) == (1, 3)
    assert shown_at_first(ComparedImages("a", "", "", (1, 1), images[:2], "Noisy")) == (1, 0)


def test_components_of_a_coarse_calibration_lie_on_the_whole_grid(rng):
    def component(*shape):
        values = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        return (values / abs(values).max()).astype(np.complex64)

    arrays = {"truth_0": component(6, 4), "observed_0": component(3, 2), "method_0_0": component(6, 4),
              "method_1_0": component(6, 4)}  # fmt: skip
    example = {"field_of_view_mm": [12.0, 8.0], "channel": 1, "frequency_Hz": 5e4, "kind": "fluid", "factor": 2,
               "psnr_db": [11.0, 22.0]}  # fmt: skip
    described = {"methods": ["SMRnet", "Bicubic"], "sigma": 0.1, "examples": [example]}
    (found,) = matrix_comparisons.component_comparisons("upsampling_x2", arrays, described)
    assert [image.label for image in found.images] == [
        "Truth",
        "Measured (every 2nd voxel)",
        "Bicubic",
        "SMRnet",
    ]
    assert {image.colours.shape for image in found.images} == {(6, 4, 3)} and found.size_mm == (12.0, 8.0)
    assert np.array_equal(found.images[2].colours, component_picture(arrays["method_1_0"]))
    assert [image.score for image in found.images] == ["", "", "22.0 dB", "11.0 dB"]
    assert shown_at_first(found) == (1, 2)


def test_phantoms_begin_with_what_was_measured_and_never_with_the_true_matrix(rng):
    arrays = {"concentration": rng.random((4, 4, 6)), "image_0": rng.random((4, 4, 6)),
              "image_1": rng.random((2, 2, 3)), "image_2": rng.random((4, 4, 6))}  # fmt: skip
    described = {"names": ["True matrix", "Observed voxels", "Tricubic"], "psnr_db": [30.0, 10.0, 20.0],
                 "observation": {"factor": 2}, "field_of_view_mm": [4, 4, 6]}  # fmt: skip
    (found,) = matrix_comparisons.phantom_comparisons("resolution", arrays, described)
    assert [found.images[place].label for place in shown_at_first(found)] == ["Observed voxels", "Tricubic"]
    expected = concentration_picture(arrays["image_2"][..., 3], arrays["concentration"].max())
    assert np.array_equal(found.images[3].colours, expected)
