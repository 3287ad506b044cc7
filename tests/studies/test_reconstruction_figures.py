"""Figures of the reconstruction study: right image in the right place, with the numbers that belong to it."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.studies import reconstruction_figures as draw
from tests.evaluation.legible import assert_legible
from tests.studies import reconstruction_inputs as given

RUN = Provenance(scale="smoke", digest="0123456789abcdef", seed=7)


def panels(result):
    return [axes for axes in result.figure.axes if axes.images]


def shown(axes):
    return np.asarray(axes.images[0].get_array()).T


def written(result):
    return [text.get_text() for text in result.figure.texts]


def test_singular_values_are_those_that_the_matrix_was_made_of():
    arrays, _ = given.calibration("inhouse")
    values = draw.stacked_singular_values(arrays["matrix"])
    np.testing.assert_allclose(values, np.geomspace(1, 1e-3, 121), atol=1e-6)


def test_calibrations_name_their_size_and_condition():
    result = draw.calibrations_figure({name: given.calibration(name) for name in given.GRIDS}, RUN)
    names = [text.get_text() for text in result.figure.legends[0].get_texts()]
    assert names[1].startswith("in-house-like, condition number ")
    number = float(names[1].rsplit(" ", 1)[1])
    assert number == pytest.approx(1000, rel=1e-3)  # complex64 values
    assert "139 rows with a signal-to-noise ratio of at least 1.53, 11 × 11 voxels" in result.caption


def test_a_page_of_digits_shows_the_first_ones():
    phantoms = given.digits(train=23)["train"]
    result = draw.digits_figure(phantoms, [38.0, 38.0], RUN)
    assert len(panels(result)) == 18  # two whole rows of nine
    for axes, image in zip(panels(result), phantoms, strict=False):
        np.testing.assert_array_equal(shown(axes), image)
    assert len(panels(draw.digits_figure(phantoms[:4], [38.0, 38.0], RUN))) == 4


def test_examples_stand_below_their_methods_with_their_errors():
    arrays, described = given.examples(3)
    order = [6, 0, 7, 1, 2, 3, 4, 5]  # as a recipe's methods come, sorted by nothing
    shuffled = {"truth": arrays["truth"], "images": arrays["images"][order]}
    mixed = described | {key: [described[key][place] for place in order] for key in ("methods", "psnr_db")}
    result = draw.fixed_snr_figure(shuffled, mixed, 25.0, 2, RUN)
    texts, level = written(result), 1
    assert texts[1:10] == ["Truth", *given.METHODS]
    expected = []
    for example in range(2):
        truth = arrays["truth"][example]
        images = [arrays["images"][place, level, example] for place in range(8)]
        expected += [truth, *images, *(np.abs(image - truth) for image in images)]
    for axes, image in zip(panels(result), expected, strict=True):
        np.testing.assert_array_equal(shown(axes), image)
    scores = [text for text in texts if text.endswith(" dB")]
    assert scores == [f"{given.psnr(m, 25.0) + e:.1f} dB" for e in range(2) for m in given.METHODS]
    with pytest.raises(InputError, match=r"levels_db: found \[20.0, .*\], expected 28 among them"):
        draw.fixed_snr_figure(arrays, described, 28.0, 2, RUN)


def test_the_sweep_has_one_row_a_level_from_low_to_high():
    arrays, described = given.examples(2)
    backwards = {"truth": arrays["truth"], "images": arrays["images"][:, ::-1]}
    turned = described | {
        "levels_db": described["levels_db"][::-1],
        "psnr_db": [scores[::-1] for scores in described["psnr_db"]],
    }
    result = draw.snr_sweep_figure(backwards, turned, RUN)
    texts = written(result)
    assert [text for text in texts if text.startswith("SNR")] == [
        "SNR 20 dB",
        "SNR 25 dB",
        "SNR 30 dB",
        "SNR 35 dB",
    ]
    for row in range(4):
        own = panels(result)[9 * row : 9 * (row + 1)]
        np.testing.assert_array_equal(shown(own[0]), arrays["truth"][0])
        for place in range(8):
            np.testing.assert_array_equal(shown(own[1 + place]), arrays["images"][place, row, 0])


def test_phantoms_are_shown_over_their_own_maximum_with_scores_of_the_image():
    arrays, described = given.phantom_images("inhouse")
    arrays["images"][2, 1] = 0  # a method may find nothing
    result = draw.phantoms_figure("inhouse", arrays, described, RUN)
    assert result.name == "phantoms_inhouse"
    own = panels(result)
    assert len(own) == 18
    peaks = [shown(axes).max() for axes in own]
    assert peaks == [1.0] * 12 + [0.0] + [1.0] * 5
    np.testing.assert_allclose(3 * shown(own[9]), arrays["concentration"][1], rtol=1e-6)
    psnr, similarity = given.psnr("DERnet", 25.0) + 1, (given.psnr("DERnet", 25.0) + 1) / 40
    assert written(result)[-2] == f"{psnr:.1f} dB\nSSIM {similarity:.2f}"
    assert "parallel cylinders 30 dB, C-shape 30 dB" in result.caption


DRAWN = {
    "digits": lambda: draw.digits_figure(given.digits()["train"], [38.0, 38.0], RUN),
    "calibrations": lambda: draw.calibrations_figure({n: given.calibration(n) for n in given.GRIDS}, RUN),
    "fixed_snr_images": lambda: draw.fixed_snr_figure(*given.examples(3), 30.0, 3, RUN),
    "snr_sweep_images": lambda: draw.snr_sweep_figure(*given.examples(3), RUN),
    "snr_sweep_curves": lambda: draw.snr_sweep_curves(given.records(), RUN),
    "training": lambda: draw.training_figure(given.trainings(), RUN),
    "phantoms_openmpi": lambda: draw.phantoms_figure("openmpi", *given.phantom_images("openmpi"), RUN),
    "phantoms_inhouse": lambda: draw.phantoms_figure("inhouse", *given.phantom_images("inhouse"), RUN),
}


@pytest.mark.parametrize("name", DRAWN)
def test_everything_can_be_read_and_is_not_too_wide(name):
    result = DRAWN[name]()
    assert result.name == name
    assert result.caption.endswith(RUN.sentence)
    assert result.figure.get_figwidth() <= 8.5 + 1e-9
    assert_legible(result.figure)


def test_a_logarithmic_loss_is_drawn_as_the_error_that_it_stands_for():
    trainings = [one for one in given.trainings() if one["calibration"] == "openmpi"]
    drawn = draw.training_figure(trainings, RUN).figure.axes[0]
    logarithms = [
        one
        | {
            "card": one["card"]
            | {
                "config": {"loss": "psnr"},
                "history": [
                    entry | {"loss": np.log(entry["loss"])} if "loss" in entry else entry
                    for entry in one["card"]["history"]
                ],
            }
        }
        for one in trainings
    ]
    again = draw.training_figure(logarithms, RUN).figure.axes[0]
    for one, other in zip(drawn.lines, again.lines, strict=True):
        np.testing.assert_allclose(other.get_ydata(), one.get_ydata())
