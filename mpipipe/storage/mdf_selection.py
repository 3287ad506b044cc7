"""Which frequencies of a file are read: by signal-to-noise ratio, band, and mixing order."""

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.mixing import mixing_orders
from mpipipe.physics.scanner import Scanner


def select_frequencies(
    frequency: npt.NDArray[np.int64],
    frequency_Hz: npt.NDArray[np.float64],
    *,
    snr: npt.NDArray[np.float64] | None = None,
    scanner: Scanner | None = None,
    snr_threshold: float | None = None,
    band_Hz: tuple[float, float] | None = None,
    max_mixing_order: int | None = None,
) -> npt.NDArray[np.bool_]:
    """Return which frequencies fulfil all the criteria that are given.

    Parameters
    ----------
    frequency, frequency_Hz : (row,)
        Frequency indices, and frequencies in Hz.
    snr : (channel, row) float, optional
        Signal-to-noise ratio.
    scanner : Scanner, optional
        Gives the mixing orders.
    snr_threshold : float, optional
        Least ratio that one of the channels has to have; the same frequencies are kept in all.
    band_Hz : (float, float), optional
        Lowest and highest frequency, both included.
    max_mixing_order : int, optional
        Largest sum of the moduli of the mixing orders along the axes.

    Returns
    -------
    (row,) ndarray of bool
        True where a frequency is kept.

    Raises
    ------
    InputError
        When a criterion lacks what it needs, or no frequency is left.
    """
    kept = np.ones(len(frequency), np.bool_)
    if snr_threshold is not None:
        if snr is None:
            raise InputError(
                "snr_threshold: found no signal-to-noise ratio in the file, expected /calibration/snr"
            )
        kept &= (snr >= snr_threshold).any(axis=0)
    if band_Hz is not None:
        low, high = band_Hz
        kept &= (frequency_Hz >= low) & (frequency_Hz <= high)
    if max_mixing_order is not None:
        if scanner is None:
            raise InputError(
                "max_mixing_order: found fields that have no mixing orders, expected one sinusoid an axis"
            )
        orders = mixing_orders(scanner, int(frequency.max(initial=0)) + 1)[frequency]
        kept &= np.abs(orders).sum(axis=1) <= max_mixing_order
    if not kept.any():
        given = {"snr_threshold": snr_threshold, "band_Hz": band_Hz, "max_mixing_order": max_mixing_order}
        criteria = ", ".join(f"{name} {value}" for name, value in given.items() if value is not None)
        raise InputError(
            f"frequency selection: found none of {len(kept)} frequencies with {criteria}, expected one at least"
        )
    return kept
