"""Parts of the comparisons on the results pages: pictures with labels and scores, slices, scales."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.evaluation.comparison import ComparedImage, ComparedImages, concentration_picture
from mpipipe.evaluation.figures import in_order
from mpipipe.evaluation.tables import format_number

Arrays = Mapping[str, npt.NDArray[Any]]
Described = Mapping[str, Any]
Images = npt.NDArray[np.float32]

SHOWN = 2
"""Examples of a problem at most."""
TRUTH = "Truth"
COMPONENT_TEXT = "Hue is the phase, brightness the modulus."


def image_comparison(
    name: str,
    title: str,
    caption: str,
    field_of_view_mm: Sequence[float],
    truth: Images,
    estimates: Mapping[str, tuple[Images, float]],
    *,
    before: str | None = None,
) -> ComparedImages:
    """Return images with their PSNR on the scale of the truth; the first lies on the left where none is named."""
    peak = float(truth.max())
    images = [ComparedImage(TRUTH, concentration_picture(truth, peak))]
    images += [
        rated(label, concentration_picture(image, peak), psnr_db)
        for label, (image, psnr_db) in estimates.items()
    ]
    return ComparedImages(
        name, title, caption, plane_mm(field_of_view_mm), tuple(images), before or images[1].label
    )


def ordered(methods: Sequence[str]) -> list[tuple[int, str]]:
    """Return methods with their places, in the order of the tables."""
    return [(methods.index(method), method) for method in in_order(set(methods))]


def rated(label: str, colours: npt.NDArray[np.uint8], psnr_db: float | None) -> ComparedImage:
    """Return a picture with its PSNR as rank and as text."""
    score = "" if psnr_db is None else f"{format_number(psnr_db, '.1f')} dB"
    return ComparedImage(label, colours, psnr_db, score)


def central_picture(image: Images, peak: float) -> npt.NDArray[np.uint8]:
    """Return the picture of an image, of its central slice z in 3-D."""
    return concentration_picture(image[..., image.shape[2] // 2] if image.ndim == 3 else image, peak)


def row_picture(image: Images) -> npt.NDArray[np.uint8]:
    """Return the picture of scenes ``(scene, x)`` with the first on top."""
    return concentration_picture(image[::-1].T, 1.0)


def plane_mm(field_of_view_mm: Sequence[float]) -> tuple[float, float]:
    """Return the size of the plane x, y."""
    return float(field_of_view_mm[0]), float(field_of_view_mm[1])


def nearest(levels: Sequence[float], wanted: float) -> int:
    """Return the place of the level that is nearest to another."""
    return min(range(len(levels)), key=lambda place: abs(levels[place] - wanted))


def spoken(name: str) -> str:
    """Return the name of an artifact as it is read."""
    words = name.replace("_", " ").replace(" 2d", ", 2-D").replace(" 3d", ", 3-D").replace(" x", " ×")
    return words[:1].upper() + words[1:]
