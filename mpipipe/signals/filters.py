"""The classical methods that remove noise from signals: fitted to noisy pairs of periods, tuned on others, kept as arrays.

No signal without noise is needed anywhere. The loss of a filter f is the mean over pairs of

    ``||f(u1) - u2||^2 / ||u1||^2``,

which is the error against the noise-free signal plus a constant in expectation, as the noise of u2 is independent of u1.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from mpipipe.config.signal_filters import (
    SETTINGS,
    BandPassConfig,
    FilterName,
    FilterSearch,
    FilterSettings,
    SubspaceConfig,
    WaveletConfig,
    WienerFilterConfig,
)
from mpipipe.errors import InputError
from mpipipe.signals.frequency_filter import BandPassFilter, FrequencyFilter, wiener_gain
from mpipipe.signals.periods import Periods, Signals, blocks, check_periods
from mpipipe.signals.subspace import NoisySubspace, SubspaceFilter
from mpipipe.signals.symmetry import fold
from mpipipe.signals.wavelets import WaveletFilter

LOG = logging.getLogger(__name__)

Settings = FilterSettings | Mapping[str, Any]
Arrays = dict[str, npt.NDArray[np.float32]]


class SignalFilter(Protocol):
    """What every fitted method can do."""

    def apply(self, signals: Signals) -> Signals:
        """Return estimates ``(item, time)`` float32 of signals ``(item, time)`` float32 with noise, one period an item."""
        ...


@dataclass(frozen=True)
class FoldFilter:
    """Folding alone."""

    def apply(self, signals: Signals) -> Signals:
        """Return the odd part of signals ``(item, time)``."""
        return fold(signals)


@dataclass(frozen=True)
class TunedFilter:
    """A method with the settings of the lowest loss.

    Attributes
    ----------
    name : str
        Method.
    settings : FilterSettings
        Its settings.
    losses : list of dict
        ``settings`` (values by name) and ``loss`` of all that was tried.
    edge : tuple of str
        Settings whose best value is the smallest or largest number of at least three, so that a better one may lie beyond.
    filter : SignalFilter
        The method, fitted.
    """

    name: FilterName
    settings: FilterSettings
    losses: list[dict[str, Any]]
    edge: tuple[str, ...]
    filter: SignalFilter


def fit_filter(name: FilterName, train: npt.ArrayLike, settings: Settings, cycles: int) -> SignalFilter:
    """Fit a method to noisy pairs of periods.

    Parameters
    ----------
    name : str
        Method; ``Averaged periods`` takes two periods and is none of one signal.
    train : (item, 2, time) array_like
        Training pairs. Band-pass, wavelets and folding learn nothing from them.
    settings : FilterSettings or mapping
        Settings of the method, see `mpipipe.config.signal_filters`; what a mapping lacks has its default.
    cycles : int
        Cycles of the drive field in a period.

    Raises
    ------
    InputError
        Pairs or settings that cannot be used, or a name that is no method of one signal.
    """
    return _fitted(name, _configured(name, settings), check_periods("train", train), cycles)


def tune_filter(
    name: FilterName,
    train: npt.ArrayLike,
    validation: npt.ArrayLike,
    search: FilterSearch,
    cycles: int,
) -> TunedFilter:
    """Fit a method with each combination of settings and keep that of the lowest loss on validation pairs.

    Parameters
    ----------
    name : str
        Method.
    train, validation : (item, 2, time) array_like
        Noisy pairs of periods, of different scenes.
    search : FilterSearch
        Values that are tried.
    cycles : int
        Cycles of the drive field in a period.

    Raises
    ------
    InputError
        As `fit_filter`, or periods of different length.
    """
    candidates = [_configured(name, one) for one in search.candidates(name)]
    pairs, held_out = check_periods("train", train), check_periods("validation", validation)
    if pairs.shape[-1] != held_out.shape[-1]:
        raise InputError(
            f"validation: found {held_out.shape[-1]} samples, expected {pairs.shape[-1]} as in training"
        )
    losses: list[dict[str, Any]] = []
    lowest = np.inf
    for settings, fitted in _tried(name, candidates, pairs, cycles):
        loss = pair_loss(fitted, held_out)
        losses.append({"settings": settings.model_dump(), "loss": loss})
        if loss < lowest:
            lowest, best, chosen = loss, settings, fitted
    edge = _at_edge(best.model_dump(), search.values(name))
    for setting in edge:
        LOG.warning("%s: the best %s, %g, is at an end of the search", name, setting, getattr(best, setting))
    return TunedFilter(name, best, losses, edge, chosen)


def pair_loss(fitted: SignalFilter, periods: Periods) -> float:
    """Return the mean of ``||f(u1) - u2||^2 / ||u1||^2`` over pairs.

    Parameters
    ----------
    fitted : SignalFilter
        f.
    periods : (item, 2, time) ndarray of float32
        Pairs that f was not fitted to.
    """
    ratios = np.empty(len(periods))
    for block in blocks(len(periods)):
        first, second = np.moveaxis(periods[block], 1, 0)
        ratios[block] = _energy(fitted.apply(first) - second) / _energy(first)
    return float(ratios.mean())


def filter_arrays(fitted: SignalFilter) -> Arrays:
    """Return the arrays that `restore_filter` needs, by name; none for methods that follow from their settings."""
    if isinstance(fitted, FrequencyFilter):
        return {"gain": fitted.gain}
    if isinstance(fitted, SubspaceFilter):
        return {"basis": fitted.basis, "gain": fitted.gain}
    return {}


def restore_filter(
    name: FilterName, settings: Settings, arrays: Mapping[str, npt.NDArray[Any]], cycles: int
) -> SignalFilter:
    """Return a fitted method from its settings and the arrays of `filter_arrays`; its results are the same, bit for bit.

    Parameters
    ----------
    name, settings, cycles
        As it was fitted with.
    arrays : mapping of str to ndarray of float32
        What `filter_arrays` gave.

    Raises
    ------
    InputError
        Settings that do not fit the method, or an array that lacks.
    """
    config = _configured(name, settings)
    needed = {"Wiener": {"gain"}, "Wiener (folded)": {"gain"}, "Wiener (subspace)": {"basis", "gain"}}
    lacking = sorted(needed.get(name, set()) - set(arrays))
    if lacking:
        raise InputError(f"{name}: found arrays {sorted(arrays)}, expected also {', '.join(lacking)}")
    if isinstance(config, SubspaceConfig):
        return SubspaceFilter(arrays["basis"], arrays["gain"])
    if isinstance(config, WienerFilterConfig):
        return FrequencyFilter(arrays["gain"], folded=name == "Wiener (folded)")
    return _untrained(config, cycles)


def _configured(name: FilterName, settings: Settings) -> FilterSettings:
    if name not in SETTINGS:
        raise InputError(f"method: found {name!r}, expected a filter of one signal: {', '.join(SETTINGS)}")
    given = settings if isinstance(settings, Mapping) else settings.model_dump()
    try:
        return SETTINGS[name].model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{name}: {key}: found {first['input']!r}, expected: {first['msg'].lower()}"
        ) from None


def _fitted(name: FilterName, config: FilterSettings, train: Periods, cycles: int) -> SignalFilter:
    if isinstance(config, SubspaceConfig):
        return NoisySubspace.of(train, config.rank).filter(config.rank, config.noise_factor)
    if isinstance(config, WienerFilterConfig):
        folded = name == "Wiener (folded)"
        return FrequencyFilter(wiener_gain(train, config.noise_factor, folded=folded), folded)
    return _untrained(config, cycles)


def _untrained(config: FilterSettings, cycles: int) -> SignalFilter:
    """Return a method that follows from its settings."""
    if isinstance(config, BandPassConfig):
        return BandPassFilter(config, cycles)
    if isinstance(config, WaveletConfig):
        return WaveletFilter(config)
    return FoldFilter()


def _tried(
    name: FilterName, candidates: list[FilterSettings], train: Periods, cycles: int
) -> Iterator[tuple[FilterSettings, SignalFilter]]:
    """Yield the fitted method with each settings; what does not depend on them is found once."""
    subspaces = [one for one in candidates if isinstance(one, SubspaceConfig)]
    if subspaces:
        subspace = NoisySubspace.of(train, max(one.rank for one in subspaces))
        yield from ((one, subspace.filter(one.rank, one.noise_factor)) for one in subspaces)
    else:
        yield from ((one, _fitted(name, one, train, cycles)) for one in candidates)


def _at_edge(best: Mapping[str, Any], values: Mapping[str, tuple[Any, ...]]) -> tuple[str, ...]:
    return tuple(name for name, value in best.items() if _is_edge(value, values[name]))


def _is_edge(value: object, tried: tuple[Any, ...]) -> bool:
    """Return whether a number is at an end of several; below 0 there is nothing to try."""
    numeric = not isinstance(value, bool | str)
    return numeric and len(tried) > 2 and value in (min(tried), max(tried)) and value != 0


def _energy(signals: Signals) -> npt.NDArray[np.float64]:
    return np.asarray(np.einsum("it,it->i", signals, signals, dtype=np.float64))
