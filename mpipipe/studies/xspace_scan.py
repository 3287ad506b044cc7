"""What the deblurring study measures: scenes scanned and gridded to collinear images, without and with noise."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from mpipipe.config.deblurring import Acquisition
from mpipipe.physics.xspace import XSpaceSignal
from mpipipe.reconstruction.gridding import Gridding
from mpipipe.scenes.measurement import coarsen

Images = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scan:
    """Scanned scenes.

    Attributes
    ----------
    truth : (item, x, y) ndarray of float32
        Concentration on the reconstruction grid.
    collinear : (item, partition, x, y) ndarray of float32
        Gridded images without noise, in m.
    peak : float
        Largest modulus of a sample of either coil, in m²/s.
    """

    truth: Images
    collinear: Images
    peak: float


@dataclass(frozen=True)
class XSpaceScan:
    """Signal model and gridding of one acquisition, prepared once."""

    signal: XSpaceSignal
    gridding: Gridding
    refinement: int

    @classmethod
    def of(cls, acquisition: Acquisition) -> Self:
        """Prepare both."""
        return cls(
            XSpaceSignal.of(acquisition.scanner, acquisition.particle, acquisition.fine_grid),
            Gridding.of(acquisition.scanner, acquisition.grid, acquisition.gridding),
            acquisition.refinement,
        )

    def scan(self, concentration: Images) -> Scan:
        """Return the scan of scenes ``(item, x, y)`` on the fine grid."""
        signals = self.signal.signals(concentration)
        peak = float(np.abs(signals).max(initial=0))
        truth = coarsen(concentration, self.refinement, axes=2)
        return Scan(truth, self.gridding.apply(signals), peak)

    def noise(self, count: int, rng: np.random.Generator) -> Images:
        """Return gridded white noise ``(field, partition, x, y)`` of unit standard deviation on the samples of both coils."""
        samples = rng.standard_normal((count, 2, self.gridding.time), dtype=np.float32)
        return self.gridding.apply(samples)


def noisy(collinear: Images, noise: Images, peak: float, snr: float) -> Images:
    """Return collinear images with noise at an SNR (Ergun 2022, section II.I).

    Parameters
    ----------
    collinear : (item, partition, x, y) ndarray of float32
        Images without noise.
    noise : (item, partition, x, y) ndarray of float32
        Gridded noise of unit standard deviation, see `XSpaceScan.noise`.
    peak : float
        Largest signal of the acquisition that the SNR is defined by.
    snr : float
        Peak over the standard deviation of the noise, a linear ratio; infinity adds none.
    """
    return collinear + np.float32(peak / snr) * noise
