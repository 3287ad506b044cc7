"""Signal-to-noise ratios in figures and tables: what they are called, where they stand, and their colours."""

import math
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex

NOISE_FREE = "noise-free"
COLOURS, DARKEST, LIGHTEST = "viridis", 0.0, 0.88
"""The lightest yellow cannot be seen on white."""


def snr_text(snr: float) -> str:
    """Return a ratio as text; `NOISE_FREE` when it is infinite."""
    return NOISE_FREE if math.isinf(snr) else f"{snr:g}"


def snr_value(written: float | str | None) -> float:
    """Return a ratio as it stands in a file, where an infinite one is null or ``inf``."""
    return math.inf if written is None else float(written)


def snr_colours(snrs: Sequence[float]) -> dict[float, str]:
    """Return a colour for each ratio, from dark for the lowest to light for the highest."""
    ordered = sorted(set(snrs))
    shares = np.linspace(DARKEST, LIGHTEST, len(ordered)) if len(ordered) > 1 else [0.35]
    return {
        snr: to_hex(mpl.colormaps[COLOURS](float(share))) for snr, share in zip(ordered, shares, strict=True)
    }


def snr_places(snrs: Sequence[float]) -> dict[float, float]:
    """Return where each ratio stands on a linear axis; the infinite one stands one and a half steps behind the last.

    A step is the smallest distance of neighbours, so that the axis is to scale but for its break.
    """
    finite = sorted({snr for snr in snrs if not math.isinf(snr)})
    places = {snr: snr for snr in finite}
    if any(math.isinf(snr) for snr in snrs):
        step = float(min(np.diff(finite))) if len(finite) > 1 else 1.0
        places[math.inf] = (finite[-1] if finite else 0.0) + 1.5 * step
    return places
