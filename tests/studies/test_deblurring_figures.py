"""Figures of the deblurring study: right image in the right place, with the numbers that belong to it."""

import math

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.studies import deblurring_figures as draw
from mpipipe.studies.deblurring_plan import FIGURE_NAMES
from mpipipe.studies.deblurring_score_figures import snr_curves_figure, snr_map_figure, training_figure
from tests.evaluation.legible import assert_legible
from tests.studies import deblurring_inputs as given

RUN = Provenance(scale="smoke", digest="0123456789abcdef", seed=7)
SHOWN = (10.0, 20.0, 40.0, math.inf)


def panels(result):
    return [axes for axes in result.figure.axes if axes.images]


def shown(axes):
    return np.asarray(axes.images[0].get_array()).T


def written(result):
    return [text.get_text() for text in result.figure.texts]


def shuffled():
    """Images whose methods come in another order than that of tables."""
    arrays, described = given.images()
    order = [5, 1, 6, 0, 4, 3, 2]
    mixed = described | {key: [described[key][place] for place in order] for key in ("methods", "psnr_db")}
    return arrays | {"images": arrays["images"][order]}, mixed


def test_phantoms_stand_beside_their_collinear_images_in_mm():
    arrays, described = given.images()
    result = draw.collinear_figure(arrays, described, 20.0, RUN)
    expected = []
    for number in range(3):
        pairs = [1e3 * arrays["collinear"][number, level, k] for level in (1, 3) for k in (0, 1)]
        expected += [arrays["truth"][number], *pairs]
    for axes, image in zip(panels(result), expected, strict=True):
        np.testing.assert_allclose(shown(axes), image, rtol=1e-6)
    assert panels(result)[1].images[0].get_clim() == (0, pytest.approx(1e3 * arrays["collinear"][:, 3].max()))
    titles = ["phantom", "45°, SNR 20", "135°, SNR 20", "45°, noise-free", "135°, noise-free"]
    assert written(result)[1:6] == titles
    with pytest.raises(
        InputError, match=r"test_snr: found \[10.0, 20.0, 40.0, inf\], expected 25 among them"
    ):
        draw.collinear_figure(arrays, described, 25.0, RUN)


def test_estimates_stand_in_the_row_of_their_method_and_the_column_of_their_snr():
    arrays, described = given.images()
    result = draw.reconstructions_figure(*shuffled(), (40.0, math.inf), RUN)
    own = panels(result)
    rows = [*((m, None) for m in given.CLASSICAL), *given.networks(given.SMOKE)]
    assert len(own) == 3 * len(rows)
    for place, (method, train) in enumerate(rows):
        images = [arrays["truth"][0], arrays["images"][place, 0, 2], arrays["images"][place, 0, 3]]
        for axes, image in zip(own[3 * place : 3 * place + 3], images, strict=True):
            np.testing.assert_array_equal(shown(axes), image)
        for level in (40.0, math.inf):
            assert f"{given.psnr(method, train, level):.1f} dB" in written(result)
    assert {
        "network,\nSNR 10",
        "network,\nSNR 30",
        "retinal scene,\nSNR 10",
        "test SNR 40",
        "noise-free",
    } <= set(written(result))
    few = draw.reconstructions_figure(arrays, described, SHOWN, RUN, train_snrs=[30.0])
    assert len(panels(few)) == 5 * (len(rows) - 1)


def test_every_phantom_is_shown_by_every_method_with_its_error():
    arrays, described = given.images()
    result = draw.phantoms_figure(*shuffled(), 20.0, 30.0, RUN)
    expected = []
    for number in range(3):
        truth = arrays["truth"][number]
        images = [arrays["images"][place, number, 1] for place in (0, 1, 2, 3, 5, 6)]
        expected += [truth, *images, *(np.abs(image - truth) for image in images)]
    for axes, image in zip(panels(result), expected, strict=True):
        np.testing.assert_allclose(shown(axes), image)
    assert written(result)[6:8] == ["Network\nSNR 30", "Network\n(retinal\nscene)\nSNR 10"]
    assert described["psnr_db"][5][2][1] == given.psnr("Network", 30.0, 20.0) - 2
    assert f"{described['psnr_db'][5][2][1]:.1f} dB" in written(result)


def test_the_map_has_training_snrs_upwards_and_frames_the_best_of_each_column():
    train = given.PAPER
    result = snr_map_figure(given.records(train), RUN)
    networks, others = panels(result)
    common = [np.mean([given.shift(k) for k in range(n)]) for n in [5] * 8 + [1]]
    truth = np.array([[given.psnr("Network", a, b) for b in given.TEST] for a in train]) + common
    np.testing.assert_allclose(shown(networks).T, truth, atol=0.025)
    assert [tick.get_text() for tick in networks.get_yticklabels()] == [f"{snr:g}" for snr in train]
    framed = {
        (round(p.get_y() + p.get_height() / 2), round(p.get_x() + p.get_width() / 2))
        for p in networks.patches
    }
    best = {(int(row), column) for column, row in enumerate(truth.argmax(axis=0))}
    assert framed == best
    assert [t.get_text() for t in others.get_yticklabels()] == [
        "retinal scene,\nSNR 5",
        *list(given.CLASSICAL)[::-1],
    ]
    np.testing.assert_allclose(
        shown(others).T[-1, :8], given.psnr("Gridding", None, 5) + common[0], atol=0.025
    )
    assert networks.images[0].get_clim() == others.images[0].get_clim()
    assert "n = 5, without noise 1:" in result.caption
    with pytest.raises(InputError, match="found no Network"):
        snr_map_figure(given.records().query("method == 'TV'"), RUN)


def test_curves_show_the_network_that_is_named():
    result = snr_curves_figure(given.records(given.PAPER), 15.0, RUN)
    labels = [text.get_text() for text in result.figure.legends[0].get_texts()]
    retinal = "Network\n(retinal scene)\ntrained at SNR 5"
    assert labels == [*given.CLASSICAL, "Network\ntrained at SNR 15", retinal]
    network = result.figure.axes[0].containers[8].lines[0]
    mean = np.mean([given.shift(k) for k in range(5)])
    expected = [given.psnr("Network", 15.0, level) + mean for level in given.PAPER]
    np.testing.assert_allclose(network.get_ydata(), expected, atol=0.025)


def test_the_point_source_is_described_by_its_largest_difference():
    caption = draw.source_figure(given.point_source(0.01), RUN).caption
    assert "the largest difference is 1 % of the peak, over the whole field 3 %" in caption


def test_the_scene_names_its_size():
    caption = draw.scenes_figure([given.scene("drawn channels")], RUN).caption
    assert "drawn channels: 7.14 × 7.14 cm², 240 × 240 pixels." in caption


DRAWN = {
    "scene_and_model": lambda train: draw.model_and_scene_figure(
        given.scene(), given.example(), 20.0, 9, RUN
    ),
    "scenes": lambda train: draw.scenes_figure([given.scene(), given.scene("retinal scene", 1)], RUN),
    "point_spread": lambda train: draw.source_figure(given.point_source(), RUN),
    "collinear_images": lambda train: draw.collinear_figure(*given.images(train), 20.0, RUN),
    "reconstructions": lambda train: draw.reconstructions_figure(*given.images(train), SHOWN, RUN),
    "phantoms": lambda train: draw.phantoms_figure(*given.images(train), 20.0, train[0], RUN),
    "snr_map": lambda train: snr_map_figure(given.records(train), RUN),
    "snr_curves": lambda train: snr_curves_figure(given.records(train), train[0], RUN),
    "training": lambda train: training_figure(given.trainings(train), RUN),
}


def test_every_figure_of_the_plan_is_drawn():
    assert set(DRAWN) == set(FIGURE_NAMES)


@pytest.mark.parametrize(
    ("name", "train"),
    [(name, given.SMOKE) for name in DRAWN]
    + [(name, given.PAPER) for name in ("reconstructions", "snr_map", "snr_curves", "training")],
)
def test_everything_can_be_read_and_is_not_too_wide(name, train):
    result = DRAWN[name](train)
    assert result.name == name
    assert result.caption.endswith(RUN.sentence)
    assert result.figure.get_figwidth() <= 8.5 + 1e-9
    assert_legible(result.figure)
