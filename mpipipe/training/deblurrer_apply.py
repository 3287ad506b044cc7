"""Trained deblurring networks: collinear images to the particle distribution (Ergun 2022, eqs. 1 and 2)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mpipipe.config.deblurrer import DeblurrerTraining
from mpipipe.errors import InputError
from mpipipe.networks.data_consistent import KnownBlur
from mpipipe.networks.deblurrers import build_deblurrer
from mpipipe.training.best_weights import apply_network
from mpipipe.training.collinear_pairs import Images, check_collinear, normalisation_scale, normalised

IMAGES_AT_ONCE = 16
"""Images in one pass without gradient: features at full resolution of more take the memory of a GPU at paper size."""


class NormalisedDeblurrer(nn.Module):
    """A network between normalised images, with the unit of its output, and negative values set to zero in evaluation.

    The loss compares the network's own output T(X) with the target; ``max(0, T(X))`` belongs to the estimate (eq. 2).
    """

    def __init__(self, network: nn.Module, unit: float = 1.0) -> None:
        """Wrap a network.

        Parameters
        ----------
        network : torch.nn.Module
            From ``(batch, 2, x, y)`` to ``(batch, 1, x, y)``.
        unit : float
            What the output is a multiple of, in 1/m, as `mpipipe.training.collinear_pairs.typical_maximum` gives it; it
            is part of the state.
        """
        super().__init__()
        self.network = network
        self.register_buffer("unit", torch.tensor(unit, dtype=torch.float32))
        self.unit: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Return the estimate of normalised images ``(batch, 2, x, y)``, ``(batch, x, y)`` of float32 over the unit."""
        if self.training:
            estimate: Tensor = self.network(images)[:, 0]
            return estimate
        parts = [self.network(part)[:, 0].relu() for part in torch.split(images, IMAGES_AT_ONCE)]
        return torch.cat(parts)


class LearnedDeblurrer:
    """Deblurs images as the network was trained: over the maximum of their mean, scaled back by it."""

    def __init__(self, weights: dict[str, Tensor], config: DeblurrerTraining, *, device: str = "cpu") -> None:
        """Load the weights.

        Parameters
        ----------
        weights : dict of Tensor
            State of the normalised network, from `mpipipe.training.deblurrer_train.train_deblurrer`.
        config : DeblurrerTraining
            How it was trained.
        device : str
            Where it runs.

        Raises
        ------
        InputError
            When the weights do not fit the network.
        """
        # The blur of a network that knows it is part of its state.
        known = [weights[f"network.{name}"] for name in KnownBlur._fields if f"network.{name}" in weights]
        blur = KnownBlur(*known) if len(known) == len(KnownBlur._fields) else None
        network = NormalisedDeblurrer(build_deblurrer(config.network, 0, blur))
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            first = " ".join(str(error).split())[:200]
            raise InputError(
                f"weights of {config.network.name}: found {first}, expected those of its configuration"
            ) from None
        self._unit, self._name = np.float32(network.unit.item()), config.network.name
        self._network = network.to(device)

    def apply(self, collinear: npt.NDArray[Any]) -> Images:
        """Deblur images, ``Y = max(0, T(X)) · scale`` with ``X = collinear / scale``.

        Parameters
        ----------
        collinear : (item, 2, x, y) ndarray of float32
            Images of the 45° and the 135° partition, in m.

        Returns
        -------
        (item, x, y) ndarray of float32
            Concentrations, at least 0; as many times larger as their images, and zero where the scale is not positive.

        Raises
        ------
        InputError
            When axes do not fit, a side is too short, or a value is not finite.
        """
        images = check_collinear(self._name, collinear)
        scale = normalisation_scale(images)
        estimate = apply_network(self._network, torch.from_numpy(normalised(images, scale)))
        return estimate * (self._unit * scale.clip(min=0))[:, None, None]
