"""The retinal photograph that the vessel scene is made from: scikit-image's own."""

import numpy as np
import numpy.typing as npt


def read_retina() -> npt.NDArray[np.uint8]:
    """Return the photograph of a normal left retina that comes with scikit-image.

    It is Häggström (2014), WikiJournal of Medicine 1 (2), doi:10.15347/wjm/2014.008, in the public domain (CC0).

    Returns
    -------
    (row, column, colour) ndarray of uint8
        Red, green and blue, 1411 x 1411 pixels.
    """
    from skimage.data import retina  # slow to import, and only this scene needs it

    return np.asarray(retina(), dtype=np.uint8)
