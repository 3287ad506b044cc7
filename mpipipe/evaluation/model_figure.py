"""A calibration scene, and how a network turns the two images of one window into an estimate (Ergun 2022, figure 1)."""

from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Extent, check_extent
from mpipipe.evaluation.figures import style
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_text
from mpipipe.evaluation.placed_image import COLLINEAR_COLOURS, Image, Scale, place_image, place_scale
from mpipipe.evaluation.scene_figure import WINDOW_RED, MarkedScene, draw_scene

# In inches.
LEFT, PANEL, BETWEEN, APART, ARROW, RIGHT = 0.48, 1.25, 0.4, 0.58, 0.36, 0.14
EDGE = 2 * PANEL + BETWEEN
BOX_WIDTH, BOX_HEIGHT, ARROW_GAP = 0.95, 0.9, 0.05
TOP, TICKS, BAR, BAR_LABELS = 0.26, 0.42, 0.09, 0.36
BOX_FILL, BOX_EDGE = "#e8eef5", "#34506e"
PARTITIONS = ("45° partition", "135° partition")


@dataclass(frozen=True)
class ModelExample:
    """One window: what the network gets, what it returns, and what is true.

    Attributes
    ----------
    inputs : tuple of two (x, y) ndarray of float
        Collinear images of the 45° and the 135° partition, over the pair's scale.
    output, truth : (x, y) ndarray of float
        Concentrations.
    extent_mm : tuple of float
        Edges of the window in its own axes.
    psnr_db : float
        PSNR of the output.
    """

    inputs: tuple[Image, Image]
    output: Image
    truth: Image
    extent_mm: Extent
    psnr_db: float


def model_figure(
    scene: MarkedScene, example: ModelExample, scale: Scale, model: str, provenance: Provenance
) -> Figure:
    """Draw a scene with its window (a), and the way of that window's images through the network (b).

    Parameters
    ----------
    scene : MarkedScene
        Scene; its first window is the example's.
    example : ModelExample
        Window.
    scale : Scale
        Scale of concentrations.
    model : str
        What stands in the network's box, in lines.
    provenance : Provenance
        Run, for the footer.

    Returns
    -------
    matplotlib.figure.Figure
        At most 8.5 inches wide.

    Raises
    ------
    InputError
        When an image does not fit its extent, or the images of the window differ in shape.
    """
    scene.check()
    _check(example)
    bottom = FOOTER + BAR_LABELS + BAR + TICKS
    lower, upper = bottom, bottom + PANEL + BETWEEN
    inputs = LEFT + EDGE + APART
    box = inputs + PANEL + ARROW
    outputs = box + BOX_WIDTH + ARROW
    blurred = Scale("over the maximum of their mean", 0, 1, COLLINEAR_COLOURS)
    with style():
        figure = inch_figure(outputs + PANEL + RIGHT, bottom + EDGE + TOP, provenance)
        draw_scene(figure, (LEFT, bottom, EDGE, EDGE), scene, scale)
        _title(figure, LEFT, bottom + EDGE, EDGE, f"(a) {scene.title}")
        _draw_pair(figure, inputs, (upper, lower), example, blurred)
        _draw_results(figure, outputs, (upper, lower), example, scale)
        _draw_flow(figure, model, box, (upper, lower))
        for left, width, bar in ((LEFT, EDGE, scale), (inputs, PANEL, blurred), (outputs, PANEL, scale)):
            place_scale(figure, (left, FOOTER + BAR_LABELS, width, BAR), bar, flat=True)
    return figure


def _check(example: ModelExample) -> None:
    for image in (*example.inputs, example.output, example.truth):
        check_extent("example", example.extent_mm, image.ndim)
        if image.shape != example.truth.shape:
            raise InputError(
                f"example: found shape {image.shape}, expected {example.truth.shape} as the truth"
            )


def _draw_pair(
    figure: Figure, left: float, lows: tuple[float, float], example: ModelExample, scale: Scale
) -> None:
    for image, low, title in zip(example.inputs, lows, PARTITIONS, strict=True):
        place = (left, low, PANEL, PANEL)
        place_image(figure, place, image, example.extent_mm, scale, left=True, bottom=low == lows[1])
        _title(figure, left, low + PANEL, PANEL, f"(b) {title}" if low == lows[0] else title)


def _draw_results(
    figure: Figure, left: float, lows: tuple[float, float], example: ModelExample, scale: Scale
) -> None:
    shown = ((example.output, f"estimate, {example.psnr_db:.1f} dB"), (example.truth, "truth"))
    for (image, title), low in zip(shown, lows, strict=True):
        axes = place_image(
            figure, (left, low, PANEL, PANEL), image, example.extent_mm, scale, bottom=low == lows[1]
        )
        _title(figure, left, low + PANEL, PANEL, title)
    axes.spines[:].set(edgecolor=WINDOW_RED, linewidth=1.4)  # the window that is marked in the scene


def _draw_flow(figure: Figure, model: str, left: float, lows: tuple[float, float]) -> None:
    """Draw the network's box beside the inputs, arrows from both into it, and one to the estimate."""
    upper = lows[0] + PANEL / 2
    middle = (lows[0] + lows[1] + PANEL) / 2
    box = FancyBboxPatch(
        (left, middle - BOX_HEIGHT / 2),
        *(BOX_WIDTH, BOX_HEIGHT),
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=BOX_FILL,
        edgecolor=BOX_EDGE,
        transform=figure.dpi_scale_trans,
    )
    figure.add_artist(box)
    place_text(figure, left + BOX_WIDTH / 2, middle, model, fontsize=7.5, ha="center", va="center")
    for low, into in zip(lows, (middle + 0.2, middle - 0.2), strict=True):
        _arrow(figure, (left - ARROW + ARROW_GAP, low + PANEL / 2), (left - ARROW_GAP, into))
    right = left + BOX_WIDTH
    _arrow(figure, (right + ARROW_GAP, middle + 0.2), (right + ARROW - ARROW_GAP, upper))


def _arrow(figure: Figure, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = FancyArrowPatch(
        start,
        end,
        arrowstyle="-|>",
        mutation_scale=9,
        color=BOX_EDGE,
        linewidth=1.1,
        shrinkA=0,
        shrinkB=0,
        transform=figure.dpi_scale_trans,
    )
    figure.add_artist(arrow)


def _title(figure: Figure, left: float, low: float, width: float, text: str) -> None:
    place_text(figure, left + width / 2, low + 0.04, text, fontsize=7.5, ha="center", va="bottom")
