"""Pairs of periods of one scene with independent noise: what is accepted, how they are stacked and normalised."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError

Signals = npt.NDArray[np.float32]
Periods = npt.NDArray[np.float32]
PeriodList = npt.NDArray[Any] | Sequence[npt.ArrayLike]

CLIPPED_RUN = 3
"""Consecutive samples at exactly the largest or smallest value that tell a clipped signal."""
BLOCK_ITEMS = 256  # of one pass: intermediate arrays stay small, and transforms run over many signals at once


def check_signals(name: str, signals: npt.ArrayLike) -> Signals:
    """Return signals as they are used, after refusing those that cannot be.

    A signal counts as clipped when three consecutive samples are exactly its largest, or exactly its smallest value. Noise
    makes even two equal neighbours at the extreme unlikely; a smooth noise-free signal has at most two, on both sides of a
    peak. Data of an analogue-to-digital converter that uses a few of its levels only would be refused too.

    Parameters
    ----------
    name : str
        What they are, for the error message.
    signals : (item, time) array_like
        One period an item.

    Returns
    -------
    (item, time) ndarray of float32

    Raises
    ------
    InputError
        Another shape, nothing in it, no numbers, values that are not finite, constant or clipped signals.
    """
    found = _numbers(name, signals)
    if found.ndim != 2 or not len(found) or found.shape[1] < CLIPPED_RUN:
        raise InputError(
            f"{name}: found shape {found.shape}, expected (item, time), at least one item and {CLIPPED_RUN} samples"
        )
    _check_samples(name, found, "item {}")
    return found


def check_periods(name: str, periods: npt.ArrayLike) -> Periods:
    """Return pairs of periods as they are used, after refusing those that cannot be.

    Parameters
    ----------
    name : str
        What they are, for the error message.
    periods : (item, 2, time) array_like
        Two periods of each scene, with independent noise.

    Returns
    -------
    (item, 2, time) ndarray of float32

    Raises
    ------
    InputError
        Another shape, such as a single period of each scene, or what `check_signals` refuses of any period.
    """
    found = _numbers(name, periods)
    if found.ndim == 2 or (found.ndim == 3 and found.shape[1] == 1):
        raise InputError(
            f"{name}: found one period an item, shape {found.shape}, expected (item, 2, time), two periods of each scene"
        )
    if found.ndim != 3 or found.shape[1] != 2 or not len(found) or found.shape[2] < CLIPPED_RUN:
        raise InputError(
            f"{name}: found shape {found.shape}, expected (item, 2, time), at least one item and {CLIPPED_RUN} samples"
        )
    for period in range(2):
        _check_samples(name, found[:, period], f"period {period} of item {{}}")
    return found


def stack_periods(first: PeriodList, second: PeriodList) -> Periods:
    """Return the first and second periods of scenes as pairs.

    Parameters
    ----------
    first, second : (item, time) ndarray or sequence of (time,) array_like
        One period of each scene, and another with independent noise.

    Returns
    -------
    (item, 2, time) ndarray of float32

    Raises
    ------
    InputError
        Numbers of items or of samples that differ, or what `check_periods` refuses.
    """
    if len(first) != len(second) or not len(first):
        raise InputError(
            f"periods: found {len(first)} first and {len(second)} second ones, expected as many, at least one"
        )
    expected = np.shape(first[0])
    for name, periods in (("first", first), ("second", second)):
        for item, period in enumerate(periods):
            if np.ndim(period) != 1 or np.shape(period) != expected:
                raise InputError(
                    f"{name}: found shape {np.shape(period)} in item {item}, expected (time,), as long as {expected} of item 0"
                )
    return check_periods("periods", np.stack([np.asarray(first), np.asarray(second)], axis=1))


def blocks(items: int) -> Iterator[slice]:
    """Yield the items as slices of at most `BLOCK_ITEMS`."""
    return (slice(start, start + BLOCK_ITEMS) for start in range(0, items, BLOCK_ITEMS))


def root_mean_square(signals: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return the root of the mean square ``(…, 1)`` over time, in the unit of the signals ``(…, time)``."""
    mean = np.einsum("...t,...t->...", signals, signals, dtype=np.float64) / signals.shape[-1]
    return np.asarray(np.sqrt(mean)[..., None], np.float32)


def normalised_periods(periods: Periods) -> Periods:
    """Return pairs ``(item, 2, time)``, both periods divided by the root mean square of the first, noisy one."""
    return periods / root_mean_square(periods[:, :1])


def _numbers(name: str, values: object) -> npt.NDArray[np.float32]:
    try:
        found = np.asarray(values)
    except ValueError:  # NumPy has no arrays of rows that differ in length
        raise InputError(
            f"{name}: found periods of different length, expected as many samples in each"
        ) from None
    if found.dtype.kind not in "iuf":
        raise InputError(f"{name}: found {found.dtype}, expected real numbers")
    # Too large for single precision becomes infinity, which is refused later.
    with np.errstate(over="ignore"):
        return found.astype(np.float32, copy=False)


def _check_samples(name: str, signals: Signals, place: str) -> None:
    """Refuse samples ``(item, time)`` that cannot be used; the place has room for the item's number."""
    for block in blocks(len(signals)):
        some = signals[block]
        low, high = some.min(axis=1, keepdims=True), some.max(axis=1, keepdims=True)
        clipped = f"{CLIPPED_RUN} consecutive samples at the smallest or largest value"
        for bad, found, expected in (
            (~np.isfinite(low) | ~np.isfinite(high), "NaN or infinity", "finite values"),
            (low == high, "a constant signal", "one that varies"),
            (_has_run(some == low) | _has_run(some == high), clipped, "a signal that is not clipped"),
        ):
            if bad.any():
                where = place.format(block.start + int(bad.argmax()))
                raise InputError(f"{name}: found {found} in {where}, expected {expected}")


def _has_run(extreme: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which rows ``(item, 1)`` of marked samples ``(item, time)`` have a run of them."""
    inside = extreme.shape[1] - CLIPPED_RUN + 1
    run = np.logical_and.reduce([extreme[:, step : step + inside] for step in range(CLIPPED_RUN)])
    return np.asarray(run.any(axis=1, keepdims=True))
