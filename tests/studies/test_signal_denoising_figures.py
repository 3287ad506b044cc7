"""Figures of the signal denoising study: right signal and image in the right place, with the numbers that belong to it."""

import math

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.studies import signal_denoising_figures as draw
from mpipipe.studies.signal_denoising_methods import PROBLEMS, ROWS, SHOWN
from mpipipe.studies.signal_denoising_plan import FIGURE_NAMES
from mpipipe.studies.signal_denoising_score_figures import gains_figure, training_figure
from tests.evaluation.legible import assert_legible
from tests.studies import signal_denoising_inputs as given

RUN = Provenance(scale="smoke", digest="0123456789abcdef", seed=7)


def panels(result):
    return [axes for axes in result.figure.axes if axes.images]


def shown(axes):
    return np.asarray(axes.images[0].get_array()).T


def written(result):
    return [text.get_text() for text in result.figure.texts]


def every(arrays, described, matrices, records, trainings):
    return [
        draw.denoised_figure(arrays, described, "gaussian", RUN),
        draw.denoised_figure(arrays, described, "harmonic", RUN, methods=SHOWN[:2]),
        draw.harmonics_figure(*matrices, RUN),
        draw.matrix_phantoms_figure(*matrices, RUN),
        draw.spectra_figure({"gaussian": arrays}, {"gaussian": described}, RUN),
        gains_figure(records, RUN),
        training_figure(trainings, RUN),
    ]


def test_every_figure_of_the_plan_is_legible_with_all_methods():
    found = every(*given.examples(), given.matrices(), given.records(), given.trainings())
    assert [result.name for result in found] == list(FIGURE_NAMES)
    for result in found:
        assert result.caption.endswith(RUN.sentence)
        assert_legible(result.figure)


def test_every_figure_is_legible_with_few_methods():
    few = ("Proposed",)
    found = every(
        *given.examples(few, items=1),
        given.matrices(("Noisy", *few), phantoms=1),
        given.records(given.SMOKE, ("gaussian",)),
        [given.training("harmonic", "Proposed")],
    )
    for result in found:
        assert_legible(result.figure)


def test_signals_stand_over_the_noise_free_one_with_their_errors_and_scores():
    arrays, described = given.examples(("Wiener", "N2N"))
    result = draw.denoised_figure(arrays, described, "gaussian", RUN, item=1, methods=(*SHOWN, "Wiener"))
    lines = [[line.get_ydata() for line in axes.lines] for axes in result.figure.axes if axes.lines]
    clean, place = arrays["clean"][1], int(np.abs(arrays["clean"][1]).argmax())
    stretch = draw.strongest_stretch(clean, 396)  # 160 μs at 2.475 MHz
    assert stretch.stop - stretch.start == 396 and stretch.start <= place < stretch.stop
    np.testing.assert_array_equal(lines[0][0], clean[stretch])
    expected = [arrays["noisy"][1], arrays["signals"][1, 1], arrays["signals"][0, 1]]  # noisy, N2N, Wiener
    for number, signal in enumerate(expected):
        over, error = lines[1 + 2 * number], lines[2 + 2 * number]
        np.testing.assert_array_equal(over[0], clean[stretch])
        np.testing.assert_array_equal(over[1], signal[stretch])
        np.testing.assert_allclose(error[0], (signal - clean)[stretch])
        snr = 10 * np.log10(np.sum(clean.astype(float) ** 2) / np.sum((signal.astype(float) - clean) ** 2))
        assert f"SNR {snr:.1f} dB".replace("-", "−") in written(result)
    time_us = next(axes for axes in result.figure.axes if axes.lines).lines[0].get_xdata()
    assert time_us[0] == pytest.approx(stretch.start / 2.475)


def test_images_are_over_the_noise_free_maximum_beside_their_errors():
    arrays, described = given.examples(("N2N",))
    result = draw.denoised_figure(arrays, described, "harmonic", RUN, item=2)
    truth, estimate = arrays["clean_images"][2], arrays["images"][0, 2]
    peak = truth.max()
    own = panels(result)
    assert len(own) == 1 + 2 + 2
    np.testing.assert_allclose(shown(own[0]), truth / peak)
    np.testing.assert_allclose(shown(own[3]), estimate / peak)
    np.testing.assert_allclose(shown(own[4]), (estimate - truth) / peak, rtol=1e-6)
    assert own[3].images[0].get_clim() == (0, 1) and own[4].images[0].get_clim() == (-0.2, 0.2)
    psnr = 10 * math.log10(peak**2 / np.mean((estimate.astype(float) - truth) ** 2))
    assert f"PSNR {psnr:.1f} dB" in written(result)
    assert tuple(own[0].images[0].get_extent()) == (-50.5, 50.5, -50.5, 50.5)


def test_captions_say_how_many_periods_are_seen():
    arrays, described = given.examples()
    one = draw.denoised_figure(arrays, described, "gaussian", RUN)
    assert "Each method sees one noisy period." in one.caption
    two = draw.denoised_figure(arrays, described, "gaussian", RUN, methods=ROWS)
    assert "one noisy period but Averaged periods, which has two." in two.caption


def test_what_does_not_fit_is_one_clear_line():
    arrays, described = given.examples(("N2N",))
    with pytest.raises(InputError, match="item: found 3, expected one of 3"):
        draw.denoised_figure(arrays, described, "gaussian", RUN, item=3)
    with pytest.raises(InputError, match="signals: found 1 along the first axis, expected 2"):
        draw.denoised_figure(arrays, described | {"methods": ["N2N", "R2R"]}, "gaussian", RUN)
    components, named = given.matrices(("Noisy",))
    with pytest.raises(InputError, match="expected Noise-free among them"):
        draw.harmonics_figure(components, named | {"matrices": ["Noisy", "N2N"]}, RUN)
    with pytest.raises(InputError, match="found no row of gaussian, harmonic, system_matrix"):
        gains_figure(given.records(("Noisy",)).iloc[:0], RUN)


def test_the_strongest_stretch_lies_inside_the_signal():
    signal = np.zeros(100)
    signal[3] = -5
    assert draw.strongest_stretch(signal, 20) == slice(0, 20)
    assert draw.strongest_stretch(signal[::-1], 20) == slice(80, 100)
    assert draw.strongest_stretch(signal, 500) == slice(0, 100)


def test_components_have_the_psnr_of_the_peak_of_the_noise_free_one():
    arrays, described = given.matrices(("Proposed", "Noisy"))
    result = draw.harmonics_figure(arrays, described, RUN)
    names = [text.split("\n")[0] for text in written(result) if text.split("\n")[0] in (*ROWS, "Noise-free")]
    assert names == ["Noise-free", "Noisy", "Proposed"] * 2
    for number in (0, 1):
        truth, noisy = arrays["harmonics"][0, number], arrays["harmonics"][2, number]
        mean = np.mean(np.abs(noisy.astype(complex) - truth) ** 2)
        assert f"Noisy\n{10 * math.log10(np.abs(truth).max() ** 2 / mean):.1f} dB" in written(result)
    assert {"3rd harmonic\n75 kHz", "7th harmonic\n175 kHz"} <= set(written(result))


def test_phantoms_stand_before_their_reconstructions():
    arrays, described = given.matrices(("Noisy", "Wiener", "Proposed"))
    result = draw.matrix_phantoms_figure(arrays, described, RUN, count=2)
    own = panels(result)
    expected = [  # phantom, noise-free, noisy, Proposed; Wiener is not among those shown
        image
        for number in (0, 1)
        for image in (arrays["phantoms"][number], *(arrays["reconstructions"][k, number] for k in (0, 1, 3)))
    ]
    for axes, image in zip(own, expected, strict=True):
        np.testing.assert_array_equal(shown(axes), image)
    truth, image = arrays["reconstructions"][0, 1].astype(float), arrays["reconstructions"][3, 1]
    psnr = 10 * math.log10(truth.max() ** 2 / np.mean((image - truth) ** 2))
    assert f"Proposed\n{psnr:.1f} dB" in written(result)


def test_dots_stand_at_the_mean_with_the_paper_as_circles():
    result = gains_figure(given.records(("Noisy", "Proposed")), RUN)
    assert [axes.get_title(loc="left") for axes in result.figure.axes] == [
        "Gaussian noise", "Gaussian noise\nand interference", "System matrix"
    ]  # fmt: skip
    records = given.records(("Noisy", "Proposed"))
    chosen = records.query("table == 'gaussian' and metric == 'snr_db' and method == 'Proposed'")
    dots = [line for line in result.figure.axes[0].lines if len(line.get_xdata()) == 1]
    places = {
        (float(dot.get_xdata()[0]), float(dot.get_ydata()[0])) for dot in dots if dot.get_marker() != "|"
    }
    assert (20.97, 1.0) in places and (5.0, 0.0) in places
    assert any(x == pytest.approx(chosen["value"].mean()) and y == 1.0 for x, y in places)
    assert all(title in result.caption for title in PROBLEMS.values())


def test_of_several_trainings_the_first_is_drawn():
    first, second = given.training("gaussian", "N2N", 0.25), given.training("gaussian", "N2N", 0.5)
    result = training_figure([first, second], RUN)
    (axes,) = result.figure.axes
    assert list(axes.lines[0].get_ydata()) == [0.35, 0.25, 0.27]
