"""Images in blocks that are broken into lines: one block a component or phantom, one image a method."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.component_axes import Component, Extent, check_extent, draw_component, draw_key
from mpipipe.evaluation.figures import style, wrapped
from mpipipe.evaluation.inch_layout import FOOTER, inch_figure, place_axes, place_text
from mpipipe.evaluation.placed_image import Image, Scale, inner_ticks, place_image, place_scale

# In inches.
PANEL, GAP, BLOCK_GAP = 1.05, 0.08, 0.14
LEFT, RIGHT, KEY, TOP, BELOW = 0.85, 1.25, 1.05, 0.06, 0.36
LINE, BAR, BAR_LABELS, LONGEST_BAR = 0.125, 0.11, 0.7, 2.4


@dataclass(frozen=True)
class BlockImage:
    """One image of a block.

    Attributes
    ----------
    name : str
        What stands above it.
    image : (x, y) ndarray of float or complex
        Values, of components with a modulus of 1 at full brightness.
    score : str
        What stands below the name; empty for nothing.
    """

    name: str
    image: Image | Component
    score: str = ""

    @property
    def heading(self) -> str:
        """Name and score in lines."""
        return "\n".join(line for line in (wrapped(self.name), self.score) if line)


@dataclass(frozen=True)
class ImageBlock:
    """Images that belong together.

    Attributes
    ----------
    label : str
        What stands left of them.
    images : sequence of BlockImage
        Images in the order of reading.
    """

    label: str
    images: Sequence[BlockImage]


@dataclass(frozen=True)
class _Line:
    """Images that stand beside each other, and where: lower edge of the images and height of the headings, in inches."""

    images: Sequence[BlockImage]
    bottom: float
    heading: float
    last: bool


def image_blocks(
    blocks: Sequence[ImageBlock],
    extent_mm: Extent,
    provenance: Provenance,
    *,
    scale: Scale | None = None,
    columns: int = 6,
) -> Figure:
    """Draw blocks below one another, each broken into lines of about equal length.

    Parameters
    ----------
    blocks : sequence of ImageBlock
        Blocks of images of one grid.
    extent_mm : tuple of float
        Edges of the grid: lower and upper along x and y.
    provenance : Provenance
        Run, for the footer.
    scale : Scale, optional
        What colours stand for; none given draws complex components, whose hue is the phase and whose brightness is the
        modulus, with a key.
    columns : int
        Most images in a line.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no block or image, or images differ in shape.
    """
    _check(blocks, extent_mm)
    height = PANEL * (extent_mm[3] - extent_mm[2]) / (extent_mm[1] - extent_mm[0])
    lines, total = _arrange(blocks, columns, height)
    right = LEFT + max(len(line.images) for own in lines for line in own) * (PANEL + GAP)
    with style():
        figure = inch_figure(right + RIGHT, total, provenance)
        for block, own in zip(blocks, lines, strict=True):
            middle = (own[0].bottom + height + own[-1].bottom) / 2
            how = {"rotation": 90, "ha": "center", "va": "center", "multialignment": "center"}
            place_text(figure, 0.2, middle, block.label, **how)
            for line in own:
                _draw_line(figure, line, height, extent_mm, scale)
        top = total - TOP - lines[0][0].heading
        if scale is None:
            draw_key(place_axes(figure, right, top - KEY, KEY, KEY))
        else:
            length = min(LONGEST_BAR, top - BELOW - FOOTER)
            place_scale(figure, (right + 0.1, top - length, BAR, length), scale)
    return figure


def _check(blocks: Sequence[ImageBlock], extent_mm: Extent) -> None:
    if not blocks or not all(block.images for block in blocks):
        raise InputError("blocks: found none or an empty one, expected at least one image in each")
    shape = blocks[0].images[0].image.shape
    check_extent("blocks", extent_mm, len(shape))
    for block in blocks:
        for one in block.images:
            if one.image.shape != shape:
                raise InputError(f"blocks: {one.name}: found shape {one.image.shape}, expected {shape}")


def _arrange(blocks: Sequence[ImageBlock], columns: int, height: float) -> tuple[list[list[_Line]], float]:
    """Stack the lines from the top; returns them by block and the height of the figure."""
    stacked: list[list[tuple[Sequence[BlockImage], float, float, bool]]] = []
    used = TOP
    for block in blocks:
        parts = _broken(block.images, columns)
        own = []
        for part in parts:
            heading = 0.04 + LINE * max(len(one.heading.splitlines()) for one in part)
            used += heading + height
            last = part is parts[-1]
            own.append((part, used, heading, last))
            used += BELOW if last else GAP
        stacked.append(own)
        used += BLOCK_GAP
    total = max(used - BLOCK_GAP + FOOTER, KEY + 1.1)
    return [
        [_Line(part, total - down, heading, last) for part, down, heading, last in own] for own in stacked
    ], total


def _broken(images: Sequence[BlockImage], columns: int) -> list[Sequence[BlockImage]]:
    """Return images in as few lines as there can be, of about equal length."""
    length = math.ceil(len(images) / math.ceil(len(images) / columns))
    return [images[start : start + length] for start in range(0, len(images), length)]


def _draw_line(figure: Figure, line: _Line, height: float, extent_mm: Extent, scale: Scale | None) -> None:
    for column, one in enumerate(line.images):
        place = (LEFT + column * (PANEL + GAP), line.bottom, PANEL, height)
        left, bottom = column == 0, line.last
        if scale is None:
            _place_component(figure, place, one.image, extent_mm, left=left, bottom=bottom)
        else:
            place_image(figure, place, one.image.real, extent_mm, scale, left=left, bottom=bottom)
        middle, up = place[0] + PANEL / 2, line.bottom + height + 0.03
        place_text(figure, middle, up, one.heading, fontsize=7, ha="center", va="bottom")


def _place_component(
    figure: Figure,
    place: tuple[float, float, float, float],
    image: Image | Component,
    extent_mm: Extent,
    *,
    left: bool,
    bottom: bool,
) -> None:
    axes = place_axes(figure, *place)
    draw_component(axes, image.astype(complex), extent_mm)
    axes.set_xticks(inner_ticks(extent_mm[0], extent_mm[1]))
    axes.set_yticks(inner_ticks(extent_mm[2], extent_mm[3]))
    axes.tick_params(length=2, labelleft=left, labelbottom=bottom)
    if left:
        axes.set_ylabel("y / mm", labelpad=2)
    if bottom:
        axes.set_xlabel("x / mm", labelpad=2)
