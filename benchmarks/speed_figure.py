"""The plot of all parts: time over floor, targets, and other ways to the same result."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator

from benchmarks.report import digits
from benchmarks.results import Part
from benchmarks.row import Row
from mpipipe.evaluation import figures

ROW, EDGES, PANEL, WIDTH, NAMES, KEYS = 0.2, 0.72, 0.34, 11.0, 3.9, 2.2
"""In inches: a row, room above and below all panels, between two of them, and across: all, names, keys."""
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "p", "*", "h", "<", ">")
FARTHEST = 3000.0
"""Marks beyond this ratio stand at the edge, with their ratio written out."""
MET, MISSED, PLAIN = figures.SKY, figures.ORANGE, "#b5c4cf"


def render(parts: Mapping[str, Part]) -> bytes:
    """Return the plot as PNG."""
    return figures.render(draw(parts), dpi=150).png


def draw(parts: Mapping[str, Part]) -> Figure:
    """Draw a panel a part that has rows with floors, all on one axis of time over floor."""
    panels = {part.title: rows for part in parts.values() if (rows := with_floor(part.rows))}
    heights = [len(rows) * ROW for rows in panels.values()]
    height = sum(heights) + PANEL * max(len(panels) - 1, 0) + 2 * EDGES
    with figures.style():
        figure = Figure(figsize=(WIDTH, height))
        top = height - EDGES
        limits = span([row for rows in panels.values() for row in rows])
        for (title, rows), tall in zip(panels.items(), heights, strict=True):
            box = (NAMES / WIDTH, (top - tall) / height, (WIDTH - NAMES - KEYS) / WIDTH, tall / height)
            axes = figure.add_axes(box)
            draw_panel(axes, title, rows, limits)
            top -= tall + PANEL
        if panels:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("time over floor (no unit, logarithmic)")
        add_legend(figure, height)
        add_caption(figure, parts, height)
    return figure


def with_floor(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that were measured beside a floor."""
    return [row for row in rows if row.floor_seconds is not None]


def span(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the limits of the axis: every mark, but for those that are far away."""
    marks = [1.0]
    for row in rows:
        marks += [time / row.floor_seconds for time in (row.seconds, *row.others.values())]
        marks += [] if row.target is None else [row.target]
    near = [mark for mark in marks if mark <= FARTHEST]
    return 0.8 * min(near), (1.6 if near == marks else 4) * max(near)


def draw_panel(axes: Axes, title: str, rows: Sequence[Row], limits: tuple[float, float]) -> None:
    """Draw the rows of one part from top to bottom."""
    names = list(dict.fromkeys(name for row in rows for name in row.others))
    axes.set_xscale("log")
    axes.set_xlim(limits)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [row.subject for row in rows])
    axes.tick_params(axis="both", which="both", length=0, labelbottom=False)
    axes.tick_params(axis="y", pad=30)  # room for the column of ratios
    axes.xaxis.set_major_locator(LogLocator(numticks=20))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.axvline(1, color=figures.BLACK, linewidth=0.8)
    axes.set_title(title, loc="left", fontweight="bold", pad=3)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for place, row in enumerate(rows):
        draw_row(axes, place, row, names)
    keys = [Line2D([], [], label=name, **hollow(names.index(name))) for name in names]
    if keys:
        axes.legend(handles=keys, loc="upper left", bbox_to_anchor=(1.01, 1.06), borderaxespad=0)


def draw_row(axes: Axes, place: int, row: Row, names: Sequence[str]) -> None:
    """Draw bar, figure, target and other ways of one row."""
    value = row.seconds / row.floor_seconds
    missed = row.target is not None and value > row.target
    colour = PLAIN if row.target is None else MISSED if missed else MET
    axes.barh(place, value - 1, left=1, height=0.62, color=colour)
    weight = "bold" if missed else "normal"
    column = axes.get_yaxis_transform()
    axes.text(
        -0.012, place, digits(value), transform=column, ha="right", va="center", fontsize=7, weight=weight
    )
    if row.target is not None:
        axes.plot([row.target] * 2, [place - 0.42, place + 0.42], color=figures.VERMILION, linewidth=1.4)
    for name, seconds in row.others.items():
        draw_other(axes, place, seconds / row.floor_seconds, hollow(names.index(name)))


def draw_other(axes: Axes, place: int, value: float, mark: dict[str, object]) -> None:
    """Draw the mark of another way; beyond the axis it stands at the edge, its ratio before it."""
    edge = axes.get_xlim()[1] / 1.25
    if value <= edge:
        axes.plot(value, place, **mark)
        return
    axes.plot(edge, place, **mark)
    text = f"{value:.0e} × ".replace("e+0", "e").replace("e+", "e")
    axes.text(edge / 1.1, place, text, ha="right", va="center", fontsize=6.5, color=figures.BLUE)


def hollow(number: int) -> dict[str, object]:
    """Return the mark of another way."""
    return {
        "marker": MARKERS[number % len(MARKERS)],
        "markerfacecolor": "none",
        "color": figures.BLUE,
        "markeredgewidth": 0.9,
        "markersize": 4.5,
        "linestyle": "none",
    }


def add_legend(figure: Figure, height: float) -> None:
    """Explain bars and ticks above the panels."""
    keys = [
        Patch(color=MET, label="ours, target met"),
        Patch(color=MISSED, label="ours, target missed"),
        Patch(color=PLAIN, label="ours, no target"),
        Line2D([], [], color=figures.VERMILION, linewidth=1.4, label="target"),
        Line2D([], [], color=figures.BLACK, linewidth=0.8, label="floor"),
        Line2D([], [], label="another way to the same result", **hollow(0)),
    ]
    place = (0.5, 1 - 0.08 / height)
    figure.legend(handles=keys, loc="upper center", bbox_to_anchor=place, ncols=len(keys), columnspacing=1.4)


def add_caption(figure: Figure, parts: Mapping[str, Part], height: float) -> None:
    """Name machines and days below the panels."""
    origins = dict.fromkeys(part.origin for part in parts.values())
    text = "Measured on " + "; ".join(origins) + "."
    figure.text(0.01, 0.08 / height, text, fontsize=6.5, color=figures.FOOTER_GREY)
