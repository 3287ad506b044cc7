"""What the inversion study compares: trainings and how they are swept, and what is said of all its numbers (Chae 2017)."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import conventions
from mpipipe.evaluation.vocabulary import METHODS, check_name

STUDY = "inversion"
MSE = "mse"
SINGLE, LINEAR, MULTI = "Single-layer", "Single-layer (linear)", "Multi-layer"
NETWORKS = (SINGLE, LINEAR, MULTI)
CLASSICAL = ("Truncated SVD", "Tikhonov")
PRINTED_OPTIMISER = "SGD"
"""Optimiser of the paper; others are ours."""
MAIN_DIAMETER_NM = 40.0
"""Diameter that the paper's other experiments are made with."""
SPLITS = {"train": "training", "test": "test"}
"""Splits of the records, and what they are called."""

Varied = Literal["n_train", "diameter_nm", "hidden_units"]
VARIED: dict[Varied, str] = {
    "n_train": "training scenes",
    "diameter_nm": "core diameter / nm",
    "hidden_units": "hidden units",
}
"""What is swept, and what it is called."""

NORMALISATIONS = {
    "feature_scale": "each harmonic over its standard deviation",
    "feature_standard": "each harmonic minus its mean, over its standard deviation",
    "sample_max": "each spectrum over its largest modulus",
    "global_scale": "all harmonics over one standard deviation",
}
"""Ways to normalise inputs, and what is done; statistics are those of the training scenes."""

ERRORS = (
    f"{conventions(STUDY, (MSE,))} The mean is over scenes and voxels, and voxels are 0 or 1: an estimate of 0.5 everywhere has "
    "an MSE of 0.25."
)
SGD_NOTE = (
    "SGD: gradient descent with the learning rate 0.5 on the squared error, as the paper prints, reported as it comes out; "
    "that an iteration is an epoch is our reading, and the batch is not printed."
)


class Training(NamedTuple):
    """Which training of a network.

    Attributes
    ----------
    method : str
        As in records.
    optimiser : str
        `PRINTED_OPTIMISER` or a modern one.
    diameter_nm : float
        Diameter of the particle core, in nm.
    n_train : int
        Training scenes.
    hidden_units : int
        0 for a single layer.
    """

    method: str
    optimiser: str
    diameter_nm: float
    n_train: int
    hidden_units: int

    @property
    def rank(self) -> tuple[int, int, bool, str, float, int]:
        """What trainings sort by: methods, hidden units, `PRINTED_OPTIMISER` first, diameter, training scenes."""
        optimiser = (self.optimiser != PRINTED_OPTIMISER, self.optimiser)
        return (METHODS.index(self.method), self.hidden_units, *optimiser, self.diameter_nm, self.n_train)

    def title(self, varied: Varied) -> str:
        """Return what the trainings of a sweep have in common, such as ``Multi-layer, 200 units, SGD``."""
        units = f"{self.hidden_units} units" if self.hidden_units and varied != "hidden_units" else ""
        return ", ".join(part for part in (self.method, units, self.optimiser) if part)


def sweep(
    trainings: Iterable[Training], varied: Varied, *, diameter_nm: float = MAIN_DIAMETER_NM
) -> dict[str, list[Training]]:
    """Return the trainings that differ in one condition only, by what they have in common.

    Trainings have the diameter `diameter_nm` and the largest number of training scenes, except for what is varied.
    Networks that were trained for one value only are left out unless all were.

    Parameters
    ----------
    trainings : iterable of Training
        Trainings that there are.
    varied : {"n_train", "diameter_nm", "hidden_units"}
        Condition; hidden units are those of `MULTI`.
    diameter_nm : float
        Diameter, where it is not varied.

    Returns
    -------
    dict of str to list of Training
        Rising in the condition.

    Raises
    ------
    InputError
        When the condition is unknown, or there is no such training.
    """
    check_name("varied", varied, tuple(VARIED))
    known = sorted(set(trainings), key=lambda one: one.rank)
    most = max((one.n_train for one in known), default=0)
    chosen = [
        one
        for one in known
        if (varied == "diameter_nm" or one.diameter_nm == diameter_nm)
        and (varied == "n_train" or one.n_train == most)
        and (varied != "hidden_units" or one.method == MULTI)
    ]
    if not chosen:
        raise InputError(
            f"trainings: found none among {len(known)} that vary {varied}, expected some at {diameter_nm:g} nm "
            f"with {most} training scenes"
        )
    groups: dict[str, list[Training]] = {}
    for one in chosen:
        groups.setdefault(one.title(varied), []).append(one)
    several = {title: own for title, own in groups.items() if len(own) > 1}
    return several or groups


def in_optimisers(optimisers: Iterable[str]) -> list[str]:
    """Return optimisers without repetition, `PRINTED_OPTIMISER` first."""
    return sorted(set(optimisers), key=lambda name: (name != PRINTED_OPTIMISER, name))


def inputs_sentence(normalisation: Mapping[str, str]) -> str:
    """Return one sentence that names the normalisation of inputs.

    Parameters
    ----------
    normalisation : mapping of str to str
        By optimiser a key of `NORMALISATIONS`.

    Raises
    ------
    InputError
        When one is unknown.
    """
    for optimiser, name in normalisation.items():
        check_name(f"normalisation: {optimiser}", name, tuple(NORMALISATIONS))
    of: dict[str, list[str]] = {}
    for optimiser in in_optimisers(normalisation):
        of.setdefault(normalisation[optimiser], []).append(optimiser)
    each = (f"{' and '.join(optimisers)}: {name} ({NORMALISATIONS[name]})" for name, optimisers in of.items())
    return f"Normalisation of inputs, {'; '.join(each)}; the paper does not state its own, and it decides how fast training is."
