"""A prepared restorer from its card, on a device."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mpipipe.config.restorer_card import RestorerCard
from mpipipe.errors import InputError
from mpipipe.restoration.method import Restorer
from mpipipe.training.tuning import classical_restorer

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "gpu")


def open_card(
    card: RestorerCard,
    dimension: int,
    weights: "Callable[[], dict[str, torch.Tensor]]",
    device: str = "auto",
) -> Restorer:
    """Return the restorer of a card; a classical one needs no weights and no device.

    Parameters
    ----------
    card : RestorerCard
        What it is.
    dimension : int
        2 or 3 spatial axes.
    weights : callable
        Reads the weights of a network.
    device : {"auto", "cpu", "gpu"}
        Where a network runs; ``auto`` takes a GPU where there is one.

    Raises
    ------
    InputError
        When there is no such device, or the weights do not fit the network.
    """
    if device not in DEVICES:
        raise InputError(f"device: found {device!r}, expected one of {', '.join(DEVICES)}")
    if card.train is None:
        return classical_restorer(card.tuned or {})
    # Classical methods do without torch, which takes seconds to import.
    from mpipipe.training.restorer import NetworkRestorer

    return NetworkRestorer(weights(), card.train, dimension, device=_torch_device(device))


def _torch_device(device: str) -> str:
    import torch

    there = torch.cuda.is_available()
    if device == "gpu" and not there:
        raise InputError("device: found no GPU that PyTorch can use, expected one for 'gpu'; 'cpu' works too")
    return "cuda" if there and device != "cpu" else "cpu"
