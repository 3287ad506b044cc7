"""The handwritten digits that phantoms are made from: scikit-learn's own, or a user's MNIST file."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from mpipipe.config.digits import DigitsConfig
from mpipipe.errors import InputError
from mpipipe.scenes.digits import frame_digits
from mpipipe.storage.idx import read_idx_images
from mpipipe.storage.manifest import content_digest

BUNDLED_PEAK = 16
MNIST_PEAK = 255


def read_digit_sources(config: DigitsConfig) -> npt.NDArray[np.float32]:
    """Return the source digits that a configuration names.

    Parameters
    ----------
    config : DigitsConfig
        Source, and for MNIST the path and its SHA-256.

    Returns
    -------
    (digit, row, column) ndarray of float32
        Ink between 0 and 1: 1797 digits of scikit-learn in the frame of MNIST, 28 x 28, or the images of the file.

    Raises
    ------
    InputError
        When the file cannot be read or is another one.
    """
    if config.source == "digits":
        return _bundled()
    if config.mnist_images is None:
        raise InputError("mnist_images: found null, expected the path of an IDX file for source mnist")
    path = Path(config.mnist_images)
    images = read_idx_images(path)
    if config.mnist_sha256 is not None:
        found, expected = content_digest(path), config.mnist_sha256.lower()
        if found != expected:
            raise InputError(f"{path}: found SHA-256 {found}, expected {expected} (mnist_sha256)")
    return np.divide(images, MNIST_PEAK, dtype=np.float32)


def _bundled() -> npt.NDArray[np.float32]:
    from sklearn.datasets import load_digits  # slow to import, and only this source needs it

    return frame_digits(load_digits().images, BUNDLED_PEAK)
