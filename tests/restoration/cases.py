"""Which observation each classical method restores, so that all are tried alike."""

from dataclasses import dataclass

import numpy as np

from mpipipe.restoration.classical import CLASSICAL
from mpipipe.restoration.downsampling import measured_grid
from mpipipe.restoration.masks import draw_missing
from mpipipe.restoration.multiplier import MultiplierCurve

CURVE = MultiplierCurve((0.05, 0.1, 0.4), (0.8, 1.0, 1.6))
COMPLETE = [name for name in CLASSICAL if name.startswith("DCT-F")]
UPSAMPLING = [name for name in CLASSICAL if name.startswith(("Bicubic", "Tricubic"))]
INPAINTING = [name for name in CLASSICAL if name.startswith("Biharmonic")]


def build(name):
    return CLASSICAL[name].restorer(CURVE)


def noise(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


@dataclass(frozen=True)
class Case:
    """An observation that a method can restore."""

    observed: np.ndarray
    arguments: dict

    def restored_by(self, method, sigma=0.0):
        return method.apply(self.observed, sigma, **self.arguments)

    def times(self, factor):
        return Case(factor * self.observed, self.arguments)

    def part(self, keep):
        arguments = dict(self.arguments)
        if "known" in arguments:
            arguments["known"] = arguments["known"][keep]
        return Case(self.observed[keep], arguments)


def case(name, grid, seed=0, count=3, factor=2):
    """Random components as the method of a name takes them."""
    if name in UPSAMPLING:
        return Case(noise((count, *measured_grid(grid, factor)), seed), {"grid": grid})
    image = noise((count, *grid), seed)
    if name in INPAINTING and np.prod(grid) > 1:
        rng = np.random.default_rng(seed)
        known = np.stack([~draw_missing(grid, 0.2, rng) for _ in image])
        return Case(np.where(known, image, np.complex64(0)), {"known": known})
    return Case(image, {})
