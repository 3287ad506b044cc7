"""Colours of complex images: hue is the phase, brightness the modulus.

Hues lie on a circle of constant lightness and chroma in Oklab (Ottosson 2020), so that brightness follows
the modulus alone. Phases ±π/2, the two signs of a component of the equilibrium model with cosine drive, are
yellow and blue, which colour-blind readers tell apart.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Colours = npt.NDArray[np.float64]

LIGHTNESS, CHROMA = 0.78, 0.11  # the largest circle of hues that sRGB holds at this lightness
_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def complex_colours(image: npt.NDArray[np.complexfloating[Any, Any]], peak: float = 1.0) -> Colours:
    """Return the colours of a complex image.

    Parameters
    ----------
    image : (..., ) ndarray of complex
        Values; the modulus is cut at `peak`.
    peak : float
        Modulus of full brightness, positive.

    Returns
    -------
    (..., 3) ndarray of float64
        sRGB in [0, 1]; zero is black.
    """
    modulus = np.minimum(np.abs(image) / peak, 1.0)
    phase = np.angle(image)
    lab = np.stack([np.full(image.shape, LIGHTNESS), CHROMA * np.cos(phase), CHROMA * np.sin(phase)], axis=-1)
    return _to_srgb(modulus[..., None] * lab)


def _to_srgb(lab: Colours) -> Colours:
    linear = np.clip((lab @ _LMS.T) ** 3 @ _RGB.T, 0.0, 1.0)
    curved = 1.055 * linear ** (1 / 2.4) - 0.055
    return np.asarray(np.where(linear <= 0.0031308, 12.92 * linear, curved), np.float64)
