import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mpipipe.errors import InputError
from mpipipe.evaluation.complex_colour import complex_colours
from mpipipe.evaluation.component_panel import component_panel
from mpipipe.evaluation.curve_figure import curve_figure
from mpipipe.evaluation.example_panel import example_panel
from mpipipe.evaluation.figures import _STYLES, in_order, method_style, render
from mpipipe.evaluation.image_panel import PanelImage, image_panel
from mpipipe.evaluation.phantom_panel import RenderedPhantom, phantom_panel
from mpipipe.evaluation.robustness_figure import robustness_figure
from mpipipe.evaluation.size_figure import size_figure
from mpipipe.evaluation.summary import summarise
from mpipipe.evaluation.training_curve import training_curve
from mpipipe.evaluation.vocabulary import METHODS
from tests.evaluation.drawings import example, gains, history, matrix, size_records, volume

NINE = METHODS[1:10]


@pytest.fixture(scope="module")
def kinds(records, provenance):
    image = np.random.default_rng(0).random((12, 9))
    scores = {"PSNR": "21.0 dB", "SSIM": "0.91", "λ": "0.01"}
    images = [PanelImage(f"Method {k}", image, scores) for k in range(4)]
    volumes = [
        PanelImage(name, volume(), scores) for name in ("Phantom", "Tricubic (shifted grid)", "SMRnet")
    ]
    box = (-6, 6, -4.5, 4.5, -3, 3)
    summary = summarise(records)
    phantoms = [RenderedPhantom("snake", image, (34, 30)), RenderedPhantom("tubes", volume(), (38, 38, 19))]
    sizes = summarise(size_records("inpainting", region="missing"))
    return {
        "components": lambda: component_panel([example(), example((9, 15), seed=1)], provenance),
        "components_without_errors": lambda: component_panel([example()], provenance, error_maps=False),
        "noisy_components": lambda: component_panel(
            [example(names=NINE, measured=True)], provenance, error_maps=False
        ),
        "coarse_components": lambda: component_panel([example((9, 8, 7), factor=2)], provenance),
        "components_with_gaps": lambda: component_panel([example((9, 8, 7), gaps=True)], provenance),
        "matrices": lambda: example_panel([matrix((12, 5), 3), matrix((9, 8, 7), 3)], provenance),
        "phantoms": lambda: phantom_panel(phantoms, provenance),
        "images": lambda: image_panel(images, (-6, 6, -4.5, 4.5), provenance, unit="mmol/l", columns=3),
        "one_row_of_images": lambda: image_panel(images[:2], (-6, 6, -4.5, 4.5), provenance),
        "volumes": lambda: image_panel(volumes, box, provenance, columns=1),
        "curve": lambda: curve_figure(summary, "sigma", ("psnr_db", "ssim"), provenance),
        "sizes": lambda: size_figure(sizes, provenance),
        "robustness": lambda: robustness_figure(gains(), provenance, label="PSNR gain (dB)"),
        "training": lambda: training_curve({"DnCNN": history(), "RDN": history()}, provenance),
        "training_unvalidated": lambda: training_curve({"DnCNN": history(psnr=False)}, provenance),
    }


KINDS = (
    "components",
    "components_without_errors",
    "noisy_components",
    "coarse_components",
    "components_with_gaps",
    "matrices",
    "phantoms",
    "images",
    "one_row_of_images",
    "volumes",
    "curve",
    "sizes",
    "robustness",
    "training",
    "training_unvalidated",
)


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


def test_every_method_has_a_look_of_its_own_in_its_problem():
    smrnet = ("SMRnet", "SMRnet (spline residual)")
    assert set(_STYLES) == set(METHODS)
    place = METHODS.index
    problems = [
        METHODS[: place("Bicubic (shifted grid)")],
        (*METHODS[place("Bicubic (shifted grid)") : place("Tricubic (shifted grid)")], *smrnet),
        (*METHODS[place("Tricubic (shifted grid)") : place("SMRnet")], *smrnet),
        METHODS[place("Biharmonic") : place("ART")],
        METHODS[place("ART") : place("Gridding")],
        METHODS[place("Gridding") : place("Averaged periods")],
        ("Noisy", "Wiener", *METHODS[place("Averaged periods") : place("Single-layer")]),
        METHODS[place("Single-layer") :],
    ]
    for methods in problems:
        looks = [(method_style(m).colour, method_style(m).dash) for m in methods]
        assert len(set(looks)) == len(looks) > 3
        points = [(method_style(m).marker, method_style(m).face) for m in methods]
        assert len(set(points)) == len(points)


def test_named_variants_share_the_colour_of_the_published_network_and_are_dashed():
    for network, variant in (
        ("DnCNN", "phase-aligned"),
        ("RDN", "phase-aligned"),
        ("SwinIR", "phase-aligned"),
        ("SMRnet", "spline residual"),
        ("PConvUNet", "phase-aligned"),
        ("Network", "retinal scene"),
        ("Single-layer", "linear"),
    ):
        published, named = method_style(network), method_style(f"{network} ({variant})")
        assert published.colour == named.colour
        assert (published.dash, named.dash) == ("-", "--")
        assert (published.face, named.face) == (published.colour, "white")
        assert METHODS.index(f"{network} ({variant})") == METHODS.index(network) + 1


def test_methods_stand_in_their_order():
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
    block = PanelImage("Truth", np.zeros((2, 2, 2)), {})
    for message, make in {
        "examples: found none": lambda: component_panel([], provenance),
        "examples: found estimates": lambda: component_panel([example(), other], provenance),
        r"images: Truth: found an image with 3 axes": lambda: image_panel([block], (0, 1, 0, 1), provenance),
        "images: found none": lambda: image_panel([], (0, 1, 0, 1), provenance),
        "condition: found 'noises'": lambda: curve_figure(summary, "noises", ["ssim"], provenance),
        "no row with metric 'mse'": lambda: curve_figure(summary, "sigma", ["mse"], provenance),
        "sigma: found 2 values": lambda: curve_figure(summary, "snr_db", ["ssim"], provenance),
        "histories: found none": lambda: training_curve({}, provenance),
        "histories: RDN: found no entry": lambda: training_curve({"RDN": []}, provenance),
    }.items():
        with pytest.raises(InputError, match=message):
            make()
