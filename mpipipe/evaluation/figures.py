"""What all figures share: style, footer, and rendering to the same bytes every time.

Figures are `matplotlib.figure.Figure` objects made without pyplot, so nothing is kept between calls. Colours
tell methods apart for colour-blind readers (Okabe and Ito 2008), and markers and dashes do so in print.
"""

import io
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.vocabulary import METHODS

FOOTER_GREY = "#666666"
_STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so text has the same outlines on every machine
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.0,
    "axes.linewidth": 0.6,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "mpipipe",
    "svg.fonttype": "path",
}

BLACK, GREY = "#000000", "#7f7f7f"
ORANGE, SKY, GREEN, YELLOW = "#e69f00", "#56b4e9", "#009e73", "#b8a500"
BLUE, VERMILION, PURPLE = "#0072b2", "#d55e00", "#cc79a7"


@dataclass(frozen=True)
class MethodStyle:
    """How a method looks in every figure.

    Attributes
    ----------
    colour, marker, dash : str
        Matplotlib colour, marker and line style.
    """

    colour: str
    marker: str
    dash: str

    @property
    def face(self) -> str:
        """Fill of the marker: open where the line is broken, so that points tell as much as lines."""
        return self.colour if self.dash == "-" else "white"


# Methods of one problem differ in colour or dash. A family shares a hue: the published form is solid, named variants are
# dashed, and an untuned or misplaced classical method is dotted.
_STYLES: dict[str, MethodStyle] = {
    "Noisy": MethodStyle(GREY, "x", ":"),
    "DCT-F (multiplier 3)": MethodStyle(SKY, "v", ":"),
    "DCT-F": MethodStyle(SKY, "o", "-"),
    "DCT-F (one phase)": MethodStyle(BLUE, "^", "--"),
    "DnCNN": MethodStyle(VERMILION, "s", "-"),
    "DnCNN (phase-aligned)": MethodStyle(VERMILION, "p", "--"),
    "RDN": MethodStyle(GREEN, "D", "-"),
    "RDN (phase-aligned)": MethodStyle(GREEN, "d", "--"),
    "SwinIR": MethodStyle(PURPLE, "P", "-"),
    "SwinIR (phase-aligned)": MethodStyle(PURPLE, "X", "--"),
    "Bicubic (shifted grid)": MethodStyle(SKY, "v", ":"),
    "Bicubic": MethodStyle(SKY, "o", "-"),
    "Bicubic (DCT-F first)": MethodStyle(BLUE, "^", "--"),
    "Tricubic (shifted grid)": MethodStyle(SKY, "v", ":"),
    "Tricubic": MethodStyle(SKY, "o", "-"),
    "Tricubic (DCT-F first)": MethodStyle(BLUE, "^", "--"),
    "SMRnet": MethodStyle(VERMILION, "s", "-"),
    "SMRnet (spline residual)": MethodStyle(VERMILION, "p", "--"),
    "Biharmonic": MethodStyle(SKY, "o", "-"),
    "Biharmonic (then DCT-F)": MethodStyle(BLUE, "^", "--"),
    "PConvUNet": MethodStyle(VERMILION, "s", "-"),
    "PConvUNet (phase-aligned)": MethodStyle(VERMILION, "p", "--"),
    "ART": MethodStyle(GREY, "x", "-"),
    "ADMM_L1": MethodStyle(SKY, "o", "-"),
    "ADMM_TV": MethodStyle(BLUE, "^", "-"),
    "ADMM_L1TV": MethodStyle(GREEN, "D", "-"),
    "PP-MPI": MethodStyle(ORANGE, "P", "-"),
    "DIP": MethodStyle(PURPLE, "v", "-"),
    "ADMM-Net": MethodStyle(YELLOW, "h", "-"),
    "ADMM-Net (small ρ)": MethodStyle(YELLOW, "H", "--"),
    "DERnet": MethodStyle(VERMILION, "s", "-"),
    "DERnet (Tikhonov start)": MethodStyle(VERMILION, "p", "--"),
    "Gridding": MethodStyle(GREY, "x", "-"),
    "Wiener": MethodStyle(BLUE, "^", "-"),
    "Richardson-Lucy": MethodStyle(SKY, "o", "-"),
    "TV": MethodStyle(GREEN, "D", "-"),
    "Network": MethodStyle(VERMILION, "s", "-"),
    "Network (retinal scene)": MethodStyle(VERMILION, "p", "--"),
    "Network (data consistency)": MethodStyle(PURPLE, "P", "-."),
    "Averaged periods": MethodStyle(GREY, "+", "-"),
    "Folded period": MethodStyle(GREY, "1", "--"),
    "Band-pass": MethodStyle(YELLOW, "h", "-"),
    "Wavelets": MethodStyle(ORANGE, "P", "-"),
    "Wiener (folded)": MethodStyle(BLUE, "v", "--"),
    "Wiener (subspace)": MethodStyle(BLUE, "*", "-."),
    "N2N": MethodStyle(SKY, "o", "-"),
    "R2R": MethodStyle(GREEN, "D", "-"),
    "Proposed": MethodStyle(VERMILION, "s", "-"),
    "Proposed (no priors)": MethodStyle(VERMILION, "8", ":"),
    "Proposed (no symmetry)": MethodStyle(VERMILION, "X", "-."),
    "Proposed (no smoothness)": MethodStyle(PURPLE, "d", ":"),
    "Proposed (folded)": MethodStyle(VERMILION, "p", "--"),
    "Single-layer": MethodStyle(SKY, "o", "-"),
    "Single-layer (linear)": MethodStyle(SKY, "v", "--"),
    "Multi-layer": MethodStyle(VERMILION, "s", "-"),
    "Truncated SVD": MethodStyle(GREY, "x", "--"),
    "Tikhonov": MethodStyle(BLUE, "^", "-"),
}


def method_style(method: str) -> MethodStyle:
    """Return how a method looks; names that are no methods are black."""
    return _STYLES.get(method, MethodStyle(BLACK, ".", "-"))


def in_order(methods: set[str]) -> list[str]:
    """Return methods in the order of `METHODS`, names that are no methods behind."""
    return [m for m in METHODS if m in methods] + sorted(methods - set(METHODS))


def wrapped(name: str) -> str:
    """Return the name of a method in two lines, the addition in brackets below."""
    return name.replace(" (", "\n(", 1)


def style() -> AbstractContextManager[None]:
    """Return the context in which figures are made and rendered; settings outside it are left alone."""
    settings: AbstractContextManager[None] = mpl.rc_context(_STYLE)
    return settings


def add_footer(figure: Figure, provenance: Provenance) -> None:
    """Write scale, recipe and seed below a figure that has the constrained layout, in grey."""
    figure.supxlabel(provenance.line, fontsize=6, color=FOOTER_GREY, x=0.995, ha="right")


@dataclass(frozen=True)
class Rendered:
    """A figure as files.

    Attributes
    ----------
    png, svg : bytes
        Contents of the files, without dates.
    """

    png: bytes
    svg: bytes


def render(figure: Figure, dpi: int = 200) -> Rendered:
    """Return a figure as PNG and SVG, the same bytes for the same figure.

    An automatic layout is settled once and frozen, so that both files agree; the figure keeps its frozen layout.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Figure of this package.
    dpi : int
        Resolution of the PNG, dots per inch.
    """
    with style():
        if figure.get_layout_engine() is not None:
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        png = _saved(figure, format="png", dpi=dpi, metadata={"Software": None})
        svg = _saved(figure, format="svg", metadata={"Date": None, "Creator": None})
    return Rendered(png, svg)


def _saved(figure: Figure, **options: Any) -> bytes:  # noqa: ANN401 - what savefig takes
    target = io.BytesIO()
    figure.savefig(target, **options)
    return target.getvalue()
