"""What stands in a figure, and whether it can be read."""

from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from mpipipe.evaluation.figures import render, style


def assert_legible(figure: Figure) -> None:
    """No text, tick labels included, leaves the page or covers other text."""
    render(figure, dpi=60)
    with style():  # ticks are made when they are drawn
        boxes = _boxes(figure)
    page = figure.bbox
    for text, box in boxes:
        assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1, text
        assert page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1, text
    for (first, box), (second, other) in combinations(boxes, 2):
        assert not box.overlaps(other), (first, second)


def _boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = list(figure.texts)
    for legend in figure.legends:
        texts += legend.get_texts()
    for axes in figure.axes:
        texts += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis, side in ((axes.xaxis, 0), (axes.yaxis, 1)):
            low, high = sorted(axis.get_view_interval())
            ticks = axis.get_major_ticks()
            texts += [
                label
                for tick in ticks
                for label in (tick.label1, tick.label2)
                if low <= label.get_position()[side] <= high
            ]
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in texts
        if text.get_text() and text.get_visible()
    ]
