"""Scenes and the model: images as they are, windows where they are, and the flow from inputs to estimate."""

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from mpipipe.errors import InputError
from mpipipe.evaluation.figures import render
from mpipipe.evaluation.model_figure import ModelExample, model_figure
from mpipipe.evaluation.placed_image import Scale, inner_ticks
from mpipipe.evaluation.scene_figure import WIDEST, MarkedScene, scene_figure
from tests.evaluation.legible import assert_legible

SCALE = Scale("concentration", 0, 1)
MODEL = "residual\nnetwork,\n9 blocks"
# A square of 2 cm that is turned by the angle with cosine 0.8 and sine 0.6.
WINDOW = np.array([[0.3, -2.1], [1.9, -0.9], [0.7, 0.7], [-0.9, -0.5]])


def scene(title="coded scene", seed=0, windows=(WINDOW,)):
    image = np.random.default_rng(seed).random((71, 71)).astype(np.float32)
    return MarkedScene(title, image, (-3.57, 3.57, -3.57, 3.57), list(windows))


def example(shape=(20, 20)):
    first, second, output, truth = np.random.default_rng(1).random((4, *shape))
    return ModelExample((first, second), output, truth, (-10, 10, -10, 10), 21.07)


def images(figure):
    return [axes for axes in figure.axes if axes.images]


def shown(axes):
    return np.asarray(axes.images[0].get_array()).T


def test_windows_are_outlined_where_they_are(provenance):
    scenes = [scene(), scene("retinal scene", 1, (WINDOW, -WINDOW))]
    figure = scene_figure(scenes, SCALE, provenance)
    for axes, given in zip(images(figure), scenes, strict=True):
        np.testing.assert_array_equal(shown(axes), given.concentration)
        assert tuple(axes.images[0].get_extent()) == given.extent_cm
        assert axes.get_xlabel() == "x / cm"
        outlines = [patch.get_xy()[:4] for patch in axes.patches]
        np.testing.assert_allclose(outlines, given.windows_cm)
        box = axes.get_position()
        size = box.width * figure.get_figwidth(), box.height * figure.get_figheight()
        assert size[0] == pytest.approx(size[1])  # a turned square stays one
    assert [axes.get_ylabel() for axes in images(figure)] == ["y / cm", ""]
    assert [text.get_text() for text in figure.texts][1:] == ["coded scene", "retinal scene"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_scenes_can_be_read_and_are_not_too_wide(provenance, count):
    figure = scene_figure([scene(f"scene {k}", k) for k in range(count)], SCALE, provenance)
    assert figure.get_figwidth() <= WIDEST + 1e-9
    assert_legible(figure)


def test_the_model_goes_from_both_images_to_the_estimate(provenance):
    given = example()
    figure = model_figure(scene(), given, SCALE, MODEL, provenance)
    coded, *four = images(figure)
    np.testing.assert_array_equal(shown(coded), scene().concentration)
    order = {"45": given.inputs[0], "135": given.inputs[1], "output": given.output, "truth": given.truth}
    for axes, image in zip(four, order.values(), strict=True):
        np.testing.assert_array_equal(shown(axes), image)
    texts = [text.get_text() for text in figure.texts]
    assert {
        "(a) coded scene",
        "(b) 45° partition",
        "135° partition",
        "estimate, 21.1 dB",
        "truth",
        MODEL,
    } <= set(texts)

    (box,) = [one for one in figure.artists if isinstance(one, FancyBboxPatch)]
    arrows = [one for one in figure.artists if isinstance(one, FancyArrowPatch)]
    width = figure.get_figwidth()
    inputs_end = max(axes.get_position().x1 for axes in four[:2]) * width
    outputs_start = min(axes.get_position().x0 for axes in four[2:]) * width
    left, right = box.get_x(), box.get_x() + box.get_width()
    assert inputs_end < left < right < outputs_start
    ends = [one._posA_posB for one in arrows]
    assert [(start[0] < end[0]) for start, end in ends] == [True] * 3
    assert all(inputs_end < start[0] < end[0] < left for start, end in ends[:2])
    assert right < ends[2][0][0] < ends[2][1][0] < outputs_start


def test_the_model_can_be_read_and_is_not_too_wide(provenance):
    figure = model_figure(scene("drawn channels, validation"), example(), SCALE, MODEL, provenance)
    assert figure.get_figwidth() <= WIDEST + 1e-9
    assert_legible(figure)


def test_concentrations_share_a_scale_and_inputs_have_their_own(provenance):
    figure = model_figure(scene(), example(), Scale("concentration", 0, 0.7), MODEL, provenance)
    limits = [axes.images[0].get_clim() for axes in images(figure)]
    assert limits == [(0, 0.7), (0, 1), (0, 1), (0, 0.7), (0, 0.7)]
    bars = [axes for axes in figure.axes if not axes.images]
    assert [axes.get_xlim() for axes in bars] == [(0, 0.7), (0, 1), (0, 0.7)]
    assert [axes.get_xlabel() for axes in bars] == [
        "concentration",
        "over the maximum of their mean",
        "concentration",
    ]


@pytest.mark.parametrize("middle", [0.0, 110.0, -3.3])
@pytest.mark.parametrize("edge", [1.0, 2.2, 7.14, 9.99, 20.0, 38.0, 41.7, 130.0])
def test_ticks_are_round_and_not_at_the_edges(edge, middle):
    ticks = np.array(inner_ticks(middle - edge / 2, middle + edge / 2))
    assert 3 <= len(ticks) <= 6
    assert np.abs(ticks - middle).max() <= 0.35 * edge + 1e-9
    step = ticks[1] - ticks[0]
    assert f"{step:.6e}"[:8] in ("1.000000", "2.000000", "5.000000")
    np.testing.assert_allclose(ticks / step, np.round(ticks / step), atol=1e-9)


def test_same_figure_same_bytes(provenance):
    make = [model_figure(scene(), example(), SCALE, MODEL, provenance) for _ in range(2)]
    assert render(make[0], dpi=50) == render(make[1], dpi=50)


def test_mistakes_are_one_clear_line(provenance):
    with pytest.raises(InputError, match="scenes: found none"):
        scene_figure([], SCALE, provenance)
    flat = scene(windows=(WINDOW[:, :1],))
    with pytest.raises(InputError, match=r"scene: coded scene: found window corners of shape \(4, 1\)"):
        scene_figure([flat], SCALE, provenance)
    with pytest.raises(InputError, match=r"scene: x: found an image with 3 axes"):
        scene_figure([MarkedScene("x", np.zeros((2, 2, 2)), (0, 1, 0, 1))], SCALE, provenance)
    good = example()
    wrong = ModelExample(good.inputs, good.output[1:], good.truth, good.extent_mm, 1.0)
    with pytest.raises(InputError, match=r"example: found shape \(19, 20\), expected \(20, 20\)"):
        model_figure(scene(), wrong, SCALE, MODEL, provenance)
