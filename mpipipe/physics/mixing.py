"""Mixing orders: a component's frequency as a sum of multiples of the drive frequencies."""

import numpy as np
import numpy.typing as npt

from mpipipe.physics.scanner import Scanner


def mixing_orders(scanner: Scanner, frequencies: int | None = None) -> npt.NDArray[np.int32]:
    """Return the mixing orders of smallest total order of every frequency.

    Frequency index k is ``sum_i n_i m_i`` with harmonic ``n_i = V / divider_i`` of axis i and mixing order ``m_i``;
    among all solutions the one with the smallest ``sum_i |m_i|`` (Rahmer et al. 2012, section 2). For dividers
    102 and 96 it is ``k = 16 m_x + 17 m_y``. The harmonics of the driven axes have no common divisor, so every index
    has a solution. The search is breadth-first on the integers: an order of the steps exists that never leaves
    ``[-max n, k + max n]``.

    Parameters
    ----------
    scanner : Scanner
        Its dividers give the harmonics.
    frequencies : int, optional
        Number of frequency indices, from 0; default those of the scanner.

    Returns
    -------
    (frequency, axis) ndarray of int32
        Orders of x, y, z; 0 for an axis that is not driven.
    """
    count = scanner.frequencies if frequencies is None else frequencies
    margin = max(scanner.harmonic)
    orders = np.zeros((count + 2 * margin, 3), dtype=np.int32)
    reached = np.zeros(len(orders), dtype=bool)
    reached[margin] = True
    frontier = np.array([margin])
    while len(frontier):
        found = []
        for axis in scanner.active:
            for sign in (1, -1):
                target = frontier + sign * scanner.harmonic[axis]
                new = (target >= 0) & (target < len(orders))
                new[new] &= ~reached[target[new]]
                target, source = target[new], frontier[new]
                orders[target] = orders[source]
                orders[target, axis] += sign
                reached[target] = True
                found.append(target)
        frontier = np.concatenate(found)
    return orders[margin : margin + count]
