"""Which prepared restorer does a task."""

from collections.abc import Iterable, Sequence

from mpipipe.config.restorer_card import TASKS, RestorerCard
from mpipipe.errors import InputError
from mpipipe.studies.names import slug


def choose_card(
    cards: Sequence[RestorerCard], task: str, dimension: int, *, method: str | None = None, factor: int = 2
) -> RestorerCard:
    """Return the card of the method that is asked for, or of the one with the best validation score.

    Parameters
    ----------
    cards : sequence of RestorerCard
        What there is.
    task : {"denoise", "inpaint", "upsample", "complete"}
        What is to be done.
    dimension : int
        Spatial axes of the matrix that have more than one voxel.
    method : str, optional
        Name as in the tables, or its file name such as ``rdn-phase-aligned``.
    factor : int
        Factor along each axis, for ``upsample`` and ``complete``.

    Raises
    ------
    InputError
        When nothing fits; the line lists what there is.
    """
    if task not in TASKS:
        raise InputError(f"task: found {task!r}, expected one of {', '.join(TASKS)}")
    fitting = [card for card in cards if task in card.tasks]
    dimensions = sorted({own for card in fitting for own in card.dimensions})
    fitting = [card for card in fitting if dimension in card.dimensions]
    if not fitting:
        raise InputError(f"{task}: found a matrix with {dimension} axes, expected {_listed(dimensions)}")
    if task in ("upsample", "complete"):
        factors = sorted({card.factor for card in fitting})
        fitting = [card for card in fitting if card.factor == factor]
        if not fitting:
            raise InputError(
                f"{task}: factor: found {factor}, expected {_listed(factors)} for {dimension} axes"
            )
    if method is None:
        return next((card for card in fitting if card.default), fitting[0])
    for card in fitting:
        if slug(card.method) == slug(method):
            return card
    names = ", ".join(card.method for card in fitting)
    raise InputError(f"method: found {method!r}, expected one of {names} for {task} with {dimension} axes")


def check_fits(card: RestorerCard, task: str, dimension: int, factor: int) -> None:
    """Refuse a restorer that was prepared for another task, dimension or factor.

    Raises
    ------
    InputError
        One line that says what the restorer is for.
    """
    if task not in TASKS:
        raise InputError(f"task: found {task!r}, expected one of {', '.join(TASKS)}")
    if task not in card.tasks:
        raise InputError(f"weights: found {card.method} for {_listed(card.tasks)}, expected one for {task}")
    if dimension not in card.dimensions:
        axes = _listed(card.dimensions)
        raise InputError(f"weights: found {card.method} for {axes} axes, expected one for {dimension}")
    if task in ("upsample", "complete") and card.factor != factor:
        raise InputError(f"weights: found {card.method} for the factor {card.factor}, expected {factor}")


def _listed(values: Iterable[object]) -> str:
    return " or ".join(map(str, values))
