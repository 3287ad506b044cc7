r"""Localising one sample from measured spectra: a trained perceptron against a system matrix (after Chae 2017).

One session of a calibration is what a method learns from, another is what it is tested on. Signals are less the background
of their own block. Their harmonics are of the orders 2 to K: the mean is an offset of the converter, and the first is where
the drive couples into the receive coil, with a drift from block to block that is as large as half of the sample's part.

The two sessions were not recorded with one known trigger, so a period of the second may begin at another phase. No shift is
chosen by how well positions of the second session are found, and none is fitted to its rows together. Three treatments:

``row``
    Each row on its own, whatever its shift: the perceptron sees it shifted until its own second harmonic is real, and the
    system matrix is fitted at each cyclic shift, of which the least residual counts. It uses nothing but the row itself,
    and the estimate does not change when the row is shifted. It is the treatment that is reported first.
``recorded``
    As recorded, which supposes one trigger for both sessions. The perceptron is trained on the shifts that the blocks
    of the first session have against each other.
``background``
    One shift for the session, between the backgrounds of the two, which hold no sample. The background is what the drive
    couples in, and its phase against the particles' signal need not be the same in both.

Orders, weights and hidden units are chosen within the first session: each block is left out once, localised from the others
by the whole procedure, and the setting with the smallest mean Brier score wins.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from mpipipe.errors import InputError
from mpipipe.signals.cyclic_shift import best_shift, harmonics, second_harmonic_phased, shifted, unit_norm
from mpipipe.signals.line_session import LineSession
from mpipipe.training.position_train import PositionTraining, train_position_classifier
from mpipipe.training.repeated_blocks import Repeatability, draw_spectra, measure_repeatability

Complex = npt.NDArray[np.complex128]
FloatArray = npt.NDArray[np.float64]
Orders = npt.NDArray[np.int64]
Alignment = Literal["row", "recorded", "background"]
Weighting = Literal["none", "noise"]

ALIGNMENTS: tuple[Alignment, ...] = ("row", "recorded", "background")
NETWORK, NNLS, MATCHED = "Perceptron", "Non-negative least squares", "Best single column"
LOWEST_ORDER = 2
TRAINING_SPECTRA = 4000


@dataclass(frozen=True)
class Setting:
    """What is chosen within the first session.

    Attributes
    ----------
    highest_order : int
        K.
    hidden : int
        Hidden units; 0 for a method without.
    weighting : {"none", "noise"}
        Harmonics as they are, or over the noise between the blocks; the perceptron scales its inputs itself.
    """

    highest_order: int
    hidden: int = 0
    weighting: Weighting = "none"


NETWORK_GRID = tuple(Setting(order, hidden) for order in (6, 12, 20) for hidden in (16, 64))
WEIGHTINGS: tuple[Weighting, ...] = ("none", "noise")
LINEAR_GRID = tuple(
    Setting(order, weighting=weighting) for order in (4, 6, 12, 20, 40, 60, 75) for weighting in WEIGHTINGS
)


@dataclass(frozen=True)
class Localised:
    """Positions of a session as one method found them.

    Attributes
    ----------
    method : str
        Method.
    alignment : {"row", "recorded", "background"}
        Treatment of the unknown shift.
    setting : Setting
        What was chosen within the first session.
    held_out : float
        Mean Brier score of that setting over the blocks of the first session that were left out.
    truth : (row,) ndarray of int64
        Number of the position of each usable row.
    images : (row, position) ndarray of float64
        Estimated share of the sample at each position, non-negative, sum 1.
    """

    method: str
    alignment: Alignment
    setting: Setting
    held_out: float
    truth: npt.NDArray[np.int64]
    images: FloatArray


def localise_by_network(
    train: LineSession, test: LineSession, alignment: Alignment, setting: Setting, seed: int
) -> FloatArray:
    """Return probabilities ``(block, position, estimate)`` by a perceptron that is trained on the blocks of a session.

    It is trained on mixtures of blocks with the noise that is between them, see `draw_spectra`. Inputs are real and
    imaginary parts of spectra of norm 1. Phased by the own second harmonic a row has two forms: the network is trained on
    either, and their probabilities are averaged.
    """
    orders, count = _orders(setting), train.signals.shape[-1]
    blocks = _blocks(train, orders)
    repeats = measure_repeatability(blocks, orders, count)
    rng = np.random.default_rng(seed)
    spectra, positions = draw_spectra(blocks, orders, count, repeats, TRAINING_SPECTRA, rng)
    if alignment == "row":
        form = rng.integers(2, size=len(spectra))
        spectra = second_harmonic_phased(spectra, orders)[form, np.arange(len(spectra))]
    features, training = _parts(unit_norm(spectra)), PositionTraining(setting.hidden)
    network = train_position_classifier(features, positions, training, seed % 2**31)
    rows = unit_norm(harmonics(test.subtracted, orders))
    if alignment == "row":
        both = network.apply(_parts(second_harmonic_phased(rows, orders)))
        return np.asarray(both.mean(axis=0), np.float64)
    return network.apply(_parts(shifted(rows, orders, _session_shifts(train, test, alignment)[0], count)))


def localise_by_least_squares(
    train: LineSession, test: LineSession, alignment: Alignment, setting: Setting, seed: int
) -> FloatArray:
    r"""Return shares ``(block, position, estimate)`` by :math:`\min_{c \ge 0} \|A c - u\|^2` over its shifts.

    A has one column a position, the mean over the blocks of a session, as it was recorded; real and imaginary parts are rows.
    """
    return _fit_columns(train, test, alignment, setting, _non_negative)


def localise_by_best_column(
    train: LineSession, test: LineSession, alignment: Alignment, setting: Setting, seed: int
) -> FloatArray:
    """Return 1 for the position ``(block, position, estimate)`` whose column alone fits best, over its shifts.

    Least squares that knows what the perceptron knows: that there is one sample.
    """
    return _fit_columns(train, test, alignment, setting, _one_column)


Method = Callable[[LineSession, LineSession, Alignment, Setting, int], FloatArray]
METHODS: Mapping[str, tuple[Method, Sequence[Setting]]] = {
    NETWORK: (localise_by_network, NETWORK_GRID),
    NNLS: (localise_by_least_squares, LINEAR_GRID),
    MATCHED: (localise_by_best_column, LINEAR_GRID),
}


def localise_sessions(
    train: LineSession,
    test: LineSession,
    seed: int,
    methods: Mapping[str, tuple[Method, Sequence[Setting]]] = METHODS,
) -> list[Localised]:
    """Choose settings within one session, and localise the usable rows of another by each method and alignment.

    Parameters
    ----------
    train : LineSession
        What is learned and chosen from; three blocks or more, without a corrupt row.
    test : LineSession
        What is localised, at the same positions; nothing is learned or chosen from it.
    seed : int
        Seed of weights and drawn spectra.
    methods : mapping of (callable, sequence of Setting)
        Methods by name, each with the settings to choose from.

    Raises
    ------
    InputError
        When the sessions do not fit each other, or a row to learn from is corrupt.
    """
    _check(train, test)
    truth = np.nonzero(test.usable)[1]
    chosen: dict[tuple[str, Alignment], tuple[Setting, float]] = {}
    found = []
    for alignment in ALIGNMENTS:
        # A session has one trigger, so within it all blocks are as recorded.
        within: Alignment = "recorded" if alignment == "background" else alignment
        for name, (find, grid) in methods.items():
            if (name, within) not in chosen:
                chosen[name, within] = choose_setting(train, find, grid, within, seed)
            setting, held_out = chosen[name, within]
            images = find(train, test, alignment, setting, seed)[test.usable]
            found.append(Localised(name, alignment, setting, held_out, truth, images))
    return found


def choose_setting(
    session: LineSession, find: Method, grid: Sequence[Setting], alignment: Alignment, seed: int
) -> tuple[Setting, float]:
    """Return the setting with the smallest mean Brier score of blocks left out, and that score; of equal ones the first."""
    scores = [_held_out_score(find, session, alignment, setting, seed) for setting in grid]
    best = int(np.argmin(scores))
    return grid[best], scores[best]


def session_repeatability(session: LineSession, highest_order: int = 20) -> Repeatability:
    """Return how the blocks of a session differ, over the orders 2 to K; all of its rows must be usable."""
    orders = _orders(Setting(highest_order))
    return measure_repeatability(_blocks(session, orders), orders, session.signals.shape[-1])


def background_shift(train: LineSession, test: LineSession) -> float:
    """Return by how many samples the mean background of a session is to be later to be most like another's."""
    count = train.signals.shape[-1]
    orders = np.arange(1, (count + 1) // 2)
    own, other = (harmonics(one.background.mean(axis=0), orders) for one in (test, train))
    return float(best_shift(own, other, orders, count))


def brier(images: FloatArray, truth: npt.NDArray[np.int64]) -> float:
    """Return the mean over rows of the squared distance of shares ``(row, position)`` to the true position, 0 to 2."""
    return float(((images - np.eye(images.shape[1])[truth]) ** 2).sum(axis=1).mean())


def _held_out_score(
    find: Method, session: LineSession, alignment: Alignment, setting: Setting, seed: int
) -> float:
    numbers = range(len(session.signals))
    truth = np.arange(session.signals.shape[1])
    scores = []
    for left_out in numbers:
        others = session.blocks([number for number in numbers if number != left_out])
        scores.append(brier(find(others, session.blocks([left_out]), alignment, setting, seed)[0], truth))
    return float(np.mean(scores))


def _fit_columns(
    train: LineSession,
    test: LineSession,
    alignment: Alignment,
    setting: Setting,
    fit: Callable[[FloatArray, FloatArray], tuple[FloatArray, float]],
) -> FloatArray:
    orders, count = _orders(setting), train.signals.shape[-1]
    blocks = _blocks(train, orders)
    weight = np.ones(len(orders))
    if setting.weighting == "noise":
        weight = 1 / measure_repeatability(blocks, orders, count).noise
    matrix = _parts(blocks.mean(axis=0) * weight).T
    rows = harmonics(test.subtracted, orders)
    shifts = _session_shifts(train, test, alignment)
    images = np.zeros((*rows.shape[:2], matrix.shape[1]))
    for place in np.ndindex(rows.shape[:2]):
        moved = _parts(
            shifted(np.broadcast_to(rows[place], (len(shifts), len(orders))), orders, shifts, count) * weight
        )
        found = min((fit(matrix, one) for one in moved), key=lambda each: each[1])[0]
        images[place] = found / (found.sum() or 1.0)
    return images


def _non_negative(matrix: FloatArray, row: FloatArray) -> tuple[FloatArray, float]:
    shares, residual = nnls(matrix, row)
    return shares, float(residual)


def _one_column(matrix: FloatArray, row: FloatArray) -> tuple[FloatArray, float]:
    norm = np.linalg.norm(matrix, axis=0)
    along = np.clip(row @ matrix / norm, 0, None)
    best = int(along.argmax())
    return np.eye(len(norm))[best], float(row @ row - along[best] ** 2)


def _session_shifts(train: LineSession, test: LineSession, alignment: Alignment) -> FloatArray:
    count = train.signals.shape[-1]
    if alignment == "row":
        return np.arange(count, dtype=np.float64)
    return np.array([background_shift(train, test) if alignment == "background" else 0.0])


def _orders(setting: Setting) -> Orders:
    return np.arange(LOWEST_ORDER, setting.highest_order + 1)


def _blocks(session: LineSession, orders: Orders) -> Complex:
    return harmonics(session.subtracted, orders)


def _parts(spectra: Complex) -> FloatArray:
    return np.concatenate([spectra.real, spectra.imag], axis=-1)


def _check(train: LineSession, test: LineSession) -> None:
    if not train.usable.all() or len(train.signals) < 3:
        raise InputError(
            f"train: found {len(train.signals)} blocks, {int((~train.usable).sum())} rows not usable, "
            "expected three blocks or more without a corrupt row"
        )
    if train.signals.shape[1:] != test.signals.shape[1:] or (train.position_mm != test.position_mm).any():
        raise InputError(
            f"test: found (position, sample) {test.signals.shape[1:]}, expected {train.signals.shape[1:]} at the same positions"
        )
