import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mpipipe.errors import InputError
from mpipipe.evaluation.complex_colour import complex_colours
from mpipipe.evaluation.component_panel import ComponentExample, component_panel
from mpipipe.evaluation.curve_figure import curve_figure
from mpipipe.evaluation.figures import _STYLES, in_order, method_style, render
from mpipipe.evaluation.image_panel import PanelImage, image_panel
from mpipipe.evaluation.summary import summarise
from mpipipe.evaluation.training_curve import training_curve
from mpipipe.evaluation.vocabulary import METHODS


def example(shape=(14, 9), names=("Noisy", "DCT-F (multiplier 3)", "DnCNN"), seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)
    truth /= np.abs(truth).max()
    width, height = shape
    estimates = {name: (truth * (1 - 0.1 * k)).astype(np.complex64) for k, name in enumerate(names, 1)}
    return ComponentExample(truth, estimates, (-width, width, -height, height), "x channel, k = 33\nσ = 0.1")


def history(psnr=True):
    steps = [{"step": s, "loss": 1 / s} for s in (10, 20, 30)]
    return steps + ([{"step": 30, "psnr_db": {"0.1": 30.0, "0.06": 33.0}}] if psnr else [])


@pytest.fixture(scope="module")
def kinds(records, provenance):
    image = np.random.default_rng(0).random((12, 9))
    images = [PanelImage(f"Method {k}", image, {"PSNR": "21.0 dB", "SSIM": "0.91"}) for k in range(4)]
    summary = summarise(records)
    return {
        "components": lambda: component_panel([example(), example((9, 15), seed=1)], provenance),
        "components_without_errors": lambda: component_panel([example()], provenance, error_maps=False),
        "images": lambda: image_panel(images, (-6, 6, -4.5, 4.5), provenance, unit="mmol/l", columns=3),
        "curve": lambda: curve_figure(summary, "sigma", ("psnr_db", "ssim"), provenance),
        "training": lambda: training_curve({"DnCNN": history(), "RDN": history()}, provenance),
        "training_unvalidated": lambda: training_curve({"DnCNN": history(psnr=False)}, provenance),
    }


KINDS = ("components", "components_without_errors", "images", "curve", "training", "training_unvalidated")


@pytest.mark.parametrize("kind", KINDS)
def test_same_figure_same_bytes_and_no_state(kinds, kind):
    before = dict(mpl.rcParams)
    figure = kinds[kind]()
    first = render(figure, dpi=60)
    assert render(kinds[kind](), dpi=60) == first
    assert render(figure, dpi=60) == first
    assert dict(mpl.rcParams) == before
    assert first.png.startswith(b"\x89PNG")
    assert b"tEXt" not in first.png
    ElementTree.fromstring(first.svg)
    assert b"dc:date" not in first.svg


def boxes_of(texts, renderer):
    return [(t.get_text(), t.get_window_extent(renderer)) for t in texts if t.get_text() and t.get_visible()]


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_is_clipped_and_none_overlaps(kinds, kind):
    figure = kinds[kind]()
    render(figure, dpi=60)
    figure.draw_without_rendering()  # places of labels are those of the last draw
    renderer = FigureCanvasAgg(figure).get_renderer()
    page = figure.bbox
    headings = boxes_of(figure.texts, renderer)
    for axes in figure.axes:
        labels = [axes.xaxis.label, axes.yaxis.label] if axes.axison else []
        headings += boxes_of([axes.title, *labels, *axes.texts], renderer)
    assert len(headings) > 2
    for text, box in headings:
        assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1, text
        assert page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1, text
    for (first, box), (second, other) in combinations(headings, 2):
        assert not box.overlaps(other), (first, second)


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_names_its_run(kinds, kind, provenance):
    figure = kinds[kind]()
    written = [text.get_text() for text in figure.texts] + [figure.get_supxlabel()]
    assert provenance.line in written


def test_colours_of_complex_values():
    assert complex_colours(np.zeros((2, 3), complex)).shape == (2, 3, 3)
    np.testing.assert_allclose(complex_colours(np.zeros(1, complex)), 0, atol=1e-6)
    turn = np.exp(1j * np.linspace(-np.pi, np.pi, 361))
    wheel = complex_colours(turn)
    assert wheel.min() > 0 and wheel.max() < 1  # nothing is cut off at the edge of the gamut
    luminance = np.where(wheel <= 0.04045, wheel / 12.92, ((wheel + 0.055) / 1.055) ** 2.4) @ [
        0.2126,
        0.7152,
        0.0722,
    ]
    assert np.ptp(luminance) < 0.12  # hue changes, brightness hardly does
    np.testing.assert_allclose(wheel[0], wheel[-1], atol=1e-9)
    levels = [complex_colours(np.array([1j * m])).sum() for m in np.linspace(0, 1, 11)]
    assert all(low < high for low, high in pairwise(levels))
    blue, yellow = complex_colours(np.array([-1j, 1j]))
    assert blue[2] > blue[0] and yellow[0] > yellow[2]
    np.testing.assert_array_equal(complex_colours(np.array([5j])), complex_colours(np.array([1j])))


def test_every_method_has_a_look_of_its_own_in_its_study():
    assert set(_STYLES) == set(METHODS)
    for study in (METHODS[:7], METHODS[12:20], ("Noisy", "Wiener", "N2N", "R2R", "Proposed")):
        looks = [(method_style(m).colour, method_style(m).dash) for m in study]
        assert len(set(looks)) == len(looks)
    assert in_order({"DnCNN", "Noisy", "Other"}) == ["Noisy", "DnCNN", "Other"]


def test_images_stand_upright(provenance):
    """The first axis runs to the right, the second upwards."""
    image = np.zeros((4, 3))
    image[3, 0] = 1.0
    figure = image_panel([PanelImage("Truth", image, {})], (0, 4, 0, 3), provenance)
    drawn = figure.axes[0].images[0]
    assert drawn.origin == "lower"
    assert np.unravel_index(np.argmax(drawn.get_array()), (3, 4)) == (0, 3)


def test_mistakes_are_one_clear_line(records, provenance):
    summary = summarise(records)
    other = example(names=("Noisy",))
    volume = PanelImage("Truth", np.zeros((2, 2, 2)), {})
    for message, make in {
        "examples: found none": lambda: component_panel([], provenance),
        "examples: found estimates": lambda: component_panel([example(), other], provenance),
        r"images: Truth: found shape \(2, 2, 2\)": lambda: image_panel([volume], (0, 1, 0, 1), provenance),
        "images: found none": lambda: image_panel([], (0, 1, 0, 1), provenance),
        "condition: found 'noises'": lambda: curve_figure(summary, "noises", ["ssim"], provenance),
        "no row with metric 'mse'": lambda: curve_figure(summary, "sigma", ["mse"], provenance),
        "sigma: found 2 values": lambda: curve_figure(summary, "snr_db", ["ssim"], provenance),
        "histories: found none": lambda: training_curve({}, provenance),
        "histories: RDN: found no entry": lambda: training_curve({"RDN": []}, provenance),
    }.items():
        with pytest.raises(InputError, match=message):
            make()
